"""The zoo: one small XGBoost model of every shape a loader or a tree kernel has to get right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xgboost as xgb

from training.shape_data import categories, halves, numbers, positive, thirds

BASE_PARAMS: dict[str, Any] = {"nthread": 1, "seed": 7, "tree_method": "hist", "eta": 0.3, "verbosity": 0}
XGBOOST_VERSION = tuple(int(part) for part in xgb.__version__.split(".")[:2])


@dataclass
class Shape:
    """One trained model and what is worth knowing about it."""

    booster: xgb.Booster
    base: np.ndarray
    """Ordinary rows to start the probe rows from: rows x features float32, NaN = missing."""
    notes: str
    feature_types: list[str] | None = None
    feature_names: list[str] | None = None
    edge_rows: int = 96
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ShapeSpec:
    name: str
    make: Callable[[], Shape]
    since: tuple[int, int] = (2, 1)
    """First XGBoost version that can train it."""
    large: bool = False
    """Written for the newest release line alone: its size says nothing about a file format."""


ZOO: list[ShapeSpec] = []


def shape(name: str, since: tuple[int, int] = (2, 1), large: bool = False) -> Callable[[Callable[[], Shape]], Callable[[], Shape]]:
    """Registers a shape under its file name."""

    def register(make: Callable[[], Shape]) -> Callable[[], Shape]:
        ZOO.append(ShapeSpec(name, make, since, large))
        return make

    return register


def train(
    x: np.ndarray,
    y: np.ndarray | None,
    params: dict[str, Any],
    rounds: int,
    *,
    feature_types: list[str] | None = None,
    feature_names: list[str] | None = None,
    matrix_fields: dict[str, Any] | None = None,
    **train_options: Any,
) -> xgb.Booster:
    matrix = xgb.DMatrix(
        x,
        label=y,
        missing=np.nan,
        feature_types=feature_types,
        feature_names=feature_names,
        enable_categorical=feature_types is not None,
        nthread=1,
    )
    for name, value in (matrix_fields or {}).items():
        if name == "group":
            matrix.set_group(value)
        else:
            matrix.set_float_info(name, value)
    return xgb.train({**BASE_PARAMS, **params}, matrix, rounds, **train_options)


def objective_shape(
    name: str, objective: str, target: Callable[[np.ndarray], np.ndarray], notes: str, seed: int, **params: Any
) -> None:
    """Registers a plain gbtree model that differs from its neighbours by the objective alone."""

    def make() -> Shape:
        x, score, _ = numbers(seed)
        options = {"objective": objective, "max_depth": 3, **params}
        return Shape(train(x, target(score), options, 4), x[:32], notes, edge_rows=80)

    ZOO.append(ShapeSpec(name, make))


def as_is(score: np.ndarray) -> np.ndarray:
    return score


# --- objectives -------------------------------------------------------------------------------------------------------

objective_shape("binary-logistic", "binary:logistic", halves, "sigmoid of the margin", 1)
objective_shape("binary-logitraw", "binary:logitraw", halves, "prediction = margin (base_score already a margin in 2.x+)", 2)
objective_shape("binary-hinge", "binary:hinge", halves, "prediction = margin > 0", 3)
objective_shape("squarederror", "reg:squarederror", as_is, "prediction = margin; auto base_score = mean of the target", 4)
objective_shape(
    "reg-logistic", "reg:logistic", lambda s: (1 / (1 + np.exp(-s))).astype(np.float32), "sigmoid; targets between 0 and 1", 5
)
objective_shape("squaredlogerror", "reg:squaredlogerror", positive, "prediction = margin", 6)
objective_shape("pseudohuber", "reg:pseudohubererror", as_is, "prediction = margin", 7)
objective_shape("absoluteerror", "reg:absoluteerror", as_is, "leaves rewritten after growth (adaptive); auto base_score = median", 8)
objective_shape("quantile", "reg:quantileerror", as_is, "adaptive leaves, one quantile", 9, quantile_alpha=0.8)
objective_shape(
    "quantile-multi", "reg:quantileerror", as_is, "three quantiles: one output per alpha, trees interleaved by tree_info", 10,
    quantile_alpha=[0.1, 0.5, 0.9],
)
objective_shape("poisson", "count:poisson", lambda s: np.floor(positive(s)), "exp of the margin; base margin = log(base_score)", 11)
objective_shape("gamma", "reg:gamma", positive, "exp of the margin; base margin = log(base_score)", 12)
objective_shape("tweedie", "reg:tweedie", positive, "exp of the margin; base margin = log(base_score)", 13)
objective_shape(
    "multi-softprob", "multi:softprob", thirds, "3 classes, one tree per class and round (tree_info); softmax of the margins", 14,
    num_class=3,
)
objective_shape(
    "multi-softmax", "multi:softmax", thirds, "3 classes; prediction = class number (1 column), margins have 3", 15, num_class=3
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
        x, None, {"objective": "survival:aft", "aft_loss_distribution": "normal", "max_depth": 4}, 4,
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


# --- boosters and forests ---------------------------------------------------------------------------------------------


@shape("dart")
def dart() -> Shape:
    x, score, _ = numbers(21)
    params = {"objective": "binary:logistic", "booster": "dart", "rate_drop": 0.3, "skip_drop": 0.2, "max_depth": 4, "base_score": 0.3}
    return Shape(train(x, halves(score), params, 12), x[:48], "weight_drop scales each tree: margin += fround(leaf * weight)")


@shape("dart-forest-normalize")
def dart_forest_normalize() -> Shape:
    x, score, _ = numbers(22)
    params = {
        "objective": "reg:squarederror", "booster": "dart", "rate_drop": 0.5, "one_drop": 1, "sample_type": "weighted",
        "normalize_type": "forest", "max_depth": 3,
    }
    return Shape(train(x, score, params, 12), x[:48], "weights of normalize_type=forest, at least one tree dropped each round")


@shape("dart-multi")
def dart_multi() -> Shape:
    x, score, _ = numbers(23)
    params = {"objective": "multi:softprob", "num_class": 3, "booster": "dart", "rate_drop": 0.4, "max_depth": 3}
    return Shape(train(x, thirds(score), params, 4), x[:48], "dart with three classes: weight_drop is per tree, not per round")


@shape("random-forest")
def random_forest() -> Shape:
    x, score, _ = numbers(24)
    params = {
        "objective": "binary:logistic", "num_parallel_tree": 8, "subsample": 0.7, "colsample_bynode": 0.6, "eta": 1.0, "max_depth": 5,
    }
    return Shape(train(x, halves(score), params, 1), x[:48], "one round of 8 parallel trees; leaves are already divided by 8")


@shape("boosted-forest-multi")
def boosted_forest_multi() -> Shape:
    x, score, _ = numbers(25)
    params = {"objective": "multi:softprob", "num_class": 3, "num_parallel_tree": 2, "subsample": 0.7, "max_depth": 3}
    return Shape(train(x, thirds(score), params, 2), x[:48], "rounds x classes x parallel trees; tree_info is 0 0 1 1 2 2 0 0 ...")


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
        x[:240], label[:240], {"max_depth": 3, "eta": 0.8, **params}, 60,
        evals=[(held_out, "heldOut")], early_stopping_rounds=4, verbose_eval=False,
    )
    notes = (
        "attributes carry best_iteration; Booster.predict of a loaded booster ignores it and uses every tree "
        "(the scikit-learn wrapper does not). bestMargins holds iteration_range=(0, best_iteration + 1)"
    )
    return Shape(booster, x[:48], notes, extra={"bestIteration": int(booster.attr("best_iteration") or -1)})


@shape("no-trees")
def no_trees() -> Shape:
    x, score, _ = numbers(28)
    return Shape(train(x, halves(score), {"objective": "binary:logistic", "base_score": 0.3}, 0), x[:8], "zero rounds: the base margin alone", edge_rows=4)


@shape("gblinear")
def gblinear() -> Shape:
    x, score, _ = numbers(29, missing=0)
    booster = train(x, halves(score), {"objective": "binary:logistic", "booster": "gblinear", "tree_method": None, "updater": "coord_descent"}, 4)
    return Shape(booster, x[:8], "no trees at all: a tree loader has to refuse it by name", edge_rows=4, extra={"supported": False})


# --- tree shapes ------------------------------------------------------------------------------------------------------


@shape("lossguide-uneven")
def lossguide_uneven() -> Shape:
    x, score, _ = numbers(30, rows=900)
    params = {"objective": "binary:logistic", "grow_policy": "lossguide", "max_leaves": 60, "max_depth": 0, "min_child_weight": 0.1}
    return Shape(train(x, halves(score), params, 4), x[:48], "long thin branches beside short ones")


@shape("lossguide-300-leaves", large=True)
def lossguide_300_leaves() -> Shape:
    x, score, _ = numbers(31, rows=2000)
    params = {
        "objective": "reg:squarederror", "grow_policy": "lossguide", "max_leaves": 300, "max_depth": 0, "min_child_weight": 0, "lambda": 0,
    }
    return Shape(train(x, score, params, 1), x[:48], "more than 256 leaves in one tree: a byte cannot number them", edge_rows=400)


@shape("deep", large=True)
def deep() -> Shape:
    x, score, _ = numbers(32, rows=900)
    params = {"objective": "reg:squarederror", "max_depth": 14, "min_child_weight": 0, "gamma": 0.2, "lambda": 0}
    return Shape(train(x, score, params, 1), x[:48], "depth 14, sparse")


@shape("depth-8-full", large=True)
def depth_8_full() -> Shape:
    x, score, rng = numbers(33, rows=3000, missing=0.05)
    score = score + rng.normal(size=len(score)).astype(np.float32) * 2
    params = {"objective": "reg:squarederror", "max_depth": 8, "min_child_weight": 0, "lambda": 0}
    return Shape(train(x, score, params, 2), x[:48], "nearly perfect trees of depth 8: up to 256 leaves", edge_rows=256)


@shape("stumps")
def stumps() -> Shape:
    x, score, _ = numbers(34)
    return Shape(train(x, halves(score), {"objective": "binary:logistic", "max_depth": 1}, 12), x[:48], "one split per tree")


@shape("single-leaf")
def single_leaf() -> Shape:
    x, score, _ = numbers(35)
    params = {"objective": "reg:squarederror", "gamma": 1e9, "base_score": 0.5}
    return Shape(train(x, score, params, 3), x[:16], "no split is worth it: every tree is its root", edge_rows=8)


@shape("mixed-single-leaf")
def mixed_single_leaf() -> Shape:
    x, score, _ = numbers(36)
    return Shape(train(x, halves(score), {"objective": "binary:logistic", "gamma": 9, "max_depth": 4}, 14), x[:48], "split trees first, root-only trees after")


@shape("pruned-exact")
def pruned_exact() -> Shape:
    x, score, _ = numbers(37)
    params = {"objective": "reg:squarederror", "tree_method": "exact", "gamma": 4, "max_depth": 6}
    return Shape(
        train(x, score, params, 4), x[:48],
        "tree_method=exact prunes after growth: deleted nodes stay in the arrays (num_deleted, split_indices 2147483647 or parent 2147483647)",
    )


@shape("approx")
def approx() -> Shape:
    x, score, _ = numbers(38)
    return Shape(train(x, halves(score), {"objective": "binary:logistic", "tree_method": "approx", "max_depth": 5}, 6), x[:48], "tree_method=approx")


@shape("zero-threshold")
def zero_threshold() -> Shape:
    rng = np.random.default_rng(39)
    x = rng.choice(np.array([-1, 1, -3, 3], dtype=np.float32), size=(200, 3))
    label = (x[:, 0] * x[:, 1] > 0).astype(np.float32)
    booster = train(x, label, {"objective": "binary:logistic", "tree_method": "exact", "max_depth": 3, "min_child_weight": 0}, 4)
    return Shape(booster, x[:32], "thresholds exactly 0: -0, +0 and the smallest denormals decide")


@shape("monotone")
def monotone() -> Shape:
    x, score, _ = numbers(40)
    params = {"objective": "binary:logistic", "monotone_constraints": "(1,-1,0,0,0,0,0,0)", "max_depth": 4}
    return Shape(train(x, halves(score), params, 8), x[:48], "monotone constraints: leaves clipped to bounds")


@shape("missing-both-ways")
def missing_both_ways() -> Shape:
    x, score, _ = numbers(41, missing=0.45)
    return Shape(train(x, halves(score), {"objective": "binary:logistic", "max_depth": 6, "min_child_weight": 0.1}, 4), x[:48], "45 % of the values are missing; default directions go both ways on the same thresholds", edge_rows=160)


@shape("booleans")
def booleans() -> Shape:
    rng = np.random.default_rng(42)
    x = rng.integers(0, 2, size=(300, 6)).astype(np.float32)
    label = ((x[:, 0] == 1) ^ (x[:, 1] * x[:, 2] == 1)).astype(np.float32)
    label = np.where(rng.random(300) < 0.1, 1 - label, label)
    x[rng.random(x.shape) < 0.08] = np.nan
    return Shape(train(x, label, {"objective": "binary:logistic", "max_depth": 4}, 6), x[:48], "0/1 columns")


@shape("many-thresholds", large=True)
def many_thresholds() -> Shape:
    rng = np.random.default_rng(43)
    x = np.column_stack([rng.normal(size=6000), rng.random(6000)]).astype(np.float32)
    y = (np.sin(x[:, 0] * 40) + x[:, 1]).astype(np.float32)
    params = {"objective": "reg:squarederror", "max_bin": 2048, "max_depth": 7, "min_child_weight": 0, "lambda": 0}
    x[rng.random(x.shape) < 0.02] = np.nan
    return Shape(train(x, y, params, 5), x[:48], "more than 255 distinct thresholds on feature 0", edge_rows=1500)


@shape("wide", large=True)
def wide() -> Shape:
    rng = np.random.default_rng(44)
    x = rng.normal(size=(300, 300)).astype(np.float32)
    label = (x[:, 280] + x[:, 3] + x[:, 257] * x[:, 120] > 0).astype(np.float32)
    x[rng.random(x.shape) < 0.05] = np.nan
    return Shape(train(x, label, {"objective": "binary:logistic", "max_depth": 4, "colsample_bytree": 0.3}, 12), x[:6], "300 features, most of them unused: feature numbers above 255", edge_rows=18)


@shape("one-feature")
def one_feature() -> Shape:
    x, score, _ = numbers(45, features=2)
    return Shape(train(x[:, :1], halves(score), {"objective": "binary:logistic", "max_depth": 5}, 4), x[:48, :1], "one column")


@shape("scale-1e30")
def scale_1e30() -> Shape:
    x, score, _ = numbers(46)
    big = (x * np.float32(1e30)).astype(np.float32)
    return Shape(train(big, halves(score), {"objective": "binary:logistic", "max_depth": 4, "tree_method": "exact"}, 6), big[:48], "values and thresholds near 1e30")


@shape("denormal-thresholds")
def denormal_thresholds() -> Shape:
    rng = np.random.default_rng(47)
    x = (rng.integers(-4000, 4000, size=(300, 3)) * np.float64(1.401298464324817e-45)).astype(np.float32)
    label = ((x[:, 0] > 0) ^ (x[:, 1] > x[:, 2])).astype(np.float32)
    return Shape(
        train(x, label, {"objective": "binary:logistic", "max_depth": 5, "tree_method": "exact"}, 6), x[:48],
        "denormal values and thresholds: flush-to-zero anywhere (SIMD, JSON parsing) fails here",
    )


@shape("huge-leaves")
def huge_leaves() -> Shape:
    x, score, _ = numbers(48)
    target = np.where(score > 0, 1e8, -1e-3).astype(np.float32) * (1 + np.abs(score))
    return Shape(train(x, target.astype(np.float32), {"objective": "reg:squarederror", "max_depth": 4}, 6), x[:48], "leaves of very different size: the order of float32 sums decides the last bits")


# --- base score -------------------------------------------------------------------------------------------------------


def base_score_shape(name: str, params: dict[str, Any], target: Callable[[np.ndarray], np.ndarray], notes: str, seed: int) -> None:
    def make() -> Shape:
        x, score, _ = numbers(seed)
        return Shape(train(x, target(score), {"max_depth": 3, **params}, 5), x[:32], notes, edge_rows=48)

    ZOO.append(ShapeSpec(name, make))


base_score_shape("base-score-logistic", {"objective": "binary:logistic", "base_score": 0.265}, halves, "base margin = logit(0.265) in float32", 49)
base_score_shape("base-score-tiny", {"objective": "binary:logistic", "base_score": 1e-6, "min_child_weight": 0, "lambda": 1e-4}, halves, "base margin = logit(1e-6)", 50)
base_score_shape("base-score-large", {"objective": "reg:squarederror", "base_score": 3e4, "min_child_weight": 0, "lambda": 0}, as_is, "base margin 30,000: leaf digits are lost in the sum", 51)
base_score_shape("base-score-multi", {"objective": "multi:softprob", "num_class": 3, "base_score": 0.5}, thirds, "one base score for all classes", 52)
base_score_shape("base-score-poisson", {"objective": "count:poisson", "base_score": 2.5}, lambda s: np.floor(positive(s)), "base margin = log(2.5)", 53)


# --- categories -------------------------------------------------------------------------------------------------------


def category_shape(name: str, notes: str, seed: int, counts: tuple[int, ...] = (7, 3, 40), edge_rows: int = 128, **params: Any) -> None:
    def make() -> Shape:
        x, score, types = categories(seed, counts=counts, rows=max(400, 3 * max(counts)))
        options = {"objective": "binary:logistic", "max_depth": 5, **params}
        return Shape(train(x, halves(score), options, 4, feature_types=types), x[:48], notes, feature_types=types, edge_rows=edge_rows)

    ZOO.append(ShapeSpec(name, make))


category_shape("categories-one-hot", "max_cat_to_onehot above every vocabulary: one category per split", 54, max_cat_to_onehot=1000)
category_shape("categories-partition", "max_cat_to_onehot 1: sets of categories per split", 55, max_cat_to_onehot=1)
category_shape("categories-mixed", "one-hot for the small vocabularies, sets for the large one", 56, max_cat_to_onehot=8)
category_shape("categories-300", "a vocabulary of 300: codes above 255", 57, counts=(300, 4), edge_rows=640, max_cat_to_onehot=1)
category_shape(
    "categories-dart", "categories and dart weights together", 58, max_cat_to_onehot=4, booster="dart", rate_drop=0.3
)


@shape("categories-named", since=(3, 1))
def categories_named() -> Shape:
    import pandas as pd

    x, score, types = categories(59)
    frame = pd.DataFrame(x, columns=["plan", "region", "device", "usage", "age"])
    for name, prefix in (("plan", "p"), ("region", "r"), ("device", "d")):
        codes = frame[name]
        vocabulary = [f"{prefix}{code:02d}" for code in range(int(codes.max()) + 1)]
        frame[name] = pd.Categorical.from_codes(codes.fillna(-1).astype(int), categories=vocabulary)
    matrix = xgb.DMatrix(frame, label=halves(score), enable_categorical=True, nthread=1)
    booster = xgb.train({**BASE_PARAMS, "objective": "binary:logistic", "max_depth": 4}, matrix, 5)
    return Shape(
        booster, x[:48],
        "trained from a data frame: the model file carries feature names, types and the category strings (`cats`); rows here are codes",
        feature_types=types, feature_names=list(frame.columns), edge_rows=128,
    )


# --- several targets --------------------------------------------------------------------------------------------------


@shape("multi-target-separate")
def multi_target_separate() -> Shape:
    return _multi_target({"multi_strategy": "one_output_per_tree"}, "three targets, one tree per target and round", 60)


@shape("multi-target-vector-leaf")
def multi_target_vector_leaf() -> Shape:
    return _multi_target({"multi_strategy": "multi_output_tree"}, "three targets in each leaf (size_leaf_vector 3)", 61)


def _multi_target(params: dict[str, Any], notes: str, seed: int) -> Shape:
    x, score, rng = numbers(seed)
    target = np.column_stack([score, score**2, rng.normal(size=len(score)) - score]).astype(np.float32)
    return Shape(train(x, target, {"objective": "reg:squarederror", "max_depth": 3, **params}, 4), x[:48], notes)


@shape("softprob-vector-leaf")
def softprob_vector_leaf() -> Shape:
    x, score, _ = numbers(62)
    params = {"objective": "multi:softprob", "num_class": 3, "multi_strategy": "multi_output_tree", "max_depth": 4}
    return Shape(train(x, thirds(score), params, 6), x[:48], "three classes in each leaf")


@shape("feature-names")
def feature_names() -> Shape:
    x, score, _ = numbers(63)
    names = ["tenure", "monthly charges", "größe", 'a"b', "x.y", "f0", "100%", "last"]
    booster = train(x, halves(score), {"objective": "binary:logistic", "max_depth": 3}, 4, feature_names=names)
    booster.set_attr(note="attributes are strings too", owner="zoo")
    return Shape(booster, x[:32], "feature names with spaces, quotes and non-ASCII letters; booster attributes", feature_names=names, edge_rows=48)
