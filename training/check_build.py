"""Compares rebuilt files with the committed ones and says what a difference comes from."""

from __future__ import annotations

import platform
from pathlib import Path

import onnx
import xgboost as xgb
import yaml

from training.booster_text import model_document, trees_of
from training.model_package import trainer_versions


def compare_with_committed(files: dict[str, bytes], folder: Path) -> list[str]:
    """Lines of a report, none when every file is there and equal. Files of a model folder that no build writes count too."""
    report = []
    for name, rebuilt in sorted(files.items()):
        path = folder / name
        if not path.exists():
            report.append(f"{name}: missing; run python -m training.build")
        elif (committed := path.read_bytes()) != rebuilt:
            report.append(f"{name}: {explain(name, committed, rebuilt)}")
    stray = {str(path.relative_to(folder)) for path in folder.glob("models/*/*")} - set(files)
    report += [f"{name}: not written by the build; remove it" for name in sorted(stray)]
    if report:
        report += version_differences(folder)
    return report


def explain(name: str, committed: bytes, rebuilt: bytes) -> str:
    """Where two versions of one file first differ, in terms of its format."""
    try:
        if name.endswith(".ubj"):
            return explain_booster(committed, rebuilt)
        if name.endswith(".onnx"):
            return explain_onnx(committed, rebuilt)
    except Exception as error:  # A damaged file must still be reported as different.
        return f"differs, and the committed file cannot be read ({error})"
    for number, (old, new) in enumerate(zip(committed.splitlines(), rebuilt.splitlines(), strict=False), start=1):
        if old != new:
            return f"line {number} differs: committed {clip(old)}, rebuilt {clip(new)}"
    return f"{len(committed.splitlines())} lines committed, {len(rebuilt.splitlines())} rebuilt"


def explain_booster(committed: bytes, rebuilt: bytes) -> str:
    old, new = (model_document(booster_of(raw)) for raw in (committed, rebuilt))
    if old["version"] != new["version"]:
        return f"XGBoost {old['version']} wrote the committed file, {new['version']} the rebuilt one"
    old_trees, new_trees = trees_of(old), trees_of(new)
    if len(old_trees) != len(new_trees):
        return f"{len(old_trees)} trees committed, {len(new_trees)} rebuilt"
    for at, (a, b) in enumerate(zip(old_trees, new_trees, strict=True)):
        for key in a:
            if a[key] != b[key]:
                return (
                    f"tree {at} differs first, in {key}: another processor or math library may round a sum differently"
                )
    return "same trees; parameters differ"


def booster_of(raw: bytes) -> xgb.Booster:
    booster = xgb.Booster()
    booster.load_model(bytearray(raw))
    return booster


def explain_onnx(committed: bytes, rebuilt: bytes) -> str:
    old, new = onnx.load_from_string(committed), onnx.load_from_string(rebuilt)
    for key in ("producer_name", "producer_version", "ir_version"):
        if getattr(old, key) != getattr(new, key):
            return f"{key} is {getattr(old, key)} in the committed file, {getattr(new, key)} rebuilt"
    attributes = {attribute.name: attribute for node in old.graph.node for attribute in node.attribute}
    for node in new.graph.node:
        for attribute in node.attribute:
            if attribute.name not in attributes or attributes[attribute.name] != attribute:
                return f"attribute {attribute.name} differs (it follows from model.ubj)"
    return "same nodes; the serialisation differs (another protobuf?)"


def version_differences(folder: Path) -> list[str]:
    """The likeliest cause first: other versions than the committed packages were made with."""
    now = trainer_versions()
    lines = []
    for path in sorted(folder.glob("models/*/model.yaml")):
        before = yaml.safe_load(path.read_text(encoding="utf-8"))["lineage"]["trainer"]
        lines += [
            f"{path.parent.name} was built with {key} {before.get(key)}, this is {now[key]}"
            for key in now
            if before.get(key) != now[key]
        ]
    return lines or [
        f"versions are as pinned; this is {platform.system()} {platform.machine()}: compare processor and C library"
    ]


def clip(line: bytes, length: int = 100) -> str:
    text = line.decode(errors="replace")
    return text if len(text) <= length else text[:length] + "..."
