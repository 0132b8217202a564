"""Plain boosters of every objective and base score: what differs is the link, the outputs and where the sum starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from training.shape_data import as_is, halves, numbers, positive, thirds
from training.shape_spec import ZOO, Shape, ShapeSpec, shape, train


def objective_shape(
    name: str, objective: str, target: Callable[[np.ndarray], np.ndarray], notes: str, seed: int, **params: Any
) -> None:
    """Registers a plain gbtree model that differs from its neighbours by the objective alone."""

    def make() -> Shape:
        x, score, _ = numbers(seed)
        options = {"objective": objective, "max_depth": 3, **params}
        return Shape(train(x, target(score), options, 4), x[:32], notes, edge_rows=80)

    ZOO.append(ShapeSpec(name, make))


objective_shape("binary-logistic", "binary:logistic", halves, "sigmoid of the margin", 1)
objective_shape(
    "binary-logitraw", "binary:logitraw", halves, "prediction = margin (base_score already a margin in 2.x+)", 2
)
objective_shape("binary-hinge", "binary:hinge", halves, "prediction = margin > 0", 3)
objective_shape(
    "squarederror", "reg:squarederror", as_is, "prediction = margin; auto base_score = mean of the target", 4
)
objective_shape(
    "reg-logistic",
    "reg:logistic",
    lambda s: (1 / (1 + np.exp(-s))).astype(np.float32),
    "sigmoid; targets between 0 and 1",
    5,
)
objective_shape("squaredlogerror", "reg:squaredlogerror", positive, "prediction = margin", 6)
objective_shape("pseudohuber", "reg:pseudohubererror", as_is, "prediction = margin", 7)
objective_shape(
    "absoluteerror", "reg:absoluteerror", as_is, "leaves rewritten after growth (adaptive); auto base_score = median", 8
)
objective_shape("quantile", "reg:quantileerror", as_is, "adaptive leaves, one quantile", 9, quantile_alpha=0.8)
objective_shape(
    "quantile-multi",
    "reg:quantileerror",
    as_is,
    "three quantiles: one output per alpha, trees interleaved by tree_info",
    10,
    quantile_alpha=[0.1, 0.5, 0.9],
)
objective_shape(
    "poisson", "count:poisson", lambda s: np.floor(positive(s)), "exp of the margin; base margin = log(base_score)", 11
)
objective_shape("gamma", "reg:gamma", positive, "exp of the margin; base margin = log(base_score)", 12)
objective_shape("tweedie", "reg:tweedie", positive, "exp of the margin; base margin = log(base_score)", 13)
objective_shape(
    "multi-softprob",
    "multi:softprob",
    thirds,
    "3 classes, one tree per class and round (tree_info); softmax of the margins",
    14,
    num_class=3,
)
objective_shape(
    "multi-softmax",
    "multi:softmax",
    thirds,
    "3 classes; prediction = class number (1 column), margins have 3",
    15,
    num_class=3,
)


@shape("rank-ndcg")
def rank_ndcg() -> Shape:
    return _rank("rank:ndcg", 16)


@shape("rank-pairwise")
def rank_pairwise() -> Shape:
    return _rank("rank:pairwise", 17)


@shape("rank-map")
def rank_map() -> Shape:
    return _rank("rank:map", 18)


def _rank(objective: str, seed: int) -> Shape:
    x, score, _ = numbers(seed)
    label = halves(score) if objective == "rank:map" else thirds(score)
    params = {"objective": objective, "max_depth": 4}
    booster = train(x, label, params, 4, matrix_fields={"group": [20] * (len(x) // 20)})
    return Shape(booster, x[:48], "prediction = margin")


@shape("survival-aft")
def survival_aft() -> Shape:
    x, score, rng = numbers(19)
    lower = positive(score)
    upper = np.where(rng.random(len(x)) < 0.3, np.inf, lower * 1.1).astype(np.float32)
    booster = train(
        x,
        None,
        {"objective": "survival:aft", "aft_loss_distribution": "normal", "max_depth": 4},
        4,
        matrix_fields={"label_lower_bound": lower, "label_upper_bound": upper},
    )
    return Shape(booster, x[:48], "exp of the margin; base margin = log(base_score)")


@shape("survival-cox")
def survival_cox() -> Shape:
    x, score, rng = numbers(20)
    time = positive(score)
    censored = np.where(rng.random(len(x)) < 0.3, -time, time).astype(np.float32)
    order = np.argsort(np.abs(censored))
    booster = train(x[order], censored[order], {"objective": "survival:cox", "max_depth": 4}, 4)
    return Shape(booster, x[:48], "exp of the margin (hazard ratio); base margin = log(base_score)")


def base_score_shape(
    name: str, params: dict[str, Any], target: Callable[[np.ndarray], np.ndarray], notes: str, seed: int
) -> None:
    def make() -> Shape:
        x, score, _ = numbers(seed)
        return Shape(train(x, target(score), {"max_depth": 3, **params}, 5), x[:32], notes, edge_rows=48)

    ZOO.append(ShapeSpec(name, make))


base_score_shape(
    "base-score-logistic",
    {"objective": "binary:logistic", "base_score": 0.265},
    halves,
    "base margin = logit(0.265) in float32",
    49,
)
base_score_shape(
    "base-score-tiny",
    {"objective": "binary:logistic", "base_score": 1e-6, "min_child_weight": 0, "lambda": 1e-4},
    halves,
    "base margin = logit(1e-6)",
    50,
)
base_score_shape(
    "base-score-large",
    {"objective": "reg:squarederror", "base_score": 3e4, "min_child_weight": 0, "lambda": 0},
    as_is,
    "base margin 30,000: leaf digits are lost in the sum",
    51,
)
base_score_shape(
    "base-score-multi",
    {"objective": "multi:softprob", "num_class": 3, "base_score": 0.5},
    thirds,
    "one base score for all classes",
    52,
)
base_score_shape(
    "base-score-poisson",
    {"objective": "count:poisson", "base_score": 2.5},
    lambda s: np.floor(positive(s)),
    "base margin = log(2.5)",
    53,
)
