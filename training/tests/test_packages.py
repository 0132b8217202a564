"""The committed churn packages: hashes, golden rows by a second implementation, ONNX parity, baseline sums."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import xgboost as xgb
import yaml

from training.booster_text import model_document, read_splits
from training.feature_spec import encode_row
from training.onnx_export import check_parity, onnx_scores
from training.probe_rows import neighbours
from training.tests.plain_walk import margins

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "churn"
PACKAGES = sorted((EXAMPLE / "models").iterdir())
NAMES = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}


def number(token: float | str) -> np.float32:
    return np.float32(NAMES[token]) if isinstance(token, str) else np.float32(token)


class Package:
    """A package as its reader sees it: from the committed files alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.description = yaml.safe_load((folder / "model.yaml").read_text(encoding="utf-8"))
        self.booster = xgb.Booster()
        self.booster.load_model(folder / "model.ubj")
        self.golden = [json.loads(line) for line in (folder / "golden.jsonl").read_text(encoding="utf-8").splitlines()]
        self.rows = np.array([[number(token) for token in line["row"]] for line in self.golden], dtype=np.float32)
        self.margins = np.array([number(line["margin"]) for line in self.golden], dtype=np.float32)
        self.scores = np.array([number(line["score"]) for line in self.golden], dtype=np.float32)
        self.baseline = json.loads((folder / "baseline.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=PACKAGES, ids=[folder.name for folder in PACKAGES])
def package(request: pytest.FixtureRequest) -> Package:
    return Package(request.param)


def test_both_versions_are_there() -> None:
    assert [folder.name for folder in PACKAGES] == ["churn-7", "churn-8"]


def test_hashes_match(package: Package) -> None:
    description = package.description
    for entry in [*description["files"], description["baseline"], description["golden"]]:
        assert hashlib.sha256((package.folder / entry["path"]).read_bytes()).hexdigest() == entry["sha256"], entry[
            "path"
        ]


def test_golden_margins_by_a_second_implementation(package: Package) -> None:
    chosen = np.arange(0, len(package.rows), 6)
    got = margins(model_document(package.booster), package.rows[chosen], 1)[:, 0]
    assert got.tobytes() == package.margins[chosen].tobytes()


def test_golden_scores_are_the_sigmoid_of_the_margins(package: Package) -> None:
    exact = 1 / (1 + np.exp(-package.margins.astype(np.float64)))
    assert np.abs(exact - package.scores).max() < 1.2e-7


def test_golden_features_encode_to_the_golden_rows(package: Package) -> None:
    for line, row in zip(package.golden, package.rows, strict=True):
        encoded = encode_row(package.description["features"], line["features"])
        # NaN payloads aside: the text form has one NaN.
        assert np.nan_to_num(encoded, nan=-1).tobytes() == np.nan_to_num(row, nan=-1).tobytes()
        assert np.isnan(encoded).tolist() == np.isnan(row).tolist()


def test_golden_rows_cover_the_edges(package: Package) -> None:
    rows = package.rows
    assert len(rows) >= 1000
    for kind in (np.isnan, np.isposinf, np.isneginf, lambda r: (r == 0) & np.signbit(r)):
        assert kind(rows).any()
    for at, feature in enumerate(package.description["features"]):
        if feature["type"] != "number":
            continue
        values = set(rows[:, at].tolist())
        for threshold in read_splits(package.booster).thresholds.get(at, []):
            assert {float(step) for step in neighbours(threshold)} <= values, (feature["name"], threshold)


def test_onnx_agrees_on_the_golden_rows(package: Package) -> None:
    assert (
        check_parity((package.folder / "model.onnx").read_bytes(), package.rows, package.scores, package.folder.name)
        < 1e-6
    )


def test_parity_check_refuses_a_wrong_model(package: Package) -> None:
    """One leaf moved by 1e-4 must not pass."""
    model = onnx.load(package.folder / "model.onnx")
    weights = next(a for n in model.graph.node for a in n.attribute if a.name == "class_weights")
    for at in range(len(weights.floats)):
        weights.floats[at] += 1e-4
    with pytest.raises(SystemExit, match="ONNX differs from XGBoost"):
        check_parity(model.SerializeToString(), package.rows, package.scores, "changed")


def test_parity_check_refuses_nan(package: Package) -> None:
    expected = package.scores.copy()
    expected[3] = np.nan
    with pytest.raises(SystemExit, match="1 of"):
        check_parity((package.folder / "model.onnx").read_bytes(), package.rows, expected, "nan")


def test_onnx_gives_one_probability_per_row(package: Package) -> None:
    scores = onnx_scores((package.folder / "model.onnx").read_bytes(), package.rows[:7], batch=3)
    assert scores.shape == (7,)


def test_baseline_counts_add_up(package: Package) -> None:
    baseline = package.baseline
    assert [f["name"] for f in baseline["features"]] == [f["name"] for f in package.description["features"]]
    for feature in baseline["features"]:
        assert sum(feature["counts"]) + feature["missing"] + feature.get("other", 0) == baseline["rows"]
        if feature["type"] == "number":
            assert len(feature["counts"]) == len(feature["edges"]) + 1
            assert feature["edges"] == sorted(set(feature["edges"]))
    score, performance = baseline["score"], baseline["performance"]
    assert len(score["n"]) == len(score["sumP"]) == len(score["positives"]) == score["bins"] == 200
    assert (sum(score["n"]), sum(score["positives"])) == (performance["n"], performance["positives"]) == (2149, 591)
    assert baseline["calibration"]["y"] == sorted(baseline["calibration"]["y"])


def test_the_histogram_gives_back_the_auc(package: Package) -> None:
    """Mann-Whitney over the 200 bins, ties counted half: another road to the stated AUC, off by the bins' width alone."""
    positives = np.array(package.baseline["score"]["positives"], dtype=np.float64)
    negatives = np.array(package.baseline["score"]["n"], dtype=np.float64) - positives
    below = np.concatenate([[0], np.cumsum(negatives)[:-1]])
    auc = (positives * (below + negatives / 2)).sum() / positives.sum() / negatives.sum()
    assert auc == pytest.approx(package.baseline["performance"]["auc"], abs=0.002)


def test_version_8_is_clearly_better() -> None:
    auc = {folder.name: Package(folder).baseline["performance"]["auc"] for folder in PACKAGES}
    assert auc["churn-8"] - auc["churn-7"] > 0.04


def test_events_and_outcomes_name_the_same_customers_and_hide_the_label() -> None:
    events = [
        json.loads(line) for line in (EXAMPLE / "customers.heldout.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    outcomes = [
        json.loads(line) for line in (EXAMPLE / "outcomes.heldout.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [e["customerId"] for e in events] == [o["customerId"] for o in outcomes]
    assert sum(o["churned"] for o in outcomes) == 591
    schema = json.loads((EXAMPLE / "customer-event.avsc").read_text(encoding="utf-8"))
    # occurredAt is set by whoever publishes the event.
    assert {field["name"] for field in schema["fields"]} - set(events[0]) == {"occurredAt"}
    assert not any("churn" in name.lower() for name in events[0])
