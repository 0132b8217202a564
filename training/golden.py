"""Golden rows: what a loader must reproduce before a version may take traffic."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xgboost as xgb

from training.booster_text import read_splits
from training.customers import Customer
from training.feature_spec import encode_rows
from training.number_text import event_token, float32_token, json_line
from training.probe_rows import FLOAT32_DENORMAL_MIN, FLOAT32_MAX, neighbours
from training.reference import Reference, reference_of

CUSTOMERS = 360
EDGE_ROWS_MIN = 480
MIXED_ROWS = 240
ROWS_MIN = 1000
SEED = 1103

SPECIAL_NUMBERS = [
    math.inf,
    -math.inf,
    -0.0,
    0.0,
    float(FLOAT32_DENORMAL_MIN),
    -float(FLOAT32_DENORMAL_MIN),
    float(FLOAT32_MAX),
    -float(FLOAT32_MAX),
    1e30,
]
UNSEEN_CATEGORIES = ["", "no", "Three year", "Glasfaser ☎"]


def golden_events(
    booster: xgb.Booster, features: list[dict[str, Any]], held_out: list[Customer]
) -> list[dict[str, Any]]:
    """Events (feature name -> value) that the feature spec accepts: real ones, then edges, then mixtures of special values."""
    rng = np.random.default_rng(SEED)
    names = [feature["name"] for feature in features]
    real = [{name: customer.fields[name] for name in names} for customer in held_out]
    # The few customers with a gap in the data are the ones worth having.
    gaps = [event for event in real if None in event.values()]
    spread = [real[i] for i in np.linspace(0, len(real) - 1, CUSTOMERS - len(gaps)).astype(int)]
    events = gaps + spread

    thresholds = read_splits(booster).thresholds
    edges: dict[str, list[float]] = {}
    for at, feature in enumerate(features):
        if feature["type"] == "number":
            values = [float(step) for t in thresholds.get(at, []) for step in neighbours(t)]
            edges[feature["name"]] = [values[i] for i in rng.permutation(len(values))]
    edge_rows = max(EDGE_ROWS_MIN, max((len(values) for values in edges.values()), default=0))
    for i in range(edge_rows):
        event = dict(real[int(rng.integers(len(real)))])
        for name, values in edges.items():
            if values:
                event[name] = values[i % len(values)]
        events.append(event)

    for _ in range(MIXED_ROWS):
        event = dict(real[int(rng.integers(len(real)))])
        for feature in features:
            if rng.random() < 0.35:
                event[feature["name"]] = special_value(feature, rng)
        events.append(event)
    for feature in features:
        events += [{**real[0], feature["name"]: value} for value in all_special_values(feature)]
    return events


def special_value(feature: dict[str, Any], rng: np.random.Generator) -> Any:
    values = all_special_values(feature)
    return values[int(rng.integers(len(values)))]


def all_special_values(feature: dict[str, Any]) -> list[Any]:
    """Every kind of unusual value that the spec of this feature lets through."""
    gap: list[Any] = [None] if feature["missing"] == "allow" else []
    if feature["type"] == "boolean":
        return [*gap, False, True]
    if feature["type"] == "category":
        return [*gap, *feature["categories"], *UNSEEN_CATEGORIES]
    # A number that is not a number is a gap spelled differently, so it needs a feature that may have one.
    return [*gap, *([math.nan] if gap else []), *SPECIAL_NUMBERS]


def golden_rows(
    booster: xgb.Booster, features: list[dict[str, Any]], held_out: list[Customer]
) -> tuple[list[dict[str, Any]], np.ndarray, Reference]:
    """Events, their encoded rows and XGBoost's answers. Raises SystemExit when there are too few."""
    events = golden_events(booster, features, held_out)
    if len(events) < ROWS_MIN:
        raise SystemExit(f"{len(events)} golden rows; {ROWS_MIN} are the least a package may carry")
    rows = encode_rows(features, events)
    return events, rows, reference_of(booster, rows)


def golden_text(events: list[dict[str, Any]], rows: np.ndarray, reference: Reference) -> str:
    lines = [
        json_line(
            {
                "features": {name: event_token(value) for name, value in event.items()},
                "row": [float32_token(value) for value in row],
                "margin": float32_token(margin),
                "score": float32_token(score),
            }
        )
        for event, row, margin, score in zip(events, rows, reference.margins, reference.scores, strict=True)
    ]
    return "\n".join(lines) + "\n"
