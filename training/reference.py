"""The reference scores: what XGBoost itself says about a row, including rows that its DMatrix refuses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xgboost as xgb

from training.probe_rows import FLOAT32_MAX


def finite_stand_in(rows: np.ndarray) -> np.ndarray:
    """Replaces +-inf by +-FLT_MAX.

    DMatrix refuses infinite values ("Input data contains `inf`"), and Booster.predict takes nothing but a DMatrix.
    `x < t` has the same answer for FLT_MAX and inf at every finite threshold t, and for -FLT_MAX and -inf at every
    t > -FLT_MAX; a category code of either is invalid on both sides. So the stand-in takes the same path.
    """
    return np.clip(rows, -FLOAT32_MAX, FLOAT32_MAX)


def matrix(rows: np.ndarray, feature_types: list[str] | None, feature_names: list[str] | None = None) -> xgb.DMatrix:
    """A DMatrix of float32 rows, NaN = missing, +-inf by their stand-ins."""
    return xgb.DMatrix(
        finite_stand_in(rows),
        missing=np.nan,
        feature_types=feature_types,
        feature_names=feature_names,
        enable_categorical=feature_types is not None and "c" in feature_types,
        nthread=1,
    )


def as_columns(values: np.ndarray) -> np.ndarray:
    """rows x outputs float32, also for one output."""
    return values.reshape(len(values), -1).astype(np.float32, copy=False)


@dataclass(frozen=True)
class Reference:
    """Expected answers of a binary model: one float32 per row."""

    margins: np.ndarray
    scores: np.ndarray


def reference_of(booster: xgb.Booster, rows: np.ndarray) -> Reference:
    """Margins and probabilities by Booster.predict, true infinities cross-checked by inplace_predict.

    Raises SystemExit when the two disagree in any bit, which would make "the reference" ambiguous.
    """
    data = matrix(rows, None)
    margins = booster.predict(data, output_margin=True).astype(np.float32)
    inplace = booster.inplace_predict(rows, predict_type="margin", missing=np.nan).astype(np.float32)
    if margins.tobytes() != inplace.tobytes():
        row = int(np.flatnonzero(margins != inplace)[0])
        raise SystemExit(f"predict and inplace_predict differ on row {row}: {rows[row].tolist()}")
    return Reference(margins, booster.predict(data).astype(np.float32))
