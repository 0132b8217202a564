"""Writes XGBoost's own contributions for some of the fixture models.

python packages/trees/tools/write_contributions.py packages/trees/fixtures/xgboost-3.2 packages/trees/fixtures-contributions

Needs XGBoost 3.4 or later, the first that explains vector leaves. One file per model, <name>.contributions.f32:
float32 little-endian, rows x outputs x (features + 1), of the first ROWS rows of <name>.rows.f32.
Infinite values take the largest finite ones in their place, because DMatrix refuses them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import xgboost as xgb

ROWS = 24
NAMES = [
    "binary-logistic",
    "boosted-forest-multi",
    "categories-mixed",
    "categories-partition",
    "dart",
    "lossguide-uneven",
    "missing-both-ways",
    "multi-softprob",
    "multi-target-vector-leaf",
    "pruned-exact",
    "quantile-multi",
    "softprob-vector-leaf",
]


def main(source: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    shapes = {shape["name"]: shape for shape in json.loads((source / "manifest.json").read_text())["shapes"]}
    for name in NAMES:
        shape = shapes[name]
        booster = xgb.Booster({"nthread": 1}, model_file=str(source / f"{name}.ubj"))
        rows = np.fromfile(source / f"{name}.rows.f32", dtype="<f4").reshape(-1, shape["features"])[:ROWS]
        limit = np.finfo(np.float32).max
        types = shape["featureTypes"]
        data = xgb.DMatrix(
            np.clip(rows, -limit, limit), missing=np.nan, feature_types=types, enable_categorical=types is not None
        )
        values = booster.predict(data, pred_contribs=True)
        (out / f"{name}.contributions.f32").write_bytes(np.ascontiguousarray(values, dtype="<f4").tobytes())
        print(name, values.shape)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
