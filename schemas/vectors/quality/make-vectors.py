"""Writes the vectors of this folder: metrics of scored and labelled rows by scikit-learn.

    python make-vectors.py   (needs numpy and scikit-learn; the versions are written into the files)
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
)

HERE = Path(__file__).parent


def write(name, what, scores, labels, threshold):
    scores = np.asarray(scores)
    labels = np.asarray(labels, dtype=int)
    # The platform's scores are float32; what scikit-learn gets are the same numbers as doubles.
    p = scores.astype(np.float64)
    decided = (p >= threshold).astype(int)
    tn, fp, fn, tp = (int(v) for v in confusion_matrix(labels, decided, labels=[0, 1]).ravel())
    vector = {
        "source": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}: make-vectors.py",
        "what": what,
        "float32": scores.dtype == np.float32,
        "threshold": threshold,
        "confusion": {"truePositives": tp, "falsePositives": fp, "falseNegatives": fn, "trueNegatives": tn},
        "metrics": {
            "accuracy": accuracy_score(labels, decided),
            "precision": precision_score(labels, decided),
            "recall": recall_score(labels, decided),
            "f1": f1_score(labels, decided),
            "auc": roc_auc_score(labels, p),
            "logLoss": log_loss(labels, p),
            "brier": brier_score_loss(labels, p),
            "positiveRate": float(decided.mean()),
            "baseRate": float(labels.mean()),
        },
        "scores": p.tolist(),
        "labels": labels.tolist(),
    }
    (HERE / f"{name}.json").write_text(json.dumps(vector) + "\n")


def drawn(seed, n, base):
    """Scores that know something: a logistic curve over a shifted normal."""
    random = np.random.default_rng(seed)
    labels = random.random(n) < base
    margin = random.normal(np.where(labels, 0.6, -0.9), 1.3)
    return 1 / (1 + np.exp(-margin)), labels


scores, labels = drawn(1, 600, 0.27)
write("plain", "600 rows as a scorer gives them", scores.astype(np.float32), labels, 0.5)
scores, labels = drawn(2, 2000, 0.03)
write("rare", "2,000 rows, 3 % positive, a low threshold", scores.astype(np.float32), labels, 0.2)
scores, labels = drawn(3, 500, 0.4)
write("ties", "scores with two decimals: many ties", np.round(scores, 2), labels, 0.35)
scores, labels = drawn(4, 200, 0.5)
scores[:6] = [0, 0, 1, 1, 0, 1]
labels[:6] = [0, 1, 1, 0, 0, 1]
write("certain", "scores of exactly 0 and 1, right and wrong", scores.astype(np.float32), labels, 0.5)
scores, labels = drawn(5, 300, 0.3)
write("doubles", "scores with all digits of a double", scores, labels, 0.45)
write("twelve", "twelve rows", np.float32([0.1, 0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9]),
      [0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1], 0.5)
