"""XGBoost booster to ONNX, and the proof that both give the same scores."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import xgboost as xgb
from onnxmltools import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

INPUT = "features"
OUTPUT = "probabilities"
TARGET_OPSET = 15
SCORE_TOLERANCE = 1e-6
"""Largest allowed difference of a probability. ONNX Runtime adds the leaves in another order, so not bit for bit."""


def to_onnx(booster: xgb.Booster, features: int, graph_name: str) -> bytes:
    """One float32 input `features` [N, features]; outputs `label` [N] and `probabilities` [N, 2] (no, yes). No ZipMap."""
    model = convert_xgboost(
        booster, initial_types=[(INPUT, FloatTensorType([None, features]))], target_opset=TARGET_OPSET
    )
    # The converter names the graph with a random uuid, which alone would make every build differ.
    model.graph.name = graph_name
    onnx.checker.check_model(model)
    outputs = [output.name for output in model.graph.output]
    if OUTPUT not in outputs or any(node.op_type == "ZipMap" for node in model.graph.node):
        raise SystemExit(f"onnxmltools wrote outputs {outputs}; expected a tensor named {OUTPUT} and no ZipMap")
    return model.SerializeToString(deterministic=True)


def onnx_scores(model: bytes, rows: np.ndarray, batch: int) -> np.ndarray:
    """P(yes) float32 per row, in calls of `batch` rows on one thread (Runtime has other code paths for one row)."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    parts = [session.run([OUTPUT], {INPUT: rows[at : at + batch]})[0][:, 1] for at in range(0, len(rows), batch)]
    return np.concatenate(parts).astype(np.float32)


def check_parity(model: bytes, rows: np.ndarray, expected: np.ndarray, what: str) -> float:
    """Largest |difference| over all rows, scored one by one and together. Raises SystemExit above SCORE_TOLERANCE."""
    worst = 0.0
    for batch in (1, len(rows)):
        difference = np.abs(onnx_scores(model, rows, batch).astype(np.float64) - expected.astype(np.float64))
        # A NaN score must fail the check too, and NaN is not greater than anything.
        wrong = np.flatnonzero(~(difference <= SCORE_TOLERANCE))
        if len(wrong):
            first = int(wrong[0])
            raise SystemExit(
                f"{what}: ONNX differs from XGBoost on {len(wrong)} of {len(rows)} rows (batch {batch}), first row {first}: "
                f"{rows[first].tolist()} expected {expected[first]!r}, off by {difference[first]:.3g}; allowed {SCORE_TOLERANCE}"
            )
        worst = max(worst, float(difference.max()))
    return worst
