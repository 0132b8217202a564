"""One model package: model.yaml and the files it names with their hashes."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import yaml

from training.baseline import baseline_profile
from training.churn_models import COMMON_PARAMS, ChurnModel, best_f1_threshold, out_of_fold_scores, sample_of, train
from training.customers import FOLDS, HELD_OUT_SHARE, SOURCE, Customer, data_hash, source_versions
from training.golden import golden_rows, golden_text
from training.onnx_export import INPUT, OUTPUT, check_parity, to_onnx
from training.reference import reference_of

TRAINERS = ("xgboost", "onnxmltools", "onnx", "numpy", "scikit-learn")
METRICS_SHOWN = ("auc", "prAuc", "logLoss", "brier", "ece10", "precision", "recall", "f1")


@dataclass(frozen=True)
class BuiltPackage:
    files: dict[str, bytes]
    """File name -> content, model.yaml included."""
    performance: dict[str, Any]
    golden_rows: int
    onnx_difference: float
    """Largest |ONNX - XGBoost| probability over the held-out and golden rows."""


def build_package(
    model: ChurnModel, training: list[Customer], held_out: list[Customer], everyone: list[Customer]
) -> BuiltPackage:
    """Trains, exports, profiles and checks one version. Raises SystemExit when ONNX and XGBoost disagree."""
    sample, unseen = sample_of(model, training), sample_of(model, held_out)
    booster = train(model, sample)
    ubj = bytes(booster.save_raw("ubj"))
    onnx_model = to_onnx(booster, len(model.features), f"churn-{model.version}")

    held_out_reference = reference_of(booster, unseen.rows)
    events, rows, golden = golden_rows(booster, model.features, held_out)
    difference = max(
        check_parity(onnx_model, unseen.rows, held_out_reference.scores, f"churn-{model.version} held-out rows"),
        check_parity(onnx_model, rows, golden.scores, f"churn-{model.version} golden rows"),
    )

    folded = out_of_fold_scores(model, training)
    threshold = model.fixed_threshold if model.fixed_threshold is not None else best_f1_threshold(folded, sample.labels)
    profile = baseline_profile(
        version=model.version,
        features=model.features,
        training_rows=sample.rows,
        out_of_fold=(folded, sample.labels),
        held_out=(held_out_reference.scores, unseen.labels),
        threshold=threshold,
        data_hash=data_hash(everyone),
    )
    files = {
        "model.ubj": ubj,
        "model.onnx": onnx_model,
        "baseline.json": profile_text(profile),
        "golden.jsonl": golden_text(events, rows, golden).encode(),
    }
    description = describe(model, files, threshold, profile, len(training), len(held_out))
    files["model.yaml"] = yaml_text(description).encode()
    return BuiltPackage(files, profile["performance"], len(rows), difference)


def describe(
    model: ChurnModel, files: dict[str, bytes], threshold: float, profile: dict[str, Any], training: int, held_out: int
) -> dict[str, Any]:
    """The content of model.yaml. It has no time of training: the same data and versions give the same bytes."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return {
        "name": "churn",
        "version": model.version,
        "task": "binary",
        "files": [
            {"engine": "trees", "path": "model.ubj", "sha256": hashes["model.ubj"]},
            {"engine": "onnx", "path": "model.onnx", "sha256": hashes["model.onnx"], "output": OUTPUT, "input": INPUT},
        ],
        "features": model.features,
        "threshold": threshold,
        "labels": {"negative": "stays", "positive": "churns"},
        "baseline": {"path": "baseline.json", "sha256": hashes["baseline.json"]},
        "golden": {"path": "golden.jsonl", "sha256": hashes["golden.jsonl"], "reference": "xgboost predict"},
        "lineage": {
            "about": model.about,
            "data": {
                "source": SOURCE,
                **source_versions(),
                "hash": profile["dataHash"],
                "split": f"held out when the first 32 bits of sha256(customerId) / 2^32 < {HELD_OUT_SHARE}",
            },
            "rows": {"training": training, "heldOut": held_out},
            "trainer": trainer_versions(),
            "params": {**COMMON_PARAMS, **model.params, "rounds": model.rounds},
            "threshold": "fixed"
            if model.fixed_threshold is not None
            else f"best F1 on {FOLDS}-fold out-of-fold training scores",
            "metrics": {name: profile["performance"][name] for name in METRICS_SHOWN},
        },
    }


def trainer_versions() -> dict[str, str]:
    major_minor = ".".join(platform.python_version_tuple()[:2])
    return {"python": major_minor, **{name: version(name) for name in TRAINERS}}


def profile_text(profile: dict[str, Any]) -> bytes:
    """Indented to two levels, lists on one line: diffable without a line per histogram bin."""
    lines = []
    for key, value in profile.items():
        if key == "features":
            inner = ",\n".join("    " + json.dumps(feature, ensure_ascii=False, allow_nan=False) for feature in value)
            lines.append(f'  "features": [\n{inner}\n  ]')
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False, allow_nan=False)}")
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


class _PlainDumper(yaml.SafeDumper):
    """Repeats shared lists instead of naming them with anchors, which the strict readers of model.yaml need not know."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def yaml_text(document: dict[str, Any]) -> str:
    return yaml.dump(
        document, Dumper=_PlainDumper, sort_keys=False, default_flow_style=None, width=160, allow_unicode=True
    )
