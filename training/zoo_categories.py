"""Categorical splits, several targets and named features."""

from __future__ import annotations

from typing import Any

import numpy as np
import xgboost as xgb

from training.shape_data import categories, halves, numbers, thirds
from training.shape_spec import BASE_PARAMS, ZOO, Shape, ShapeSpec, shape, train


def category_shape(
    name: str, notes: str, seed: int, counts: tuple[int, ...] = (7, 3, 40), edge_rows: int = 128, **params: Any
) -> None:
    def make() -> Shape:
        x, score, types = categories(seed, counts=counts, rows=max(400, 3 * max(counts)))
        options = {"objective": "binary:logistic", "max_depth": 5, **params}
        return Shape(
            train(x, halves(score), options, 4, feature_types=types),
            x[:48],
            notes,
            feature_types=types,
            edge_rows=edge_rows,
        )

    ZOO.append(ShapeSpec(name, make))


category_shape(
    "categories-one-hot", "max_cat_to_onehot above every vocabulary: one category per split", 54, max_cat_to_onehot=1000
)
category_shape("categories-partition", "max_cat_to_onehot 1: sets of categories per split", 55, max_cat_to_onehot=1)
category_shape(
    "categories-mixed", "one-hot for the small vocabularies, sets for the large one", 56, max_cat_to_onehot=8
)
category_shape(
    "categories-300", "a vocabulary of 300: codes above 255", 57, counts=(300, 4), edge_rows=640, max_cat_to_onehot=1
)
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
        booster,
        x[:48],
        "trained from a data frame: the model file carries feature names, types and the category strings (`cats`); rows here are codes",
        feature_types=types,
        feature_names=list(frame.columns),
        edge_rows=128,
    )


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
    return Shape(
        booster,
        x[:32],
        "feature names with spaces, quotes and non-ASCII letters; booster attributes",
        feature_names=names,
        edge_rows=48,
    )
