"""Numbers as text that any JSON reader turns back into the same bits."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np


def float32_token(value: np.float32) -> float | str:
    """A double that prints as the shortest text of this float32, or the name of a non-finite one.

    Parsed as a double and rounded to float32 (Math.fround), the text gives the same bits, -0 and denormals included.
    """
    value = np.float32(value)
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return float(str(value))


def event_token(value: Any) -> Any:
    """An event field for JSON: text, true/false and null as they are, non-finite numbers by name."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def json_line(document: Any) -> str:
    """Compact JSON; refuses NaN and infinities, which JSON cannot spell."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def exact(value: float) -> float:
    """A float32 as the double it is exactly, so that a reader comparing doubles meets the same ties."""
    return float(np.float32(value))


def rounded(value: float, digits: int = 9) -> float:
    """A statistic for people and monitors; the last bits of a sum are not worth a changed file."""
    return round(float(value), digits)
