"""Dart, forests, early stopping, no trees at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xgboost as xgb

from training.shape_data import halves, numbers, thirds
from training.shape_spec import Shape, shape, train


@shape("dart")
def dart() -> Shape:
    x, score, _ = numbers(21)
    params = {
        "objective": "binary:logistic",
        "booster": "dart",
        "rate_drop": 0.3,
        "skip_drop": 0.2,
        "max_depth": 4,
        "base_score": 0.3,
    }
    return Shape(
        train(x, halves(score), params, 12), x[:48], "weight_drop scales each tree: margin += fround(leaf * weight)"
    )


@shape("dart-forest-normalize")
def dart_forest_normalize() -> Shape:
    x, score, _ = numbers(22)
    params = {
        "objective": "reg:squarederror",
        "booster": "dart",
        "rate_drop": 0.5,
        "one_drop": 1,
        "sample_type": "weighted",
        "normalize_type": "forest",
        "max_depth": 3,
    }
    return Shape(
        train(x, score, params, 12), x[:48], "weights of normalize_type=forest, at least one tree dropped each round"
    )


@shape("dart-multi")
def dart_multi() -> Shape:
    x, score, _ = numbers(23)
    params = {"objective": "multi:softprob", "num_class": 3, "booster": "dart", "rate_drop": 0.4, "max_depth": 3}
    return Shape(
        train(x, thirds(score), params, 4), x[:48], "dart with three classes: weight_drop is per tree, not per round"
    )


@shape("random-forest")
def random_forest() -> Shape:
    x, score, _ = numbers(24)
    params = {
        "objective": "binary:logistic",
        "num_parallel_tree": 8,
        "subsample": 0.7,
        "colsample_bynode": 0.6,
        "eta": 1.0,
        "max_depth": 5,
    }
    return Shape(
        train(x, halves(score), params, 1), x[:48], "one round of 8 parallel trees; leaves are already divided by 8"
    )


@shape("boosted-forest-multi")
def boosted_forest_multi() -> Shape:
    x, score, _ = numbers(25)
    params = {"objective": "multi:softprob", "num_class": 3, "num_parallel_tree": 2, "subsample": 0.7, "max_depth": 3}
    return Shape(
        train(x, thirds(score), params, 2),
        x[:48],
        "rounds x classes x parallel trees; tree_info is 0 0 1 1 2 2 0 0 ...",
    )


@shape("early-stopped")
def early_stopped() -> Shape:
    return _early_stopped({"objective": "binary:logistic"}, halves, 26)


@shape("early-stopped-multi")
def early_stopped_multi() -> Shape:
    return _early_stopped({"objective": "multi:softprob", "num_class": 3}, thirds, 27)


def _early_stopped(params: dict[str, Any], target: Callable[[np.ndarray], np.ndarray], seed: int) -> Shape:
    x, score, _ = numbers(seed)
    label = target(score)
    held_out = xgb.DMatrix(x[240:], label=label[240:], nthread=1)
    booster = train(
        x[:240],
        label[:240],
        {"max_depth": 3, "eta": 0.8, **params},
        60,
        evals=[(held_out, "heldOut")],
        early_stopping_rounds=4,
        verbose_eval=False,
    )
    notes = (
        "attributes carry best_iteration; Booster.predict of a loaded booster ignores it and uses every tree "
        "(the scikit-learn wrapper does not). bestMargins holds iteration_range=(0, best_iteration + 1)"
    )
    return Shape(booster, x[:48], notes, extra={"bestIteration": int(booster.attr("best_iteration") or -1)})


@shape("no-trees")
def no_trees() -> Shape:
    x, score, _ = numbers(28)
    return Shape(
        train(x, halves(score), {"objective": "binary:logistic", "base_score": 0.3}, 0),
        x[:8],
        "zero rounds: the base margin alone",
        edge_rows=4,
    )


@shape("gblinear")
def gblinear() -> Shape:
    x, score, _ = numbers(29, missing=0)
    booster = train(
        x,
        halves(score),
        {"objective": "binary:logistic", "booster": "gblinear", "tree_method": None, "updater": "coord_descent"},
        4,
    )
    return Shape(
        booster,
        x[:8],
        "no trees at all: a tree loader has to refuse it by name",
        edge_rows=4,
        extra={"supported": False},
    )
