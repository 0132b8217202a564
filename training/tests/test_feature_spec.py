"""Encoding of one field and one row."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from training.customers import load_customers
from training.feature_spec import FEATURES, encode_row, encode_value, features_named
from training.number_text import float32_token


def bits(value: np.float32) -> str:
    return struct.pack(">f", value).hex()


NUMBER, BOOLEAN, CATEGORY = features_named(["totalCharges", "partner", "contract"])


@pytest.mark.parametrize(
    ("feature", "value", "expected"),
    [
        (NUMBER, 29.85, "41eecccd"),  # IEEE 754 binary32 nearest to 29.85
        (NUMBER, 0, "00000000"),
        (NUMBER, -0.0, "80000000"),
        (NUMBER, "Infinity", "7f800000"),
        (NUMBER, "-Infinity", "ff800000"),
        (NUMBER, 1e39, "7f800000"),
        (NUMBER, 1e-45, "00000001"),
        (NUMBER, 16777217, "4b800000"),  # 2^24 + 1 ties to even
        (BOOLEAN, True, "3f800000"),
        (BOOLEAN, False, "00000000"),
        (CATEGORY, "Month-to-month", "00000000"),
        (CATEGORY, "Two year", "40000000"),
    ],
)
def test_encoded_bits(feature: dict, value: object, expected: str) -> None:
    assert bits(encode_value(feature, value)) == expected


@pytest.mark.parametrize(
    ("feature", "value"), [(NUMBER, None), (NUMBER, "NaN"), (BOOLEAN, None), (CATEGORY, "Three year"), (CATEGORY, "")]
)
def test_missing_and_unseen_are_nan(feature: dict, value: object) -> None:
    assert np.isnan(encode_value(feature, value))


@pytest.mark.parametrize(
    ("feature", "value", "message"),
    [
        (features_named(["tenure"])[0], None, "tenure is missing"),
        (CATEGORY, None, "contract is missing"),
        (CATEGORY, 2, "contract must be text"),
        (BOOLEAN, 1, "partner must be true or false"),
        (NUMBER, "12", "totalCharges must be a number"),
        (NUMBER, True, "totalCharges must be a number"),
    ],
)
def test_a_wrong_value_names_its_field(feature: dict, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encode_value(feature, value)


def test_the_vocabulary_holds_every_value_of_the_data_and_no_other() -> None:
    customers = load_customers()
    for feature in FEATURES:
        if feature["type"] == "category":
            assert {c.fields[feature["name"]] for c in customers} == set(feature["categories"])


def test_a_row_follows_the_spec_order() -> None:
    row = encode_row([CATEGORY, NUMBER, BOOLEAN], {"partner": True, "contract": "One year", "totalCharges": 5})
    assert row.tolist() == [1.0, 5.0, 1.0]
    assert row.dtype == np.float32


def test_float32_text_gives_the_same_bits_back() -> None:
    patterns = np.random.default_rng(5).integers(0, 2**32, size=20_000, dtype=np.uint32)
    edge = np.array([0, 0x80000000, 1, 0x7FFFFF, 0x800000, 0x7F7FFFFF, 0xFF7FFFFF], dtype=np.uint32)
    for value in np.concatenate([edge, patterns]).view(np.float32):
        token = json.loads(json.dumps(float32_token(value)))
        if isinstance(token, str):
            assert token == {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
        else:
            assert bits(np.float32(token)) == bits(value)
