"""The churn features as model.yaml carries them, and their encoding into one float32 row."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

YES_NO_INTERNET = ["No internet service", "No", "Yes"]

NON_FINITE_NAMES = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""How golden.jsonl spells the numbers that JSON cannot."""


def number(name: str, missing: str = "allow") -> dict[str, Any]:
    return {"name": name, "type": "number", "missing": missing, "nonFinite": "allow"}


def boolean(name: str) -> dict[str, Any]:
    return {"name": name, "type": "boolean", "missing": "allow"}


def category(name: str, categories: list[str], missing: str = "allow") -> dict[str, Any]:
    return {"name": name, "type": "category", "categories": categories, "missing": missing, "unseen": "missing"}


# Tenure and contract are in every customer record a company keeps: an event without them is a producer's fault.
FEATURES: list[dict[str, Any]] = [
    boolean("female"),
    boolean("seniorCitizen"),
    boolean("partner"),
    boolean("dependents"),
    number("tenure", missing="reject"),
    boolean("phoneService"),
    category("multipleLines", ["No phone service", "No", "Yes"]),
    category("internetService", ["No", "DSL", "Fiber optic"]),
    category("onlineSecurity", YES_NO_INTERNET),
    category("onlineBackup", YES_NO_INTERNET),
    category("deviceProtection", YES_NO_INTERNET),
    category("techSupport", YES_NO_INTERNET),
    category("streamingTv", YES_NO_INTERNET),
    category("streamingMovies", YES_NO_INTERNET),
    category("contract", ["Month-to-month", "One year", "Two year"], missing="reject"),
    boolean("paperlessBilling"),
    category(
        "paymentMethod", ["Bank transfer (automatic)", "Credit card (automatic)", "Electronic check", "Mailed check"]
    ),
    number("monthlyCharges"),
    number("totalCharges"),
]


def features_named(names: list[str]) -> list[dict[str, Any]]:
    """The specs of these features in the given order. Raises KeyError for a name that is not a feature."""
    by_name = {feature["name"]: feature for feature in FEATURES}
    return [by_name[name] for name in names]


def encode_value(feature: dict[str, Any], value: Any) -> np.float32:
    """One field as float32; missing and unseen are NaN. Raises ValueError for a value the spec rejects."""
    name, kind = feature["name"], feature["type"]
    if value is None:
        if feature["missing"] == "reject":
            raise ValueError(f"{name} is missing; the feature spec rejects that")
        return np.float32(np.nan)
    if kind == "category":
        if not isinstance(value, str):
            raise ValueError(f"{name} must be text, not {value!r}")
        codes = feature["categories"]
        return np.float32(codes.index(value)) if value in codes else np.float32(np.nan)
    if kind == "boolean":
        if not isinstance(value, bool):
            raise ValueError(f"{name} must be true or false, not {value!r}")
        return np.float32(value)
    if isinstance(value, str) and value in NON_FINITE_NAMES:
        value = NON_FINITE_NAMES[value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number, not {value!r}")
    # A double between FLT_MAX and infinity rounds to infinity, as Math.fround does.
    with np.errstate(over="ignore"):
        return np.float32(value)


def encode_row(features: list[dict[str, Any]], fields: dict[str, Any]) -> np.ndarray:
    """One event as a float32 row in the order of the specs."""
    return np.array([encode_value(feature, fields.get(feature["name"])) for feature in features], dtype=np.float32)


def encode_rows(features: list[dict[str, Any]], events: list[dict[str, Any]]) -> np.ndarray:
    """events x features float32."""
    return np.stack([encode_row(features, fields) for fields in events])
