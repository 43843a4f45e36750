"""One sentence a metric and pair, for a reader without statistics, and no bolder than the test."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ctseq.evidence.metrics import higher_is_better

# How a sentence calls a metric; others go by their name with spaces.
WORDS = {
    "roc_auc": "area under the ROC curve",
    "recall": "sensitivity",
    "precision": "positive predictive value",
    "f1": "F1 score",
    "mcc": "Matthews correlation",
    "brier": "Brier score",
    "tn": "number of true negatives",
    "fp": "number of false positives",
    "fn": "number of false negatives",
    "tp": "number of true positives",
}
PRACTICALLY_SURE = 0.95  # customary for a posterior probability (Benavoli et al. 2017)


def verdict_table(
    resampled: pd.DataFrame,
    bayesian: pd.DataFrame,
    *,
    alpha: float,
    labels: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Put the primary analysis into sentences.

    A difference is claimed if its Holm-adjusted p is below `alpha`, and not otherwise.

    Parameters
    ----------
    resampled, bayesian
        Tables of `ctseq.evidence.resampled` on the same metrics and pairs.
    alpha
        Level of the claims; intervals in `resampled` have level 1 - `alpha`.
    labels
        What a reader calls the models; their names by default.

    Returns
    -------
    DataFrame
        metric, model_a, model_b, supported (0 or 1), better (the better model if supported),
        estimate, low, high, p_adjusted, sentence.
    """
    key = ["metric", "model_a", "model_b"]
    chances = bayesian.set_index(key)["p_equivalent"]
    rope = bayesian.set_index(key)["rope"]
    n_tests = int(resampled["p"].notna().sum())
    rows = []
    for row in resampled.itertuples():
        place = row.metric, row.model_a, row.model_b
        supported = bool(row.p_adjusted < alpha)
        a_better = (row.estimate > 0) == higher_is_better(row.metric)
        better = (row.model_a if a_better else row.model_b) if supported else ""
        rows.append(
            {
                **dict(zip(key, place, strict=True)),
                "supported": int(supported),
                "better": better,
                "estimate": row.estimate,
                "low": row.low,
                "high": row.high,
                "p_adjusted": row.p_adjusted,
                "sentence": _sentence(
                    row, supported, chances[place], rope[place], alpha, n_tests, labels or {}
                ),
            }
        )
    return pd.DataFrame(rows)


def _sentence(
    row,
    supported: bool,
    equivalent: float,
    rope: float,
    alpha: float,
    n_tests: int,
    labels: Mapping[str, str],
) -> str:
    a, b = (labels.get(model, model) for model in (row.model_a, row.model_b))
    metric = metric_words(row.metric)
    if np.isnan(row.p):
        return f"Whether {a} and {b} differ in {metric} cannot be tested: {row.note}."
    if np.isnan(row.low):
        return f"{a} and {b} have the same {metric} in every replicate."
    first, second = (a, b) if row.estimate > 0 else (b, a)
    low, high = (row.low, row.high) if row.estimate > 0 else (-row.high, -row.low)
    size = abs(row.estimate)
    interval = interval_words(low, high, alpha=alpha)
    adjusted = p_words(row.p_adjusted, n_tests=n_tests)
    if supported:
        better = "" if higher_is_better(row.metric) else ", and lower is better"
        return (
            f"{first} has a higher {metric} than {second}, by {size_words(size)} "
            f"({interval}; {adjusted}){better}."
        )
    if equivalent >= PRACTICALLY_SURE:
        return (
            f"{a} and {b} are practically equal in {metric}: with a probability of "
            f"{equivalent:.2f} they differ by less than {rope:g} ({interval}, {first} minus "
            f"{second}; {adjusted})."
        )
    doubt = "which is too uncertain to tell which of them is higher"
    if low > 0:
        doubt = "which is not enough once the number of comparisons is allowed for"
    if abs(row.estimate) <= 1e-12:
        return (
            f"This study does not show that {a} and {b} differ in {metric}: on average they are "
            f"equal ({interval}; {adjusted})."
        )
    return (
        f"This study does not show that {a} and {b} differ in {metric}: {first} is higher by "
        f"{size_words(size)} on average ({interval}; {adjusted}), {doubt}."
    )


def metric_words(metric: str) -> str:
    """Name a metric inside a sentence."""
    return WORDS.get(metric, metric.replace("_", " "))


def size_words(value: float) -> str:
    """Write a difference with two decimals, or with its first digit if it is smaller."""
    return f"{value:.2f}" if abs(value) >= 0.005 or value == 0 else f"{value:.1g}"


def interval_words(low: float, high: float, *, alpha: float) -> str:
    """Write an interval of level 1 - `alpha`."""
    return f"{100 * (1 - alpha):g} % interval {size_words(low)} to {size_words(high)}"


def p_words(p: float, *, n_tests: int) -> str:
    """Write an adjusted p value and, if there are others, for how many it is adjusted."""
    size = "< 0.001" if p < 0.001 else f"= {p:.3f}" if p < 0.1 else f"= {p:.2f}"
    return f"p {size}" + (f" adjusted for {n_tests} comparisons" if n_tests > 1 else "")
