"""The committed fixtures against a second implementation, and the writer against itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from training.shape_zoo import ZOO
from training.shapes import describe
from training.tests.plain_walk import margins

FIXTURES = Path(__file__).resolve().parents[2] / "packages" / "trees" / "fixtures"


def manifest_entries() -> list[tuple[Path, dict]]:
    return [
        (path.parent, entry)
        for path in sorted(FIXTURES.glob("*/manifest.json"))
        for entry in json.loads(path.read_text(encoding="utf-8"))["shapes"]
    ]


def floats(folder: Path, name: str, columns: int) -> np.ndarray:
    return np.frombuffer((folder / name).read_bytes(), dtype="<f4").reshape(-1, columns)


@pytest.mark.parametrize(
    ("folder", "entry"),
    manifest_entries(),
    ids=[f"{folder.name}-{entry['name']}" for folder, entry in manifest_entries()],
)
def test_margins_bit_for_bit(folder: Path, entry: dict) -> None:
    if entry.get("supported") is False:
        pytest.skip("no trees")
    # Python's json reads the NaN that XGBoost 2.x writes for categorical splits; it is never looked at.
    document = json.loads((folder / entry["files"]["json"]).read_text(encoding="utf-8"))
    rows = floats(folder, entry["files"]["rows"], entry["features"])
    expected = floats(folder, entry["files"]["margins"], entry["outputs"])
    assert len(rows) == len(expected) == entry["rows"]
    # The walk is slow; every third row still meets all kinds of rows, and a long file is thinned further.
    chosen = np.arange(0, len(rows), max(3, len(rows) // 70))
    got = margins(document, rows[chosen], entry["outputs"])
    assert got.tobytes() == expected[chosen].tobytes()


@pytest.mark.parametrize("name", ["binary-logistic", "categories-partition", "dart-multi", "denormal-thresholds"])
def test_describing_a_shape_twice_gives_the_same_bytes(name: str) -> None:
    spec = next(spec for spec in ZOO if spec.name == name)
    assert describe(spec) == describe(spec)


def test_probe_rows_meet_every_threshold_and_its_neighbours() -> None:
    folder, entry = next((f, e) for f, e in manifest_entries() if e["name"] == "many-thresholds")
    document = json.loads((folder / entry["files"]["json"]).read_text(encoding="utf-8"))
    rows = floats(folder, entry["files"]["rows"], entry["features"])
    trees = document["learner"]["gradient_booster"]["model"]["trees"]
    thresholds = {
        np.float32(t["split_conditions"][n])
        for t in trees
        for n in range(len(t["left_children"]))
        if t["left_children"][n] != -1 and t["split_indices"][n] == 0
    }
    assert len(thresholds) > 255
    values = set(rows[:, 0].tolist())
    for threshold in thresholds:
        assert float(threshold) in values
        assert float(np.nextafter(threshold, np.float32(-np.inf))) in values
        assert float(np.nextafter(threshold, np.float32(np.inf))) in values
