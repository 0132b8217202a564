"""A second implementation of XGBoost's prediction, straight from the JSON text, in float32 and one step at a time.

It exists so that the fixtures are checked by something that is neither XGBoost nor the product's kernels, and so that
what training/README.md says about the file format is known to be true.
"""

from __future__ import annotations

import json
import math

import numpy as np

from training.booster_text import trees_of

LOGIT_OBJECTIVES = {"binary:logistic", "reg:logistic"}
LOG_OBJECTIVES = {"count:poisson", "reg:gamma", "reg:tweedie", "survival:aft", "survival:cox"}


def base_margins(document: dict, outputs: int) -> np.ndarray:
    """The stored base score taken through the objective's link, one per output."""
    learner = document["learner"]
    stored = json.loads(learner["learner_model_param"]["base_score"])
    scores = np.array(stored if isinstance(stored, list) else [stored], dtype=np.float32)
    objective = learner["objective"]["name"]
    one = np.float32(1)
    if objective in LOGIT_OBJECTIVES:
        scores = np.array([-np.float32(math.log(one / s - one)) for s in scores], dtype=np.float32)
    elif objective in LOG_OBJECTIVES:
        scores = np.array([np.float32(math.log(s)) for s in scores], dtype=np.float32)
    return np.resize(scores, outputs)


def goes_left(tree: dict, node: int, value: np.float32, sets: dict[int, set[int]]) -> bool:
    if np.isnan(value):
        return bool(tree["default_left"][node])
    if tree["split_type"][node] == 0:
        return bool(value < np.float32(tree["split_conditions"][node]))
    if value < 0 or value >= 2**24:
        return True
    return int(value) not in sets[node]


def leaf_of(tree: dict, row: np.ndarray, sets: dict[int, set[int]]) -> int:
    node = 0
    while tree["left_children"][node] != -1:
        left = goes_left(tree, node, row[tree["split_indices"][node]], sets)
        node = tree["left_children" if left else "right_children"][node]
    return node


def category_sets(tree: dict) -> dict[int, set[int]]:
    return {
        node: set(tree["categories"][start : start + size])
        for node, start, size in zip(
            tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True
        )
    }


def leaf_values(tree: dict, node: int, outputs: int) -> np.ndarray | np.float32:
    """One number, or the vector of a multi-output tree (base_weights in 2.x; leaf_weights, numbered by right child, in 3.x)."""
    if int(tree["tree_param"]["size_leaf_vector"]) <= 1:
        return np.float32(tree["split_conditions"][node])
    if tree.get("leaf_weights"):
        at = tree["right_children"][node] * outputs
        return np.array(tree["leaf_weights"][at : at + outputs], dtype=np.float32)
    return np.array(tree["base_weights"][node * outputs : (node + 1) * outputs], dtype=np.float32)


def margins(document: dict, rows: np.ndarray, outputs: int) -> np.ndarray:
    """rows x outputs float32, added tree by tree from the base margin on."""
    trees = trees_of(document)
    booster = document["learner"]["gradient_booster"]
    dart = booster["name"] == "dart"
    weights = booster["weight_drop"] if dart else [1.0] * len(trees)
    model = booster["gbtree"]["model"] if dart else booster["model"]
    groups = model["tree_info"]
    result = np.tile(base_margins(document, outputs), (len(rows), 1))
    for tree, group, weight in zip(trees, groups, weights, strict=True):
        sets = category_sets(tree)
        for i, row in enumerate(rows):
            value = leaf_values(tree, leaf_of(tree, row, sets), outputs)
            if isinstance(value, np.ndarray):
                result[i] += value
            else:
                result[i, group] += value * np.float32(weight) if dart else value
    return result
