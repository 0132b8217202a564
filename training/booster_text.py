"""What a trained booster says about its own splits, read from its JSON text.

The probe rows (probe_rows.py) need the exact float32 thresholds, because a value equal to a threshold
and its two float32 neighbours are where a wrong comparison, a wrong rounding or a wrong conversion shows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import xgboost as xgb


@dataclass(frozen=True)
class Splits:
    """Distinct split conditions per feature over all trees of one booster."""

    thresholds: dict[int, np.ndarray]
    """Feature index -> ascending float32 thresholds of its numeric splits (`x < t` goes left)."""
    categories: dict[int, np.ndarray]
    """Feature index -> ascending category codes named in any of its categorical splits."""
    trees: int
    nodes: int
    leaves: int
    depth: int
    default_left: int
    """Number of internal nodes that send a missing value left."""
    default_right: int


def model_document(booster: xgb.Booster) -> dict:
    """The booster's JSON model as parsed text; numbers keep XGBoost's shortest float32 spelling."""
    return json.loads(bytes(booster.save_raw("json")))


def trees_of(document: dict) -> list[dict]:
    """The tree list of a gbtree or dart model, in the order the margins are summed."""
    gradient_booster = document["learner"]["gradient_booster"]
    if gradient_booster["name"] == "dart":
        gradient_booster = gradient_booster["gbtree"]
    return gradient_booster["model"]["trees"]


def read_splits(booster: xgb.Booster) -> Splits:
    """Collects thresholds, category codes and shape figures. Raises KeyError for gblinear (it has no trees)."""
    thresholds: dict[int, set[np.float32]] = {}
    categories: dict[int, set[int]] = {}
    nodes = leaves = depth_max = default_left = default_right = 0
    trees = trees_of(model_document(booster))
    for tree in trees:
        left, right = tree["left_children"], tree["right_children"]
        category_slices = {
            node: tree["categories"][start : start + size]
            for node, start, size in zip(
                tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True
            )
        }
        # Only reachable nodes count: pruning leaves deleted nodes in the arrays.
        pending = [(0, 0)]
        while pending:
            node, depth = pending.pop()
            nodes += 1
            if left[node] == -1:
                leaves += 1
                depth_max = max(depth_max, depth)
                continue
            pending += [(left[node], depth + 1), (right[node], depth + 1)]
            if tree["default_left"][node]:
                default_left += 1
            else:
                default_right += 1
            feature = tree["split_indices"][node]
            if tree["split_type"][node] == 1:
                categories.setdefault(feature, set()).update(category_slices[node])
            else:
                thresholds.setdefault(feature, set()).add(np.float32(tree["split_conditions"][node]))
    return Splits(
        thresholds={f: np.array(sorted(t), dtype=np.float32) for f, t in sorted(thresholds.items())},
        categories={f: np.array(sorted(c), dtype=np.int64) for f, c in sorted(categories.items())},
        trees=len(trees),
        nodes=nodes,
        leaves=leaves,
        depth=depth_max,
        default_left=default_left,
        default_right=default_right,
    )
