"""Rows that sit on the places where two implementations of one tree model can disagree."""

from __future__ import annotations

import numpy as np

from training.booster_text import Splits

FLOAT32_MAX = np.finfo(np.float32).max
FLOAT32_DENORMAL_MIN = np.float32(1.401298464324817e-45)
FLOAT32_DENORMAL_MAX = np.float32(1.1754942106924411e-38)

SPECIAL_NUMBERS = np.array(
    [
        np.nan,
        np.inf,
        -np.inf,
        0.0,
        -0.0,
        FLOAT32_DENORMAL_MIN,
        -FLOAT32_DENORMAL_MIN,
        FLOAT32_DENORMAL_MAX,
        -FLOAT32_DENORMAL_MAX,
        FLOAT32_MAX,
        -FLOAT32_MAX,
    ],
    dtype=np.float32,
)

SPECIAL_CODES = np.array(
    # Codes are float32 on the wire, so a broken encoder can produce every one of these. XGBoost calls a code
    # invalid when it is negative or at least 2^24 (OutOfRangeCat), and truncates a fraction.
    [
        np.nan,
        np.inf,
        -np.inf,
        -0.0,
        -0.5,
        -1.0,
        -3.0,
        0.5,
        1.999,
        2.5,
        31.0,
        32.0,
        63.5,
        64.0,
        1e6,
        16777215.0,
        16777216.0,
        4e9,
    ],
    dtype=np.float32,
)


def neighbours(value: np.float32) -> tuple[np.float32, np.float32, np.float32]:
    """One float32 step below, the value itself, one float32 step above."""
    value = np.float32(value)
    return (
        np.nextafter(value, np.float32(-np.inf), dtype=np.float32),
        value,
        np.nextafter(value, np.float32(np.inf), dtype=np.float32),
    )


def edge_values(splits: Splits, feature: int, is_category: bool) -> np.ndarray:
    """Values of one feature worth probing beside the special ones: threshold neighbours, or codes around the vocabulary."""
    if is_category:
        named = splits.categories.get(feature, np.array([0], dtype=np.int64))
        codes = np.arange(0, int(named.max()) + 3, dtype=np.float32)
        return np.concatenate([codes, codes + np.float32(0.25)])
    thresholds = splits.thresholds.get(feature, np.array([0.0], dtype=np.float32))
    return np.array([n for t in thresholds for n in neighbours(t)], dtype=np.float32)


def probe_rows(
    base: np.ndarray,
    splits: Splits,
    category_features: frozenset[int],
    rng: np.random.Generator,
    edge_rows: int,
) -> np.ndarray:
    """Rows x features float32: the base rows, then uniform special rows, mixed special rows and edge rows.

    base: rows x features float32 of ordinary values (NaN = missing). Every edge value of every feature is visited
    in turn, so `edge_rows` at least as large as the longest list of edge values covers all of them.
    """
    features = base.shape[1]
    specials = {f: SPECIAL_CODES if f in category_features else SPECIAL_NUMBERS for f in range(features)}

    uniform = np.empty((max(len(SPECIAL_NUMBERS), len(SPECIAL_CODES)), features), dtype=np.float32)
    for f in range(features):
        uniform[:, f] = np.resize(specials[f], len(uniform))

    mixed = base[rng.integers(0, len(base), size=48)].copy()
    for f in range(features):
        hit = rng.random(len(mixed)) < 0.4
        mixed[hit, f] = rng.choice(specials[f], size=int(hit.sum()))

    edges = base[rng.integers(0, len(base), size=edge_rows)].copy()
    for f in range(features):
        values = edge_values(splits, f, f in category_features)
        order = np.resize(rng.permutation(values), edge_rows)
        # A wide row keeps most of its features on an edge; the first rows move every feature, so all values are visited.
        keep = rng.random(edge_rows) < 0.15
        keep[: len(values)] = False
        edges[:, f] = np.where(keep, edges[:, f], order)
        # A gap beside an edge value: default directions are taken in the middle of a path, not only at its root.
        edges[(rng.random(edge_rows) < 0.08) & (np.arange(edge_rows) >= len(values)), f] = np.nan

    return np.concatenate([base, uniform, mixed, edges]).astype(np.float32, copy=False)
