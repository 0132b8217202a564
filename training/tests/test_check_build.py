"""--check must name the file and the place; the committed example stands in for a rebuild."""

from __future__ import annotations

import shutil
from pathlib import Path

import onnx
import pytest

from training.check_build import compare_with_committed

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "churn"


def committed_files() -> dict[str, bytes]:
    names = [
        "customer-event.avsc",
        "outcomes.heldout.jsonl",
        *(str(p.relative_to(EXAMPLE)) for p in EXAMPLE.glob("models/*/*")),
    ]
    return {name: (EXAMPLE / name).read_bytes() for name in names}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "churn"))


def test_equal_files_give_no_report(copy: Path) -> None:
    assert compare_with_committed(committed_files(), copy) == []


def test_a_changed_line_is_named(copy: Path) -> None:
    path = copy / "outcomes.heldout.jsonl"
    path.write_text(path.read_text().replace('"C000006","churned":true', '"C000006","churned":false'))
    report = compare_with_committed(committed_files(), copy)
    assert report[0].startswith("outcomes.heldout.jsonl: line 2 differs: committed {")
    assert len(report) == 2 and "versions are as pinned" in report[1]


def test_another_version_is_given_as_the_cause(copy: Path) -> None:
    path = copy / "models" / "churn-8" / "model.yaml"
    path.write_text(path.read_text().replace("xgboost: 3.2.0", "xgboost: 3.1.9"))
    report = compare_with_committed(committed_files(), copy)
    assert "churn-8 was built with xgboost 3.1.9, this is 3.2.0" in report


def test_another_booster_is_told_by_its_trees(copy: Path) -> None:
    shutil.copy(copy / "models/churn-7/model.ubj", copy / "models/churn-8/model.ubj")
    report = compare_with_committed(committed_files(), copy)
    assert report[0] == "models/churn-8/model.ubj: 12 trees committed, 110 rebuilt"


def test_an_onnx_difference_names_the_attribute(copy: Path) -> None:
    path = copy / "models/churn-8/model.onnx"
    model = onnx.load(path)
    values = next(a for n in model.graph.node for a in n.attribute if a.name == "nodes_values")
    values.floats[0] += 1
    onnx.save(model, path)
    assert "attribute nodes_values differs" in compare_with_committed(committed_files(), copy)[0]


def test_missing_stray_and_damaged_files_are_reported(copy: Path) -> None:
    (copy / "customer-event.avsc").unlink()
    (copy / "models/churn-7/notes.txt").write_text("left over")
    (copy / "models/churn-7/model.ubj").write_bytes(b"not a model")
    report = "\n".join(compare_with_committed(committed_files(), copy))
    assert "customer-event.avsc: missing" in report
    assert "models/churn-7/notes.txt: not written by the build" in report
    assert "models/churn-7/model.ubj: differs, and the committed file cannot be read" in report
