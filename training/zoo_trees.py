"""Trees of unusual form, and thresholds of unusual size."""

from __future__ import annotations

import numpy as np

from training.shape_data import halves, numbers
from training.shape_spec import Shape, shape, train


@shape("lossguide-uneven")
def lossguide_uneven() -> Shape:
    x, score, _ = numbers(30, rows=900)
    params = {
        "objective": "binary:logistic",
        "grow_policy": "lossguide",
        "max_leaves": 60,
        "max_depth": 0,
        "min_child_weight": 0.1,
    }
    return Shape(train(x, halves(score), params, 4), x[:48], "long thin branches beside short ones")


@shape("lossguide-300-leaves", large=True)
def lossguide_300_leaves() -> Shape:
    x, score, _ = numbers(31, rows=2000)
    params = {
        "objective": "reg:squarederror",
        "grow_policy": "lossguide",
        "max_leaves": 300,
        "max_depth": 0,
        "min_child_weight": 0,
        "lambda": 0,
    }
    return Shape(
        train(x, score, params, 1), x[:48], "more than 256 leaves in one tree: a byte cannot number them", edge_rows=400
    )


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
    return Shape(
        train(x, halves(score), {"objective": "binary:logistic", "max_depth": 1}, 12), x[:48], "one split per tree"
    )


@shape("single-leaf")
def single_leaf() -> Shape:
    x, score, _ = numbers(35)
    params = {"objective": "reg:squarederror", "gamma": 1e9, "base_score": 0.5}
    return Shape(train(x, score, params, 3), x[:16], "no split is worth it: every tree is its root", edge_rows=8)


@shape("mixed-single-leaf")
def mixed_single_leaf() -> Shape:
    x, score, _ = numbers(36)
    return Shape(
        train(x, halves(score), {"objective": "binary:logistic", "gamma": 9, "max_depth": 4}, 14),
        x[:48],
        "split trees first, root-only trees after",
    )


@shape("pruned-exact")
def pruned_exact() -> Shape:
    x, score, _ = numbers(37)
    params = {"objective": "reg:squarederror", "tree_method": "exact", "gamma": 4, "max_depth": 6}
    return Shape(
        train(x, score, params, 4),
        x[:48],
        "tree_method=exact prunes after growth: deleted nodes stay in the arrays",
    )


@shape("approx")
def approx() -> Shape:
    x, score, _ = numbers(38)
    return Shape(
        train(x, halves(score), {"objective": "binary:logistic", "tree_method": "approx", "max_depth": 5}, 6),
        x[:48],
        "tree_method=approx",
    )


@shape("zero-threshold")
def zero_threshold() -> Shape:
    rng = np.random.default_rng(39)
    x = rng.choice(np.array([-1, 1, -3, 3], dtype=np.float32), size=(200, 3))
    label = (x[:, 0] * x[:, 1] > 0).astype(np.float32)
    booster = train(
        x, label, {"objective": "binary:logistic", "tree_method": "exact", "max_depth": 3, "min_child_weight": 0}, 4
    )
    return Shape(booster, x[:32], "thresholds exactly 0: -0, +0 and the smallest denormals decide")


@shape("monotone")
def monotone() -> Shape:
    x, score, _ = numbers(40)
    params = {"objective": "binary:logistic", "monotone_constraints": "(1,-1,0,0,0,0,0,0)", "max_depth": 4}
    return Shape(train(x, halves(score), params, 8), x[:48], "monotone constraints: leaves clipped to bounds")


@shape("missing-both-ways")
def missing_both_ways() -> Shape:
    x, score, _ = numbers(41, missing=0.45)
    return Shape(
        train(x, halves(score), {"objective": "binary:logistic", "max_depth": 6, "min_child_weight": 0.1}, 4),
        x[:48],
        "45 % of the values are missing; default directions go both ways on the same thresholds",
        edge_rows=160,
    )


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
    return Shape(
        train(x, label, {"objective": "binary:logistic", "max_depth": 4, "colsample_bytree": 0.3}, 12),
        x[:6],
        "300 features, most of them unused: feature numbers above 255",
        edge_rows=18,
    )


@shape("one-feature")
def one_feature() -> Shape:
    x, score, _ = numbers(45, features=2)
    return Shape(
        train(x[:, :1], halves(score), {"objective": "binary:logistic", "max_depth": 5}, 4), x[:48, :1], "one column"
    )


@shape("scale-1e30")
def scale_1e30() -> Shape:
    x, score, _ = numbers(46)
    big = (x * np.float32(1e30)).astype(np.float32)
    return Shape(
        train(big, halves(score), {"objective": "binary:logistic", "max_depth": 4, "tree_method": "exact"}, 6),
        big[:48],
        "values and thresholds near 1e30",
    )


@shape("denormal-thresholds")
def denormal_thresholds() -> Shape:
    rng = np.random.default_rng(47)
    x = (rng.integers(-4000, 4000, size=(300, 3)) * np.float64(1.401298464324817e-45)).astype(np.float32)
    label = ((x[:, 0] > 0) ^ (x[:, 1] > x[:, 2])).astype(np.float32)
    return Shape(
        train(x, label, {"objective": "binary:logistic", "max_depth": 5, "tree_method": "exact"}, 6),
        x[:48],
        "denormal values and thresholds: flush-to-zero anywhere (SIMD, JSON parsing) fails here",
    )


@shape("huge-leaves")
def huge_leaves() -> Shape:
    x, score, _ = numbers(48)
    target = np.where(score > 0, 1e8, -1e-3).astype(np.float32) * (1 + np.abs(score))
    return Shape(
        train(x, target.astype(np.float32), {"objective": "reg:squarederror", "max_depth": 4}, 6),
        x[:48],
        "leaves of very different size: the order of float32 sums decides the last bits",
    )
