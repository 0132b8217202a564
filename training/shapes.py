"""Writes the tree-kernel fixtures: every shape of the zoo with probe rows and XGBoost's own answers.

One folder per XGBoost release line, `<out>/xgboost-<major.minor>/`, with a manifest.json that describes every file.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import xgboost as xgb

from training.booster_text import model_document, read_splits
from training.probe_rows import FLOAT32_MAX, probe_rows
from training.reference import as_columns, matrix
from training.shape_zoo import XGBOOST_VERSION, ZOO, Shape, ShapeSpec

FORMAT_NOTES = {
    "rows": "float32 little-endian, row-major, rows x features; NaN = missing",
    "margins": "float32 little-endian, row-major, rows x outputs: Booster.predict(DMatrix, output_margin=True) of the loaded model file",
    "predictions": "float32 little-endian, row-major, rows x predictionColumns: Booster.predict(DMatrix)",
    "inplaceMargins": "as margins, from Booster.inplace_predict(predict_type='margin'); present only where it differs (dart)",
    "bestMargins": "as margins, with iteration_range=(0, bestIteration + 1); present only for early-stopped models",
    "infinity": "DMatrix refuses +-inf; the reference takes +-FLT_MAX in its place, which meets the same side of every threshold here. "
    "inplace_predict takes true infinities and agrees bit for bit (checked while writing, dart excepted).",
    "json": "XGBoost 2.x spells the split condition of a categorical split NaN, which is not JSON; 3.x writes a denormal there. Ignore it for split_type 1.",
    "vectorLeaf": "size_leaf_vector K > 1: XGBoost 3.x keeps leaf vectors in leaf_weights, the leaf's number being its right_children entry; "
    "2.x has no leaf_weights, its leaf vectors are base_weights[node * K ...]; split_conditions of a leaf mean nothing in either.",
    "pruned": "tree_param.num_deleted > 0: nodes that nothing points at stay in the arrays with split_indices 2147483647",
    "categories": "feature type c: a code is truncated; negative codes and codes >= 2^24 are invalid; invalid and unknown codes (not in the "
    "node's set) go left, only NaN follows default_left; a code in the set goes right",
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.shapes", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write to, e.g. packages/trees/fixtures")
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="print one shape's figures and write nothing (repeatable)"
    )
    options = parser.parse_args(arguments)

    folder = options.out / f"xgboost-{XGBOOST_VERSION[0]}.{XGBOOST_VERSION[1]}"
    specs = [spec for spec in ZOO if spec.since <= XGBOOST_VERSION and (XGBOOST_VERSION >= (3, 0) or not spec.large)]
    if options.only:
        for spec in specs:
            if spec.name in options.only:
                print(json.dumps(describe(spec)[0], indent=2))
        return 0

    folder.mkdir(parents=True, exist_ok=True)
    entries: list[dict[str, Any]] = []
    written: set[str] = {"manifest.json"}
    for spec in specs:
        entry, files = describe(spec)
        for name, content in files.items():
            (folder / name).write_bytes(content)
            written.add(name)
        entries.append(entry)
    for stale in sorted(path for path in folder.iterdir() if path.name not in written):
        stale.unlink()
    manifest = {
        "xgboost": xgb.__version__,
        "writtenBy": "python -m training.shapes",
        "format": FORMAT_NOTES,
        "shapes": sorted(entries, key=lambda entry: entry["name"]),
    }
    (folder / "manifest.json").write_text(manifest_text(manifest), encoding="utf-8")
    total = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{folder}: {len(entries)} shapes, {total / 1e6:.2f} MB")
    return 0


def manifest_text(manifest: dict[str, Any]) -> str:
    """JSON with one shape a line: short enough to commit, and a diff names the shapes that changed."""
    head = {key: value for key, value in manifest.items() if key != "shapes"}
    lines = ",\n".join("  " + json.dumps(entry, ensure_ascii=False) for entry in manifest["shapes"])
    return json.dumps(head, indent=1, ensure_ascii=False)[:-2] + ',\n "shapes": [\n' + lines + "\n ]\n}\n"


def describe(spec: ShapeSpec) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest entry of one shape and its files by name."""
    made = spec.make()
    model_json = bytes(made.booster.save_raw("json"))
    model_ubj = bytes(made.booster.save_raw("ubj"))
    booster = loaded(model_json, "json")
    splits = None if booster_name(booster) == "gblinear" else read_splits(booster)

    rows = made.base
    if splits is not None:
        # A seed of its own per shape: adding a shape must not change the rows of the others.
        rng = np.random.default_rng(zlib.crc32(spec.name.encode()))
        category_features = frozenset(f for f, t in enumerate(made.feature_types or []) if t == "c")
        rows = probe_rows(made.base, splits, category_features, rng, made.edge_rows)

    data = matrix(rows, made.feature_types, made.feature_names)
    margins = as_columns(booster.predict(data, output_margin=True))
    predictions = as_columns(booster.predict(data))
    check_loads_alike(spec.name, made, model_ubj, rows, margins)

    files = {f"{spec.name}.json": model_json, f"{spec.name}.ubj": model_ubj, f"{spec.name}.rows.f32": little(rows)}
    files[f"{spec.name}.margins.f32"] = little(margins)
    files[f"{spec.name}.predictions.f32"] = little(predictions)
    learner = model_document(booster)["learner"]
    entry: dict[str, Any] = {
        "name": spec.name,
        "objective": learner["objective"]["name"],
        "booster": learner["gradient_booster"]["name"],
        "baseScore": learner["learner_model_param"]["base_score"],
        "rows": len(rows),
        "features": rows.shape[1],
        "outputs": margins.shape[1],
        "predictionColumns": predictions.shape[1],
        "featureTypes": made.feature_types,
        "notes": made.notes,
        **made.extra,
    }
    if splits is not None:
        check_stand_in(spec.name, splits.thresholds)
        entry["trees"] = {
            "count": splits.trees,
            "nodes": splits.nodes,
            "leaves": splits.leaves,
            "depth": splits.depth,
            "thresholdsMax": max((len(t) for t in splits.thresholds.values()), default=0),
            "defaultLeft": splits.default_left,
            "defaultRight": splits.default_right,
        }
        entry["inplaceDiffers"] = compare_inplace(spec.name, booster, entry["booster"], made, rows, margins, files)
    best = made.extra.get("bestIteration", -1)
    if best >= 0:
        best_margins = as_columns(booster.predict(data, output_margin=True, iteration_range=(0, best + 1)))
        files[f"{spec.name}.bestMargins.f32"] = little(best_margins)
    entry["files"] = {name.removeprefix(f"{spec.name}.").removesuffix(".f32"): name for name in sorted(files)}
    return entry, files


def loaded(raw: bytes, kind: str) -> xgb.Booster:
    """A booster as a serving process would have it: from the file's bytes, not from training memory."""
    booster = xgb.Booster({"nthread": 1})
    booster.load_model(bytearray(raw))
    if kind not in ("json", "ubj"):
        raise ValueError(f"kind must be json or ubj, not {kind}")
    return booster


def booster_name(booster: xgb.Booster) -> str:
    return model_document(booster)["learner"]["gradient_booster"]["name"]


def check_loads_alike(name: str, made: Shape, model_ubj: bytes, rows: np.ndarray, margins: np.ndarray) -> None:
    """The trained booster and the one loaded from UBJ must answer as the one loaded from JSON does."""
    data = matrix(rows, made.feature_types, made.feature_names)
    for source, booster in (("trained", made.booster), ("ubj", loaded(model_ubj, "ubj"))):
        other = as_columns(booster.predict(data, output_margin=True))
        if other.tobytes() != margins.tobytes():
            differing = int((other != margins).any(axis=1).sum())
            raise SystemExit(
                f"{name}: the {source} booster differs from the JSON file on {differing} of {len(rows)} rows"
            )


def check_stand_in(name: str, thresholds: dict[int, np.ndarray]) -> None:
    for feature, values in thresholds.items():
        if not np.isfinite(values).all() or (np.abs(values) == FLOAT32_MAX).any():
            raise SystemExit(f"{name}: feature {feature} has a threshold that FLT_MAX and inf meet differently")


def compare_inplace(
    name: str,
    booster: xgb.Booster,
    kind: str,
    made: Shape,
    rows: np.ndarray,
    margins: np.ndarray,
    files: dict[str, bytes],
) -> bool:
    """Compares predict with inplace_predict on the true infinities; keeps the latter's margins where dart makes them differ."""
    # inplace_predict compares feature names only for data frames; a numpy array is taken as it is.
    inplace = as_columns(booster.inplace_predict(rows, predict_type="margin", missing=np.nan, validate_features=False))
    if inplace.tobytes() == margins.tobytes():
        return False
    if kind != "dart":
        differing = np.flatnonzero((inplace != margins).any(axis=1))
        raise SystemExit(
            f"{name}: inplace_predict differs from predict on rows {differing[:5].tolist()} ({len(differing)})"
        )
    files[f"{name}.inplaceMargins.f32"] = little(inplace)
    return True


def little(values: np.ndarray) -> bytes:
    return np.ascontiguousarray(values, dtype="<f4").tobytes()


if __name__ == "__main__":
    sys.exit(main())
