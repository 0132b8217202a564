"""What a shape of the zoo is, and the list that the zoo_*.py files fill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xgboost as xgb

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


def shape(
    name: str, since: tuple[int, int] = (2, 1), large: bool = False
) -> Callable[[Callable[[], Shape]], Callable[[], Shape]]:
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
