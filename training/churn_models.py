"""The two versions of the churn model and how they are trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost as xgb

from training.customers import FOLDS, Customer, fold_of
from training.feature_spec import FEATURES, encode_rows, features_named

COMMON_PARAMS: dict[str, Any] = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "nthread": 1,
    "seed": 7,
    "verbosity": 0,
}


@dataclass(frozen=True)
class ChurnModel:
    version: int
    feature_names: tuple[str, ...]
    params: dict[str, Any]
    rounds: int
    fixed_threshold: float | None
    """None: the threshold of best F1 on out-of-fold training predictions."""
    about: str

    @property
    def features(self) -> list[dict[str, Any]]:
        return features_named(list(self.feature_names))


# The first thing a billing department would try: three columns of the invoice.
VERSION_7 = ChurnModel(
    version=7,
    feature_names=("tenure", "totalCharges", "paymentMethod"),
    params={"max_depth": 2, "eta": 0.3},
    rounds=12,
    fixed_threshold=0.5,
    about="deliberately plain: twelve shallow trees on three billing columns",
)

# The winner of `python -m training.search`; the search sees training customers alone.
VERSION_8 = ChurnModel(
    version=8,
    feature_names=tuple(feature["name"] for feature in FEATURES),
    params={
        "max_depth": 3,
        "eta": 0.07,
        "min_child_weight": 1.0,
        "subsample": 0.6,
        "colsample_bytree": 0.4,
        "lambda": 1.0,
    },
    rounds=110,
    fixed_threshold=None,
    about="all columns, parameters from a seeded search with cross-validation on the training customers",
)

MODELS = (VERSION_7, VERSION_8)


@dataclass(frozen=True)
class Sample:
    """Encoded customers: rows x features float32 and 0/1 labels."""

    rows: np.ndarray
    labels: np.ndarray


def sample_of(model: ChurnModel, customers: list[Customer]) -> Sample:
    rows = encode_rows(model.features, [customer.fields for customer in customers])
    return Sample(rows, np.array([customer.churned for customer in customers], dtype=np.float32))


def train(model: ChurnModel, sample: Sample) -> xgb.Booster:
    """One booster. It has no feature names: onnxmltools accepts none but f0, f1, ..., and model.yaml has the order."""
    matrix = xgb.DMatrix(sample.rows, label=sample.labels, missing=np.nan, nthread=1)
    return xgb.train({**COMMON_PARAMS, **model.params}, matrix, model.rounds)


def out_of_fold_scores(model: ChurnModel, customers: list[Customer]) -> np.ndarray:
    """Scores of customers by models that did not see them, float32, in the customers' order."""
    folds = np.array([fold_of(customer.customer_id) for customer in customers])
    sample = sample_of(model, customers)
    scores = np.empty(len(customers), dtype=np.float32)
    for fold in range(FOLDS):
        seen, unseen = folds != fold, folds == fold
        booster = train(model, Sample(sample.rows[seen], sample.labels[seen]))
        scores[unseen] = booster.predict(xgb.DMatrix(sample.rows[unseen], missing=np.nan, nthread=1))
    return scores


def best_f1_threshold(scores: np.ndarray, labels: np.ndarray) -> float:
    """The hundredth in 0.05..0.95 with the highest F1; the lowest of equals."""
    best, best_f1 = 0.5, -1.0
    for hundredth in range(5, 96):
        decided = scores.astype(np.float64) >= hundredth / 100
        hits = float(np.sum(decided & (labels == 1)))
        f1 = 2 * hits / max(1.0, float(decided.sum()) + float((labels == 1).sum()))
        if f1 > best_f1:
            best, best_f1 = hundredth / 100, f1
    return best
