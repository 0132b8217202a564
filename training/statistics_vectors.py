"""Expected values of the statistics in packages/evaluation, from implementations that are not ours.

    python training/statistics_vectors.py --out schemas/vectors/statistics
    python training/statistics_vectors.py --out schemas/vectors/statistics --check

Needs an environment of its own, because GrowthBook's statistics require an older numpy than training does:

    pip install scipy==1.17.1 statsmodels==0.15.0 scikit-learn==1.9.1 mpmath==1.4.1
    pip install "gbstats @ git+https://github.com/growthbook/growthbook@8f1db445#subdirectory=packages/stats"
    pip install --no-deps spotify-confidence==4.1.0

Inputs are made here with fixed seeds; every file and, where it differs, every case names its source. Where no library has
a statistic, the expected value is computed from the definition in the slowest and plainest way (all pairs, all rows).
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import scipy
import statsmodels.api as sm
from gbstats.frequentist import tests as gb
from gbstats.models import statistics as gbm
from gbstats.utils import check_srm
from scipy import optimize, special, stats
from sklearn import metrics
from sklearn.calibration import calibration_curve
from statsmodels.stats import contingency_tables, multitest, proportion

GROWTHBOOK = "GrowthBook gbstats 0.8.0 at growthbook/growthbook 8f1db445"
SCIPY = f"scipy {scipy.__version__}"
STATSMODELS = f"statsmodels {importlib.metadata.version('statsmodels')}"
SKLEARN = f"scikit-learn {importlib.metadata.version('scikit-learn')}"
MPMATH = f"mpmath {mpmath.__version__}, 60 digits"
SPOTIFY = f"spotify-confidence {importlib.metadata.version('spotify-confidence')}, sequential_bound_solver.bounds"
NUMPY = f"numpy {np.__version__}"

Case = dict[str, Any]
mpmath.mp.dps = 60


def column(values: np.ndarray, digits: int | None = None) -> list[float] | list[int]:
    """A JSON list; whole numbers without a point."""
    rounded = values if digits is None else np.round(values, digits)
    return [int(v) if float(v).is_integer() else float(v) for v in np.asarray(rounded, dtype=float)]


# --- Special functions ------------------------------------------------------------------------------------------------


def t_upper_tail(t: float, df: float) -> float:
    """By quadrature of the density: the incomplete beta function of mpmath does not converge for large df."""
    t_, df_ = mpmath.mpf(t), mpmath.mpf(df)
    if df <= 1000:
        return float(mpmath.betainc(df_ / 2, 0.5, 0, df_ / (df_ + t_ * t_), regularized=True) / 2)
    scale = mpmath.exp(mpmath.loggamma((df_ + 1) / 2) - mpmath.loggamma(df_ / 2)) / mpmath.sqrt(df_ * mpmath.pi)
    nodes = mpmath.linspace(t_, t_ + 30, 31)
    return float(scale * mpmath.quad(lambda x: mpmath.exp(-(df_ + 1) / 2 * mpmath.log1p(x * x / df_)), nodes))


def special_functions() -> dict[str, Any]:
    zs = [-6, -2, -1, -0.5, -1e-9, 0, 1e-6, 0.1, 0.5, 1, 1.5, 1.7, 1.8, 2, 2.5, 3, 5, 8, 12, 20, 30, 37]
    qs = [0.975, 0.6, 0.4, 0.3, 0.1, 0.025, 0.01, 1e-3, 1e-6, 1e-10, 1e-50, 1e-300]
    dfs = [1, 1.5, 2, 5, 9.7, 30, 200, 5000, 99_999, 100_000, 1e6, 1e9]
    ts = [0.1, 0.5, 1, 2, 3, 5, 10]
    betas = [(0.5, 0.5), (1, 3), (2.5, 7), (10, 10), (40, 3), (200, 300), (9, 11), (12, 9.5)]
    log_betas = [(0.5, 0.5), (1, 3), (12, 30), (500, 500), (1500, 2e6), (3, 1e7), (1e6, 1e6), (11, 9), (9.9, 10.1)]
    return {
        "source": f"{MPMATH}; quantiles and Kolmogorov's distribution: {SCIPY}",
        "normalUpperTail": [[z, float(mpmath.erfc(mpmath.mpf(z) / mpmath.sqrt(2)) / 2)] for z in zs],
        "normalUpperQuantile": [[q, float(stats.norm.isf(q))] for q in qs],
        "tUpperTail": [[t, df, t_upper_tail(t, df)] for df in dfs for t in ts],
        "tUpperQuantile": [
            [q, df, float(stats.t.isf(q, df))] for df in (1, 2, 5, 30, 1e3, 1e6) for q in (0.4, 0.1, 0.025, 1e-3, 1e-6)
        ],
        "chiSquareUpperTail": [
            [x, df, float(mpmath.gammainc(mpmath.mpf(df) / 2, mpmath.mpf(x) / 2, mpmath.inf, regularized=True))]
            for df in (1, 2, 3, 9, 10, 19, 40, 100, 500)
            for x in (1e-3, 0.1, 1, 4, 10, 30, 100, 300, 600)
        ],
        "chiSquareUpperQuantile": [
            [q, df, float(stats.chi2.isf(q, df))] for df in (1, 3, 9, 19, 100, 1000) for q in (0.5, 0.05, 1e-3, 1e-9)
        ],
        "regularizedBeta": [
            [a, b, x, float(mpmath.betainc(a, b, 0, mpmath.mpf(x), regularized=True))]
            for a, b in betas
            for x in (1e-6, 0.01, 0.2, 0.5, 0.7, 0.99)
        ],
        "logBeta": [[a, b, float(mpmath.log(mpmath.beta(a, b)))] for a, b in log_betas],
        "logGamma": [[a, float(mpmath.loggamma(a))] for a in (1e-5, 0.1, 0.5, 1.5, 3, 9.9, 10, 55.5, 1e4, 1e9)],
        "kolmogorovUpperTail": [
            [x, float(special.kolmogorov(x))] for x in (0.2, 0.3, 0.5, 0.8, 0.99, 1, 1.01, 1.36, 1.63, 2, 3, 5)
        ],
    }


# --- One arm and two arms ---------------------------------------------------------------------------------------------


def mean_cases() -> dict[str, Any]:
    random = np.random.RandomState(11)
    cases: list[Case] = []
    for name, values in {
        "normal": random.normal(3, 2, 40),
        "lognormal": random.lognormal(0, 1, 200),
        "small spread far from zero": 1e9 + random.normal(0, 1, 50),
        "counts": random.poisson(4, 120),
    }.items():
        rounded = np.array(column(values, 6))
        low, high = stats.t.interval(0.95, len(rounded) - 1, rounded.mean(), stats.sem(rounded))
        cases.append(
            {
                "name": name,
                "values": column(rounded),
                "expected": {"estimate": rounded.mean(), "standardError": stats.sem(rounded), "interval": [low, high]},
            }
        )
    return {"source": f"{SCIPY}: stats.sem, stats.t.interval", "cases": cases}


def arm_of(kind: str, arm: dict[str, float]) -> Any:
    if kind == "proportion":
        return gbm.ProportionStatistic(n=arm["n"], sum=arm["sum"])
    if kind == "mean":
        return gbm.SampleMeanStatistic(n=arm["n"], sum=arm["sum"], sum_squares=arm["sumSquares"])
    if kind == "ratio":
        return gbm.RatioStatistic(
            n=arm["n"],
            m_statistic=gbm.SampleMeanStatistic(n=arm["n"], sum=arm["sumY"], sum_squares=arm["sumSquaresY"]),
            d_statistic=gbm.SampleMeanStatistic(n=arm["n"], sum=arm["sumX"], sum_squares=arm["sumSquaresX"]),
            m_d_sum_of_products=arm["sumProducts"],
        )
    return gbm.RegressionAdjustedStatistic(
        n=arm["n"],
        post_statistic=gbm.SampleMeanStatistic(n=arm["n"], sum=arm["sumY"], sum_squares=arm["sumSquaresY"]),
        pre_statistic=gbm.SampleMeanStatistic(n=arm["n"], sum=arm["sumX"], sum_squares=arm["sumSquaresX"]),
        post_pre_sum_of_products=arm["sumProducts"],
        theta=None,
    )


def cross_sums(y: np.ndarray, x: np.ndarray) -> dict[str, float]:
    sums = {
        "n": len(y),
        "sumY": y.sum(),
        "sumX": x.sum(),
        "sumSquaresY": (y * y).sum(),
        "sumSquaresX": (x * x).sum(),
        "sumProducts": (y * x).sum(),
    }
    return {key: float(value) for key, value in sums.items()}


def growthbook(kind: str, arms: list[dict[str, float]], test: type, **config: Any) -> Case:
    settings = gb.SequentialConfig if issubclass(test, gb.SequentialTTest) else gb.FrequentistConfig
    control, candidate = (arm_of(kind, arm) for arm in arms)
    result = test([(control, candidate)], settings(**config)).compute_result()
    low, high = result.ci
    return {
        "estimate": result.expected,
        "standardError": result.uplift.stddev,
        "interval": [low if math.isfinite(low) else None, high if math.isfinite(high) else None],
        "pValue": result.pValue,
    }


def arms_for_comparison() -> list[tuple[str, str, list[dict[str, float]]]]:
    random = np.random.RandomState(12)
    y = [np.round(random.gamma(2, 3, n), 4) for n in (400, 380)]
    x = [np.round(0.6 * arm + random.normal(5, 2, len(arm)), 4) for arm in y]
    m = [random.binomial(6, p, 500).astype(float) for p in (0.3, 0.36)]
    d = [numerator + random.poisson(3, 500) for numerator in m]
    return [
        ("proportion", "proportion", [{"n": 4000, "sum": 380}, {"n": 4100, "sum": 455}]),
        ("rare proportion", "proportion", [{"n": 90_000, "sum": 140}, {"n": 91_000, "sum": 201}]),
        (
            "mean of GrowthBook's tests",
            "mean",
            [
                {"n": 3000, "sum": 1396.87, "sumSquares": 52377.9767},
                {"n": 3461, "sum": 2422.7, "sumSquares": 134698.29},
            ],
        ),
        ("ratio", "ratio", [cross_sums(a, b) for a, b in zip(m, d, strict=True)]),
        ("covariate", "cuped", [cross_sums(a, b) for a, b in zip(y, x, strict=True)]),
    ]


def comparison_cases() -> dict[str, Any]:
    fixed, sequential = gb.TwoSidedTTest, gb.SequentialTwoSidedTTest
    one_greater, one_lesser = gb.OneSidedTreatmentGreaterTTest, gb.OneSidedTreatmentLesserTTest
    cases: list[Case] = []
    for name, kind, arms in arms_for_comparison():
        absolute = {"difference_type": "absolute"}
        expected = {
            "fixed": growthbook(kind, arms, fixed, **absolute),
            "fixedRelative": growthbook(kind, arms, fixed, difference_type="relative"),
            "fixedGreater": growthbook(kind, arms, one_greater, **absolute),
            "fixedLesser": growthbook(kind, arms, one_lesser, **absolute),
            "sequential": growthbook(kind, arms, sequential, **absolute),
            "sequentialRelative": growthbook(kind, arms, sequential, difference_type="relative"),
            "sequentialAlpha1Tuned20000": growthbook(
                kind, arms, sequential, alpha=0.01, sequential_tuning_parameter=20_000, **absolute
            ),
            "sequentialGreater": growthbook(kind, arms, gb.SequentialOneSidedTreatmentGreaterTTest, **absolute),
            "sequentialLesser": growthbook(kind, arms, gb.SequentialOneSidedTreatmentLesserTTest, **absolute),
        }
        for one_sided in ("sequentialGreater", "sequentialLesser"):
            # A bisection between 1e-5 and 0.4999 with a tolerance of 1e-6 in the bound, so it is no exact p-value.
            expected[one_sided]["pValueTolerance"] = 1e-3
        cases.append({"name": name, "kind": kind, "control": arms[0], "candidate": arms[1], "expected": expected})
    return {"source": f"{GROWTHBOOK}, classes of gbstats.frequentist.tests", "cases": cases}


def mixture_cases() -> dict[str, Any]:
    """The sequential p-value by integrating the likelihood ratio over its N(0, τ²) mixture, numerically."""
    cases = []
    for estimate, error, tau in [(0.03, 0.01, 0.02), (-0.5, 0.3, 0.1), (2.0, 0.4, 3.0), (0.001, 0.01, 0.05)]:
        d, s, t = mpmath.mpf(estimate), mpmath.mpf(error), mpmath.mpf(tau)

        def likelihood_ratio(theta: Any, d: Any = d, s: Any = s, t: Any = t) -> Any:
            ratio = mpmath.exp((d * d - (d - theta) ** 2) / (2 * s * s))
            return ratio * mpmath.npdf(theta, 0, t)

        evidence = mpmath.quad(likelihood_ratio, mpmath.linspace(-12 * t, 12 * t, 97))
        cases.append(
            {
                "estimate": estimate,
                "standardError": error,
                "mixingScale": tau,
                "expected": {"pValue": float(min(mpmath.mpf(1), 1 / evidence))},
            }
        )
    return {"source": f"{MPMATH}: 1 / ∫ N(d; θ, se²)/N(d; 0, se²) N(θ; 0, τ²) dθ", "cases": cases}


def wilson_cases() -> dict[str, Any]:
    cases = []
    for successes, n in [(0, 10), (1, 10), (5, 10), (10, 10), (37, 200), (999, 1000), (3, 100_000), (800, 1000)]:
        for confidence in (0.95, 0.99):
            low, high = proportion.proportion_confint(successes, n, alpha=1 - confidence, method="wilson")
            cases.append({"successes": successes, "n": n, "confidence": confidence, "expected": [low, high]})
    return {"source": f"{STATSMODELS}: proportion_confint(method='wilson')", "cases": cases}


# --- Classification ---------------------------------------------------------------------------------------------------


def classification_cases() -> dict[str, Any]:
    random = np.random.RandomState(13)
    cases = []
    for name, n, rate, noise in [("balanced", 300, 0.5, 1.0), ("rare", 900, 0.05, 1.5), ("good", 250, 0.3, 0.4)]:
        labels = random.binomial(1, rate, n)
        decided = (labels + random.normal(0, noise, n) > 0.5).astype(int)
        tp, fp = int((decided & labels).sum()), int((decided & (1 - labels)).sum())
        fn, tn = int(((1 - decided) & labels).sum()), int(((1 - decided) & (1 - labels)).sum())
        ratios = {
            "precision": (decided * labels, decided),
            "recall": (decided * labels, labels),
            "f1": (2 * decided * labels, decided + labels),
        }
        scored = {
            "precision": metrics.precision_score(labels, decided),
            "recall": metrics.recall_score(labels, decided),
            "f1": metrics.f1_score(labels, decided),
        }
        expected: dict[str, Any] = {
            key: {
                "estimate": float(scored[key]),
                "standardError": float(
                    np.sqrt(arm_of("ratio", cross_sums(m.astype(float), d.astype(float))).variance / n)
                ),
            }
            for key, (m, d) in ratios.items()
        }
        accuracy = float(metrics.accuracy_score(labels, decided))
        expected["accuracy"] = {"estimate": accuracy}
        expected["positiveRate"] = {"estimate": float(decided.mean())}
        cases.append(
            {
                "name": name,
                "table": {"truePositives": tp, "falsePositives": fp, "falseNegatives": fn, "trueNegatives": tn},
                "expected": expected,
            }
        )
    return {
        "source": f"estimates: {SKLEARN}; standard errors: {GROWTHBOOK}, RatioStatistic over events",
        "cases": cases,
    }


def cluster_cases() -> dict[str, Any]:
    """Few customers with many correlated events: regression with cluster-robust errors, and the jackknife as defined."""
    random = np.random.RandomState(14)
    cases = []
    for name, customers in [("60 customers", 60), ("12 customers", 12)]:
        cluster = np.repeat(np.arange(customers), random.poisson(6, customers) + 1)
        taste = random.beta(0.6, 0.9, customers)
        y = random.binomial(1, taste[cluster]).astype(float)
        fit = sm.OLS(y, np.ones_like(y)).fit(cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False})
        m, d = np.bincount(cluster, weights=y), np.bincount(cluster).astype(float)
        without = (m.sum() - m) / (d.sum() - d)
        k = customers
        cases.append(
            {
                "name": name,
                "buckets": column(cluster.astype(float)),
                "values": column(y),
                "expected": {
                    "estimate": y.mean(),
                    "standardError": float(fit.bse[0] * np.sqrt(k / (k - 1))),
                    "jackknifeError": float(np.sqrt((k - 1) / k * ((without - without.mean()) ** 2).sum())),
                    "degreesOfFreedom": k - 1,
                },
            }
        )
    source = f"{STATSMODELS}: OLS on a constant, cov_type='cluster', times √(k/(k-1)); jackknife: {NUMPY}, as defined"
    return {"source": source, "cases": cases}


# --- AUC --------------------------------------------------------------------------------------------------------------


def kernel(positives: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    """DeLong's ψ for all pairs: 1, ½ or 0."""
    gap = positives[:, None] - negatives[None, :]
    return (gap > 0) + 0.5 * (gap == 0)


def delong(scores: list[np.ndarray], labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """AUCs and their covariance matrix, from the definition in DeLong, DeLong and Clarke-Pearson (1988)."""
    kernels = [kernel(s[labels == 1], s[labels == 0]) for s in scores]
    v10 = np.array([k.mean(axis=1) for k in kernels])
    v01 = np.array([k.mean(axis=0) for k in kernels])
    covariance = np.cov(v10, ddof=1).reshape(len(scores), -1) / v10.shape[1]
    return np.array([k.mean() for k in kernels]), covariance + np.cov(v01, ddof=1).reshape(len(scores), -1) / v01.shape[
        1
    ]


def score_data() -> list[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    random = np.random.RandomState(15)
    data = []
    for name, n, rate, digits in [("continuous", 160, 0.4, 6), ("with ties", 200, 0.3, 1), ("rare", 400, 0.04, 6)]:
        labels = random.binomial(1, rate, n)
        common = random.normal(0, 1, n)
        first = special.expit(labels * 1.0 + common + random.normal(0, 0.5, n) - 1)
        second = special.expit(labels * 1.3 + common + random.normal(0, 0.5, n) - 1)
        data.append((name, labels, np.round(first, digits), np.round(second, digits)))
    return data


def auc_cases() -> dict[str, Any]:
    cases = []
    for name, labels, first, second in score_data():
        aucs, covariance = delong([first, second], labels)
        assert abs(aucs[0] - metrics.roc_auc_score(labels, first)) < 1e-12
        assert abs(aucs[1] - metrics.roc_auc_score(labels, second)) < 1e-12
        variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
        z = (aucs[1] - aucs[0]) / np.sqrt(variance)
        cases.append(
            {
                "name": name,
                "labels": column(labels.astype(float)),
                "champion": column(first),
                "candidate": column(second),
                "expected": {
                    "championAuc": aucs[0],
                    "championError": float(np.sqrt(covariance[0, 0])),
                    "candidateAuc": aucs[1],
                    "candidateError": float(np.sqrt(covariance[1, 1])),
                    "difference": aucs[1] - aucs[0],
                    "differenceError": float(np.sqrt(variance)),
                    "pValue": float(2 * stats.norm.sf(abs(z))),
                },
            }
        )
    source = f"AUC: {SKLEARN}, roc_auc_score; variances: all pairs of DeLong et al. (1988) with {NUMPY}"
    return {"source": source, "cases": cases}


def auc_bin_cases() -> dict[str, Any]:
    random = np.random.RandomState(16)
    cases = []
    for name, bins, n, rate in [("200 bins", 200, 3000, 0.3), ("10 bins", 10, 500, 0.2), ("1000 bins", 1000, 800, 0.5)]:
        labels = random.binomial(1, rate, n)
        scores = special.expit(labels * 1.2 + random.normal(-1, 1.2, n))
        binned = np.minimum(bins - 1, np.floor(scores * bins))
        _, covariance = delong([binned], labels)
        histogram = [np.bincount(binned[labels == label].astype(int), minlength=bins) for label in (1, 0)]
        cases.append(
            {
                "name": name,
                "positives": column(histogram[0].astype(float)),
                "negatives": column(histogram[1].astype(float)),
                "expected": {
                    "estimate": metrics.roc_auc_score(labels, binned),
                    "standardError": float(np.sqrt(covariance[0, 0])),
                    "unbinned": metrics.roc_auc_score(labels, scores),
                },
            }
        )
    hanley = []
    for auc, positives, negatives in [(0.8965, 51, 58), (0.83456, 560, 1553), (0.5, 30, 30), (0.99, 10, 1000)]:
        a, p, n = mpmath.mpf(auc), positives, negatives
        q1, q2 = a / (2 - a), 2 * a**2 / (1 + a)
        variance = (a * (1 - a) + (p - 1) * (q1 - a**2) + (n - 1) * (q2 - a**2)) / (p * n)
        hanley.append({"auc": auc, "positives": p, "negatives": n, "expected": float(mpmath.sqrt(variance))})
    source = (
        f"{SKLEARN}, roc_auc_score of the bin numbers; variances as in auc.json; Hanley and McNeil (1982): {MPMATH}"
    )
    return {"source": source, "cases": cases, "hanleyMcNeil": hanley}


# --- Losses and pairs -------------------------------------------------------------------------------------------------


def loss_cases() -> dict[str, Any]:
    cases = []
    for name, labels, first, second in score_data():
        clipped = [np.clip(s, 1e-3, 1 - 1e-3) if name == "with ties" else s for s in (first, second)]
        rows = []
        for scores in clipped:
            log_losses = [metrics.log_loss([y], [s], labels=[0, 1]) for y, s in zip(labels, scores, strict=True)]
            rows.append((np.array(log_losses), (scores - labels) ** 2))
        paired_log = stats.ttest_rel(rows[1][0], rows[0][0])
        paired_brier = stats.ttest_rel(rows[1][1], rows[0][1])
        cases.append(
            {
                "name": name,
                "labels": column(labels.astype(float)),
                "champion": column(clipped[0]),
                "candidate": column(clipped[1]),
                "expected": {
                    "logLoss": metrics.log_loss(labels, clipped[0]),
                    "logLossError": stats.sem(rows[0][0]),
                    "brier": metrics.brier_score_loss(labels, clipped[0]),
                    "brierError": stats.sem(rows[0][1]),
                    "logLossDifference": float((rows[1][0] - rows[0][0]).mean()),
                    "logLossDifferenceError": stats.sem(rows[1][0] - rows[0][0]),
                    "logLossPValue": paired_log.pvalue,
                    "logLossInterval": list(paired_log.confidence_interval(0.95)),
                    "brierDifference": float((rows[1][1] - rows[0][1]).mean()),
                    "brierPValue": paired_brier.pvalue,
                    "brierInterval": list(paired_brier.confidence_interval(0.95)),
                },
            }
        )
    extreme = [[y, s, metrics.log_loss([y], [s], labels=[0, 1])] for y in (0, 1) for s in (0.0, 1e-20, 1e-9, 0.5, 1.0)]
    source = f"{SKLEARN}: log_loss, brier_score_loss; {SCIPY}: stats.sem, stats.ttest_rel"
    return {"source": source, "cases": cases, "extreme": extreme}


def mcnemar_cases() -> dict[str, Any]:
    cases = []
    for b, c in [(5, 12), (1, 9), (0, 6), (30, 48), (100, 160), (7, 7), (1, 0), (500, 380)]:
        table = [[50, b], [c, 20]]
        exact = contingency_tables.mcnemar(table, exact=True)
        plain = contingency_tables.mcnemar(table, exact=False, correction=False)
        expected: dict[str, Any] = {
            "exact": exact.pvalue,
            "chiSquare": [plain.statistic, plain.pvalue],
        }
        if b != c:  # statsmodels gives a statistic of 1/(b + c) for equal counts, R gives 0.
            corrected = contingency_tables.mcnemar(table, exact=False, correction=True)
            expected["corrected"] = [corrected.statistic, corrected.pvalue]
        right = np.repeat([0.0, -1.0, 1.0], [70, b, c])
        expected["accuracyDifference"] = [right.mean(), stats.sem(right)]
        cases.append({"onlyChampion": b, "onlyCandidate": c, "expected": expected})
    source = f"{STATSMODELS}: contingency_tables.mcnemar; difference of accuracy: {SCIPY}, stats.sem of -1, 0, 1"
    return {"source": source, "concordant": 70, "cases": cases}


def hajek_cases() -> dict[str, Any]:
    random = np.random.RandomState(17)
    cases = []
    for name, n, ratio in [("mean of reviewed labels", 300, False), ("precision of reviewed labels", 300, True)]:
        scores = np.round(random.beta(1, 3, n), 4)
        probability = np.round(np.clip(scores**1.5 + 0.02, 0, 1), 4)
        y = random.binomial(1, scores).astype(float)
        d = (scores > 0.3).astype(float) if ratio else np.ones(n)
        m = y * d
        used = d > 0
        # The estimate is weighted least squares on a constant; HC0 is Σ w² e²/(Σ w)², over the rows that count.
        fit = sm.WLS(m[used], np.ones(used.sum()), weights=1 / probability[used]).fit(cov_type="HC0")
        cases.append(
            {
                "name": name,
                "numerator": column(m),
                "denominator": column(d),
                "probability": column(probability),
                "expected": {
                    "estimate": fit.params[0],
                    "standardError": float(fit.bse[0] * np.sqrt(n / (n - 1))),
                    "effectiveN": float((1 / probability).sum() ** 2 / (1 / probability**2).sum()),
                },
            }
        )
    source = f"{STATSMODELS}: WLS on a constant with weights 1/probability, cov_type='HC0', times √(n/(n-1))"
    return {"source": source, "cases": cases}


# --- Plans ------------------------------------------------------------------------------------------------------------


def spending_function(name: str | float, alpha: float) -> Callable[[float], float]:
    if name == "pocock":
        return lambda t: alpha * math.log(1 + (math.e - 1) * t)
    if name == "obrien-fleming":
        return lambda t: 2 * stats.norm.sf(stats.norm.isf(alpha / 2) / math.sqrt(t))
    return lambda t: alpha * t ** float(name)


def bounds_by_orthants(fractions: list[float], alpha: float, sides: int, spending: str | float) -> list[float]:
    """Bounds as roots of multivariate normal probabilities (Genz's algorithm): no recursion, no density."""
    t = np.array(fractions)
    correlation = np.sqrt(np.minimum(t[:, None], t[None, :]) / np.maximum(t[:, None], t[None, :]))
    spent = spending_function(spending, alpha / sides)
    bounds: list[float] = []
    for k in range(len(t)):
        target = 1 - sides * spent(t[k])

        def stay(bound: float, k: int = k) -> float:
            upper = np.array([*bounds, bound])
            lower = -upper if sides == 2 else np.full(k + 1, -np.inf)
            law = stats.multivariate_normal(np.zeros(k + 1), correlation[: k + 1, : k + 1])
            law.abseps, law.releps, law.maxpts = 1e-9, 1e-9, 4_000_000
            return float(law.cdf(upper, lower_limit=lower, rng=np.random.default_rng(1)))

        bounds.append(float(optimize.brentq(lambda b, k=k: stay(b, k) - target, 1, 9, xtol=1e-9)))  # noqa: B023
    return bounds


def group_sequential_cases() -> dict[str, Any]:
    module = importlib.metadata.distribution("spotify-confidence").locate_file(
        "spotify_confidence/analysis/frequentist/sequential_bound_solver.py"
    )
    # Loaded by its file: the package around it would import plotting libraries.
    spec = importlib.util.spec_from_file_location("sequential_bound_solver", str(module))
    solver = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(solver)  # type: ignore[union-attr]
    cases: list[Case] = []
    plans: list[tuple[list[float], float, int, str | float]] = [
        ([0.25, 0.5, 0.75, 1.0], 0.05, 2, "obrien-fleming"),
        ([0.25, 0.5, 0.75, 1.0], 0.05, 2, "pocock"),
        ([0.25, 0.5, 0.75, 1.0], 0.05, 2, 2),
        ([0.2, 0.55, 1.0], 0.05, 1, "obrien-fleming"),
        ([0.3, 0.4, 0.9], 0.01, 2, 2),
        ([0.5, 1.0], 0.05, 1, "pocock"),
        ([1.0], 0.05, 2, "obrien-fleming"),
    ]
    for fractions, alpha, sides, spending in plans:
        source = f"{SCIPY}: roots of stats.multivariate_normal.cdf"
        expected = bounds_by_orthants(fractions, alpha, sides, spending)
        cases.append(plan_case(fractions, alpha, sides, spending, expected, source, 1e-5))
    for looks in (5, 14):
        fractions = [(k + 1) / looks for k in range(looks)]
        for sides in (1, 2):
            expected = solver.bounds(np.array(fractions), alpha=0.05, rho=2, ztrun=8, sides=sides).df["zb"]
            # Its own root search stops at 1e-7 in probability and its trapezoids are 0.05 wide.
            cases.append(plan_case(fractions, 0.05, sides, 2, list(expected), SPOTIFY, 2e-4))
    # The program behind the R package ldbounds; its bounds are good to about 1e-4.
    published = "Reboussin, DeMets, Kim and Lan, Controlled Clinical Trials 21 (2000)"
    bounds = [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]
    cases.append(plan_case([0.2, 0.4, 0.6, 0.8, 1.0], 0.05, 2, "obrien-fleming", bounds, published, 2e-4))
    return {"source": "each case names its own", "cases": cases}


def plan_case(
    fractions: list[float],
    alpha: float,
    sides: int,
    spending: str | float,
    expected: list[float],
    source: str,
    tolerance: float,
) -> Case:
    return {
        "source": source,
        "fractions": fractions,
        "alpha": alpha,
        "sides": "one" if sides == 1 else "two",
        "spending": spending,
        "expected": [float(b) for b in expected],
        "tolerance": tolerance,
    }


def multiplicity_cases() -> dict[str, Any]:
    cases = []
    for p_values in [
        [0.01, 0.04, 0.03, 0.005],
        [0.2],
        [0.001, 0.001, 0.5, 0.9, 1.0],
        [0.049, 0.05, 0.051],
        [0.0, 1e-12, 0.02, 0.02],
    ]:
        expected = {}
        for key, method in (("holm", "holm"), ("benjaminiHochberg", "fdr_bh")):
            rejected, adjusted, _, _ = multitest.multipletests(p_values, alpha=0.05, method=method)
            expected[key] = {"adjusted": [float(p) for p in adjusted], "rejected": [bool(r) for r in rejected]}
        cases.append({"pValues": p_values, "expected": expected})
    return {"source": f"{STATSMODELS}: multitest.multipletests", "alpha": 0.05, "cases": cases}


def sample_ratio_cases() -> dict[str, Any]:
    cases = []
    for counts, weights in [
        ([5000, 5100], [1, 1]),
        ([5000, 5400], [0.5, 0.5]),
        ([9000, 1010], [0.9, 0.1]),
        ([3300, 3400, 3300], [1, 1, 1]),
        ([50_000, 51_000, 24_000, 25_500], [2, 2, 1, 1]),
        ([120, 80], [1, 1]),
    ]:
        share = np.array(weights) / sum(weights)
        n = sum(counts)
        chi = stats.chisquare(counts, share * n)
        assert abs(chi.pvalue - check_srm(counts, weights)) < 1e-12
        # A Bayes factor: the coefficients of both laws are equal and cancel.
        factor = stats.dirichlet_multinomial.logpmf(counts, 1000 * share, n) - stats.multinomial.logpmf(
            counts, n, share
        )
        cases.append(
            {
                "counts": counts,
                "weights": weights,
                "expected": {
                    "statistic": chi.statistic,
                    "pValue": chi.pvalue,
                    "logBayesFactor": float(factor),
                    "sequentialPValue": float(min(1, math.exp(-factor))),
                },
            }
        )
    source = (
        f"{SCIPY}: stats.chisquare (equal to check_srm of {GROWTHBOOK}); "
        "stats.dirichlet_multinomial against stats.multinomial, concentration 1000"
    )
    return {"source": source, "cases": cases}


def power_cases() -> dict[str, Any]:
    cases: list[Case] = []
    for p1, effect, power, alpha in [
        (0.05, 0.005, 0.8, 0.05),
        (0.1, 0.005, 0.8, 0.05),
        (0.8, 0.008, 0.8, 0.05),
        (0.3, -0.03, 0.9, 0.01),
    ]:
        n = proportion.samplesize_proportions_2indep_onetail(effect, p1, power, ratio=1, alpha=alpha)
        reached = proportion.power_proportions_2indep(
            effect, p1, 20_000, ratio=1, alpha=alpha, alternative="two-sided", return_results=False
        )
        cases.append(
            {
                "metric": {"kind": "proportion", "baseline": p1},
                "effect": effect,
                "power": power,
                "alpha": alpha,
                "expected": {"n": math.ceil(n), "powerAt20000": float(reached)},
            }
        )
    for deviation, effect, power, alpha in [(10.0, 0.5, 0.8, 0.05), (1.0, -0.02, 0.9, 0.01)]:
        law = sm.stats.NormalIndPower()
        n = law.solve_power(abs(effect) / deviation, power=power, alpha=alpha, ratio=1, alternative="two-sided")
        reached = law.power(effect / deviation, 20_000, alpha, ratio=1, alternative="two-sided")
        cases.append(
            {
                "metric": {"kind": "mean", "standardDeviation": deviation},
                "effect": effect,
                "power": power,
                "alpha": alpha,
                "expected": {"n": math.ceil(n), "powerAt20000": float(reached)},
            }
        )
    source = f"{STATSMODELS}: samplesize_proportions_2indep_onetail, power_proportions_2indep, NormalIndPower"
    return {"source": source, "cases": cases}


# --- Drift ------------------------------------------------------------------------------------------------------------


def drift_cases() -> dict[str, Any]:
    random = np.random.RandomState(18)
    shifted = {f"mean shifted by {shift}": (0.0, shift) for shift in (0.0, 0.1, 0.3, 1.0)}
    edges = stats.norm.ppf(np.linspace(0, 1, 11)[1:-1])
    pairs = {
        name: tuple(
            np.bincount(np.searchsorted(edges, random.normal(mean, 1, n)), minlength=10)
            for mean, n in ((means[0], 5000), (means[1], 2000))
        )
        for name, means in shifted.items()
    }
    pairs["an empty bin on either side"] = (np.array([400, 300, 200, 100, 0]), np.array([200, 250, 250, 0, 100]))
    cases = []
    for name, (baseline, current) in pairs.items():
        n, m = baseline.sum(), current.sum()
        p, q = baseline / n, current / m
        floored = [np.maximum(share, 1e-4) for share in (p, q)]
        # entr-free form: the index is KL(q, p) + KL(p, q) of the floored shares, which need not add up to 1.
        psi = float((special.kl_div(floored[1], floored[0]) + special.kl_div(floored[0], floored[1])).sum())
        table = stats.contingency.chi2_contingency(np.array([baseline, current]), correction=False)
        gap = float(np.abs(np.cumsum(p) - np.cumsum(q)).max())
        worst = int(np.abs(p - q).argmax())
        z = proportion.proportions_ztest([baseline[worst], current[worst]], [n, m])
        cases.append(
            {
                "name": name,
                "baseline": column(baseline.astype(float)),
                "current": column(current.astype(float)),
                "expected": {
                    "psi": psi,
                    "psiPValue": float(stats.chi2.sf(psi / (1 / n + 1 / m), len(p) - 1)),
                    "psiCritical": float(stats.chi2.isf(1e-3, len(p) - 1) * (1 / n + 1 / m)),
                    "jensenShannon": float(scipy.spatial.distance.jensenshannon(p, q, base=2)),
                    "lInfinity": float(np.abs(p - q).max()),
                    "lInfinityBin": worst,
                    "lInfinityPValue": float(min(1, len(p) * z[1])),
                    "kolmogorovSmirnov": gap,
                    "kolmogorovSmirnovPValue": float(special.kolmogorov(gap * math.sqrt(n * m / (n + m)))),
                    "chiSquare": table.statistic,
                    "chiSquarePValue": table.pvalue,
                    "degreesOfFreedom": int(table.dof),
                },
            }
        )
    # With equal sizes the effect is Cramér's V itself.
    equal = [np.array([500, 300, 200]), np.array([420, 330, 250])]
    cramer = {
        "baseline": column(equal[0].astype(float)),
        "current": column(equal[1].astype(float)),
        "expected": float(stats.contingency.association(np.array(equal), method="cramer")),
    }
    source = (
        f"{SCIPY}: special.kl_div, spatial.distance.jensenshannon(base=2), stats.contingency, special.kolmogorov; "
        f"{STATSMODELS}: proportions_ztest"
    )
    return {"source": source, "cases": cases, "cramer": cramer}


def calibration_cases() -> dict[str, Any]:
    random = np.random.RandomState(19)
    cases = []
    for name, n, bend in [("overconfident", 1500, 1.8), ("calibrated", 800, 1.0), ("few", 60, 1.3)]:
        truth = random.beta(2, 2, n)
        labels = random.binomial(1, truth)
        scores = np.round(special.expit(bend * special.logit(truth)), 6)
        positive_rate, mean_score = calibration_curve(labels, scores, n_bins=10, strategy="uniform")
        sizes = np.bincount(np.floor(scores * 10).astype(int), minlength=10)
        filled = sizes[sizes > 0]
        cases.append(
            {
                "name": name,
                "scores": column(scores),
                "labels": column(labels.astype(float)),
                "expected": {
                    "estimate": float((filled / n * np.abs(positive_rate - mean_score)).sum()),
                    "sizes": column(sizes.astype(float)),
                    "positiveRate": [float(v) for v in positive_rate],
                    "meanScore": [float(v) for v in mean_score],
                },
            }
        )
    return {"source": f"{SKLEARN}: calibration_curve(n_bins=10, strategy='uniform')", "cases": cases}


def estimated_performance_cases() -> dict[str, Any]:
    """Each prediction counted as a positive with weight p and as a negative with weight 1 - p."""
    random = np.random.RandomState(20)
    cases = []
    for name, n, a, b, threshold in [
        ("balanced", 400, 2, 2, 0.5),
        ("rare", 600, 1, 8, 0.35),
        ("inside a bin", 300, 2, 3, 0.4312),
    ]:
        # Multiples of 1/200 plus half a bin: one score per bin, so nothing is lost by binning.
        scores = (np.floor(random.beta(a, b, n) * 200) + 0.5) / 200
        labels = np.repeat([1, 0], n)
        weights = np.concatenate([scores, 1 - scores])
        decided = np.tile((scores >= threshold).astype(int), 2)
        positive = scores >= threshold
        cases.append(
            {
                "name": name,
                "scores": column(scores),
                "threshold": threshold,
                "decidedPositive": {"n": int(positive.sum()), "scoreSum": float(scores[positive].sum())},
                "expected": {
                    "accuracy": metrics.accuracy_score(labels, decided, sample_weight=weights),
                    "precision": metrics.precision_score(labels, decided, sample_weight=weights),
                    "recall": metrics.recall_score(labels, decided, sample_weight=weights),
                    "f1": metrics.f1_score(labels, decided, sample_weight=weights),
                    "auc": metrics.roc_auc_score(labels, np.tile(scores, 2), sample_weight=weights),
                    "accuracyError": float(np.sqrt((scores * (1 - scores)).sum()) / n),
                },
            }
        )
    source = f"{SKLEARN}: metrics with sample_weight p for positive and 1 - p for negative copies of each prediction"
    return {"source": source, "cases": cases}


FILES: dict[str, Callable[[], dict[str, Any]]] = {
    "special-functions": special_functions,
    "means": mean_cases,
    "comparisons": comparison_cases,
    "mixtures": mixture_cases,
    "wilson": wilson_cases,
    "classification": classification_cases,
    "clusters": cluster_cases,
    "auc": auc_cases,
    "auc-bins": auc_bin_cases,
    "losses": loss_cases,
    "mcnemar": mcnemar_cases,
    "hajek": hajek_cases,
    "group-sequential": group_sequential_cases,
    "multiplicity": multiplicity_cases,
    "sample-ratio": sample_ratio_cases,
    "power": power_cases,
    "drift": drift_cases,
    "calibration": calibration_cases,
    "estimated-performance": estimated_performance_cases,
}


def text_of(document: dict[str, Any]) -> str:
    """JSON with one case per line, so that a changed case is one changed line. Refuses what JSON has no word for."""

    def one_line(value: Any) -> str:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, default=float)

    parts = []
    for key, value in document.items():
        if isinstance(value, list):
            rows = ",\n".join(f"    {one_line(row)}" for row in value)
            parts.append(f"  {one_line(key)}: [\n{rows}\n  ]")
        else:
            parts.append(f"  {one_line(key)}: {one_line(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the vectors")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file differs")
    parser.add_argument("--only", choices=FILES, help="one file instead of all")
    arguments = parser.parse_args()
    differing = []
    for name, make in FILES.items():
        if arguments.only not in (None, name):
            continue
        path, text = arguments.out / f"{name}.json", text_of(make())
        if arguments.check:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                differing.append(name)
            continue
        arguments.out.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name in differing:
        print(f"{name}.json differs; run without --check and look at the difference", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
