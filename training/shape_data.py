"""Small seeded data sets the zoo trains on. Every value is float32 before XGBoost sees it."""

from __future__ import annotations

import numpy as np

CATEGORY_COUNT = 7


def numbers(
    seed: int, rows: int = 320, features: int = 8, missing: float = 0.12
) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    """Mixed columns (normal, uniform, small integers, skewed) with gaps, a noisy score, and the generator to go on with."""
    rng = np.random.default_rng(seed)
    columns = []
    for f in range(features):
        kind = f % 4
        if kind == 0:
            columns.append(rng.normal(size=rows))
        elif kind == 1:
            columns.append(rng.random(rows))
        elif kind == 2:
            columns.append(rng.integers(-3, 9, size=rows))
        else:
            columns.append(np.exp(rng.normal(size=rows) * 2))
    x = np.column_stack(columns).astype(np.float32)
    score = x[:, 0] + 1.5 * (x[:, 1] > 0.6)
    if features > 2:
        score = score + 0.3 * x[:, 2] * (x[:, 0] > 0)
    if features > 3:
        score = score + 0.2 * np.log(x[:, 3])
    score = score + rng.normal(size=rows) * 0.4
    # What is missing says something, so the trees learn default directions both ways.
    gaps = rng.random(x.shape) < missing
    x[gaps] = np.nan
    score = score + 0.8 * gaps[:, 0] - (0.9 * gaps[:, 1] if features > 1 else 0)
    return x, score.astype(np.float32), rng


def categories(
    seed: int, rows: int = 400, counts: tuple[int, ...] = (CATEGORY_COUNT, 3, 40), missing: float = 0.1
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Category-code columns of the given vocabulary sizes followed by two numeric ones, a score, and XGBoost's feature types."""
    rng = np.random.default_rng(seed)
    codes = [rng.integers(0, count, size=rows) for count in counts]
    effects = [rng.normal(size=count) for count in counts]
    number = rng.normal(size=(rows, 2))
    x = np.column_stack([*codes, number]).astype(np.float32)
    score = (
        sum(effect[code] for effect, code in zip(effects, codes, strict=True))
        + number[:, 0]
        + rng.normal(size=rows) * 0.3
    )
    gaps = rng.random(x.shape) < missing
    x[gaps] = np.nan
    score = score + 1.2 * gaps[:, 0] - 1.2 * gaps[:, 1]
    return x, score.astype(np.float32), ["c"] * len(counts) + ["q", "q"]


def halves(score: np.ndarray) -> np.ndarray:
    """0/1 labels split at the median."""
    return (score > np.median(score)).astype(np.float32)


def thirds(score: np.ndarray) -> np.ndarray:
    """Class numbers 0, 1, 2 split at the terciles."""
    return np.digitize(score, np.quantile(score, [1 / 3, 2 / 3])).astype(np.float32)


def positive(score: np.ndarray) -> np.ndarray:
    """Positive targets for gamma, tweedie, poisson and survival objectives."""
    return np.exp(np.clip(score / 2, -3, 3)).astype(np.float32)


def as_is(score: np.ndarray) -> np.ndarray:
    """The score itself as the target."""
    return score
