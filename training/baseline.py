"""The baseline profile: what the training data and the model's scores looked like, for drift and quality checks."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from training.number_text import exact, rounded

PROFILE_VERSION = 1
SCORE_BINS = 200
CALIBRATION_BINS = 10
DISCRETE_VALUES_MAX = 20
CATEGORY_SHARE_MIN = 0.01
# Ranges a value may have without being wrong: a century of months, and bills far above the dearest tariff.
PLAUSIBLE_RANGES = {"tenure": [0, 1200], "monthlyCharges": [0, 1000], "totalCharges": [0, 1_000_000]}
MISSING_ALLOWANCE = 0.01


def feature_profile(feature: dict[str, Any], column: np.ndarray) -> dict[str, Any]:
    """Counts of one encoded training column (float32, NaN = missing). Bins of numbers are right-closed with open tails."""
    present = column[~np.isnan(column)]
    profile: dict[str, Any] = {"name": feature["name"], "type": feature["type"], "missing": int(np.isnan(column).sum())}
    if feature["type"] == "boolean":
        return {**profile, "values": [False, True], "counts": [int((present == code).sum()) for code in (0, 1)]}
    if feature["type"] == "category":
        counts = [int((present == code).sum()) for code in range(len(feature["categories"]))]
        kept = [count >= CATEGORY_SHARE_MIN * len(column) for count in counts]
        return {
            **profile,
            "values": [value for value, keep in zip(feature["categories"], kept, strict=True) if keep],
            "counts": [count for count, keep in zip(counts, kept, strict=True) if keep],
            "other": sum(count for count, keep in zip(counts, kept, strict=True) if not keep),
        }
    edges = bin_edges(present)
    # side="left" makes bins right-closed: a value equal to edge i lies in bin i.
    bins = np.bincount(np.searchsorted(edges, present, side="left"), minlength=len(edges) + 1)
    wide = present.astype(np.float64)
    return {
        **profile,
        "min": exact(present.min()),
        "max": exact(present.max()),
        "mean": rounded(wide.mean()),
        "std": rounded(wide.std()),
        "edges": [exact(edge) for edge in edges],
        "counts": [int(count) for count in bins],
    }


def bin_edges(present: np.ndarray) -> np.ndarray:
    """Inner edges: the deciles as they occur in the data, equal ones once; few distinct values get a bin each."""
    distinct = np.unique(present)
    if len(distinct) <= DISCRETE_VALUES_MAX:
        return distinct[:-1]
    deciles = np.quantile(present, np.arange(1, 10) / 10, method="inverted_cdf")
    return np.unique(deciles)


def score_profile(scores: np.ndarray, labels: np.ndarray, threshold: float) -> dict[str, Any]:
    """Histogram over [0, 1] in equal bins, score 1 in the last: rows, sum of scores and positives per bin."""
    bins = np.minimum((scores.astype(np.float64) * SCORE_BINS).astype(int), SCORE_BINS - 1)
    sums = np.bincount(bins, weights=scores.astype(np.float64), minlength=SCORE_BINS)
    return {
        "bins": SCORE_BINS,
        "n": np.bincount(bins, minlength=SCORE_BINS).tolist(),
        "sumP": [rounded(value, 6) for value in sums],
        "positives": np.bincount(bins[labels == 1], minlength=SCORE_BINS).tolist(),
        "threshold": threshold,
    }


def calibration(scores: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Isotonic regression of out-of-fold training scores as a rising step-wise line through (x, y)."""
    fit = IsotonicRegression(out_of_bounds="clip", y_min=0, y_max=1).fit(
        scores.astype(np.float64), labels.astype(np.float64)
    )
    return {
        "method": "isotonic",
        "source": "out-of-fold training scores",
        "x": [rounded(x) for x in fit.X_thresholds_],
        "y": [rounded(y) for y in fit.y_thresholds_],
    }


def performance(scores: np.ndarray, labels: np.ndarray, threshold: float) -> dict[str, Any]:
    """Metrics at the threshold (score >= threshold is positive) and over all thresholds."""
    wide = scores.astype(np.float64)
    decided = wide >= threshold
    positive = labels == 1
    hits, flagged = int((decided & positive).sum()), int(decided.sum())
    precision, recall = hits / max(1, flagged), hits / int(positive.sum())
    return {
        "n": len(labels),
        "positives": int(positive.sum()),
        "threshold": threshold,
        "auc": rounded(roc_auc_score(positive, wide), 6),
        "prAuc": rounded(average_precision_score(positive, wide), 6),
        "logLoss": rounded(log_loss(positive, wide), 6),
        "brier": rounded(brier_score_loss(positive, wide), 6),
        "ece10": rounded(expected_calibration_error(wide, positive), 6),
        "accuracy": rounded((decided == positive).mean(), 6),
        "precision": rounded(precision, 6),
        "recall": rounded(recall, 6),
        "f1": rounded(2 * precision * recall / max(1e-12, precision + recall), 6),
        "positiveRate": rounded(positive.mean(), 6),
        "flaggedRate": rounded(decided.mean(), 6),
    }


def expected_calibration_error(scores: np.ndarray, positive: np.ndarray) -> float:
    """Mean |score - share of positives| over ten equal bins, weighted by rows."""
    bins = np.minimum((scores * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gap = np.bincount(bins, weights=scores - positive, minlength=CALIBRATION_BINS)
    return float(np.abs(gap).sum() / len(scores))


def baseline_profile(
    *,
    version: int,
    features: list[dict[str, Any]],
    training_rows: np.ndarray,
    out_of_fold: tuple[np.ndarray, np.ndarray],
    held_out: tuple[np.ndarray, np.ndarray],
    threshold: float,
    data_hash: str,
) -> dict[str, Any]:
    """The whole profile; the pairs are (scores, labels). It has no creation time: the same data gives the same bytes."""
    profiles = [feature_profile(feature, training_rows[:, at]) for at, feature in enumerate(features)]
    checks = {
        profile["name"]: {
            **({"range": PLAUSIBLE_RANGES[profile["name"]]} if profile["name"] in PLAUSIBLE_RANGES else {}),
            "maxMissing": rounded(profile["missing"] / len(training_rows) + MISSING_ALLOWANCE, 6),
        }
        for profile in profiles
    }
    return {
        "profileVersion": PROFILE_VERSION,
        "model": "churn",
        "modelVersion": str(version),
        "rows": len(training_rows),
        "dataHash": data_hash,
        "features": profiles,
        "score": {"source": "held-out customers", **score_profile(*held_out, threshold)},
        "calibration": calibration(*out_of_fold),
        "performance": {"source": "held-out customers", **performance(*held_out, threshold)},
        "checks": {"minSamples": 500, "psi": {"warn": 0.1, "drift": 0.25}, "features": checks},
    }
