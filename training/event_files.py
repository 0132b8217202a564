"""The example's events, outcomes and event schema."""

from __future__ import annotations

import json
from typing import Any

from training.customers import Customer
from training.feature_spec import FEATURES
from training.number_text import json_line

FIELD_DOCS = {
    "female": "Whether the customer is a woman.",
    "seniorCitizen": "Whether the customer is 65 or older.",
    "partner": "Whether the customer lives with a partner.",
    "dependents": "Whether the customer lives with dependents.",
    "tenure": "Months since the customer joined.",
    "phoneService": "Whether the customer has a phone line.",
    "multipleLines": "More than one line: No phone service, No, Yes.",
    "internetService": "Internet access: No, DSL, Fiber optic.",
    "onlineSecurity": "Online security add-on: No internet service, No, Yes.",
    "onlineBackup": "Online backup add-on: No internet service, No, Yes.",
    "deviceProtection": "Device protection add-on: No internet service, No, Yes.",
    "techSupport": "Technical support add-on: No internet service, No, Yes.",
    "streamingTv": "Streams television: No internet service, No, Yes.",
    "streamingMovies": "Streams films: No internet service, No, Yes.",
    "contract": "Contract term: Month-to-month, One year, Two year.",
    "paperlessBilling": "Whether bills come without paper.",
    "paymentMethod": "Bank transfer (automatic), Credit card (automatic), Electronic check, Mailed check.",
    "monthlyCharges": "Amount billed a month, in US dollars.",
    "totalCharges": "Amount billed so far, in US dollars; missing before the first bill.",
}
AVRO_TYPES = {"boolean": "boolean", "category": "string", "number": "double"}


def event_schema() -> dict[str, Any]:
    """Avro record CustomerEvent; a field is nullable where the feature spec allows a gap."""
    fields: list[dict[str, Any]] = [
        {"name": "customerId", "type": "string", "doc": "Stable customer number; the record key."},
        {
            "name": "occurredAt",
            "type": {"type": "long", "logicalType": "timestamp-millis"},
            "doc": "When the customer's record was in this state.",
        },
    ]
    for feature in FEATURES:
        name = feature["name"]
        avro_type = "int" if name == "tenure" else AVRO_TYPES[feature["type"]]
        if feature["missing"] == "allow":
            fields.append({"name": name, "type": ["null", avro_type], "default": None, "doc": FIELD_DOCS[name]})
        else:
            fields.append({"name": name, "type": avro_type, "doc": FIELD_DOCS[name]})
    return {
        "type": "record",
        "name": "CustomerEvent",
        "namespace": "io.sluice.examples.churn",
        "doc": "The state of one telephone customer, published whenever something about it changed.",
        "fields": fields,
    }


def schema_text(schema: dict[str, Any]) -> str:
    """One line per field: a schema is read, and compared, field by field."""
    head = {key: value for key, value in schema.items() if key != "fields"}
    lines = ",\n".join("    " + json.dumps(field) for field in schema["fields"])
    return json.dumps(head, indent=2)[:-2] + ',\n  "fields": [\n' + lines + "\n  ]\n}\n"


def events_text(customers: list[Customer]) -> str:
    """One event a line, without occurredAt (the data has no times; whoever publishes the event sets it) and without the label."""
    return "".join(json_line({"customerId": c.customer_id, **ordered_fields(c)}) + "\n" for c in customers)


def ordered_fields(customer: Customer) -> dict[str, Any]:
    return {feature["name"]: customer.fields[feature["name"]] for feature in FEATURES}


def outcomes_text(customers: list[Customer]) -> str:
    return "".join(json_line({"customerId": c.customer_id, "churned": c.churned}) + "\n" for c in customers)
