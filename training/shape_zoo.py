"""The zoo: one small XGBoost model of every shape a loader or a tree kernel has to get right."""

from __future__ import annotations

# Importing a zoo file registers its shapes in ZOO.
from training import zoo_boosters, zoo_categories, zoo_objectives, zoo_trees
from training.shape_spec import XGBOOST_VERSION, ZOO, Shape, ShapeSpec

__all__ = [
    "XGBOOST_VERSION",
    "ZOO",
    "Shape",
    "ShapeSpec",
    "zoo_boosters",
    "zoo_categories",
    "zoo_objectives",
    "zoo_trees",
]
