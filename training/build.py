"""Builds the churn example: two model packages, held-out events and outcomes, and the event schema.

Rebuilding with the pinned requirements gives the same bytes; --check proves it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from training.check_build import compare_with_committed
from training.churn_models import MODELS
from training.customers import is_held_out, load_customers
from training.event_files import event_schema, events_text, outcomes_text, schema_text
from training.model_package import build_package

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "churn"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.build", description=__doc__)
    parser.add_argument("--out", type=Path, default=EXAMPLE, help="folder to write to (default examples/churn)")
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing: rebuild, compare with --out byte by byte, exit 1 on a difference",
    )
    options = parser.parse_args(arguments)

    files = build_files()
    if options.check:
        report = compare_with_committed(files, options.out)
        print("\n".join(report) if report else f"{len(files)} files rebuilt, all equal to {options.out.name}")
        return 1 if report else 0
    for name, content in files.items():
        path = options.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    print(f"{len(files)} files, {sum(map(len, files.values())) / 1e6:.2f} MB written below {options.out.name}")
    return 0


def build_files() -> dict[str, bytes]:
    """Path below the example folder -> content. Prints one line per model."""
    customers = load_customers()
    held_out = [customer for customer in customers if is_held_out(customer.customer_id)]
    training = [customer for customer in customers if not is_held_out(customer.customer_id)]
    print(f"{len(customers)} customers: {len(training)} training, {len(held_out)} held out")
    files = {
        "customer-event.avsc": schema_text(event_schema()).encode(),
        "customers.heldout.jsonl": events_text(held_out).encode(),
        "outcomes.heldout.jsonl": outcomes_text(held_out).encode(),
    }
    for model in MODELS:
        package = build_package(model, training, held_out, customers)
        figures = package.performance
        print(
            f"churn-{model.version}: AUC {figures['auc']}, log loss {figures['logLoss']}, F1 {figures['f1']} at {figures['threshold']}; "
            f"{package.golden_rows} golden rows; ONNX differs by at most {package.onnx_difference:.2g}"
        )
        files |= {f"models/churn-{model.version}/{name}": content for name, content in package.files.items()}
    return files


if __name__ == "__main__":
    sys.exit(main())
