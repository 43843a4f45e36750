"""Numbers and names of metrics as text: few digits, and plain about what is undefined."""

import math
from collections.abc import Collection
from typing import Any

import pandas as pd

from ctseq.evidence.notes import cut_ends

UNDEFINED = "undefined"
UNBOUNDED = "unbounded"
CUT = "\N{DAGGER}"
# Stands once below what has the mark.
CUT_MEANS = f"{CUT} Cut at the limit of what there can be: the interval would reach past it."
_MINUS = "\N{MINUS SIGN}"
# The learners of simulated studies.
LEARNER_WORDS = {
    "ridge": "ridge regression",
    "knn": "nearest neighbours",
    "logistic": "logistic regression",
    "tuned": "tuned ridge regression",
}
_STATISTICS = {
    "roc_auc": "AUC",
    "roc": "ROC curve",
    "precision_recall": "precision-recall curve",
    "curve": "smooth curve",
    "observed_expected": "observed over expected",
    "ppv": "PPV",
    "npv": "NPV",
    "brier": "Brier score",
    "mcc": "MCC",
    "f1": "F1",
}


def number(value: float, digits: int = 2) -> str:
    """Return a number with fixed decimals; NaN is undefined."""
    if pd.isna(value):
        return UNDEFINED
    if math.isinf(value):
        return UNBOUNDED
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", _MINUS)


def size(value: float) -> str:
    """Return a number with two decimals, or with its first digit if it is smaller.

    Below 0.0005 it is 0.00: no difference of metrics so small is of interest, and it may be what
    rounding left of none.
    """
    if 0.0005 <= abs(value) < 0.005:
        return f"{value:.1g}".replace("-", _MINUS)
    return number(value)


def count(value: float) -> str:
    """Return a count with its thousands apart; NaN is undefined."""
    if pd.isna(value):
        return UNDEFINED
    if math.isinf(value):
        return UNBOUNDED
    return f"{round(value):,}".replace(",", "\N{NARROW NO-BREAK SPACE}").replace("-", _MINUS)


def mean_count(value: float) -> str:
    """Return a mean number of patients, below 100 with one decimal where it is not whole."""
    whole = pd.isna(value) or value >= 100 or value % 1 == 0
    return count(value) if whole else f"{value:.1f}"


def p_value(p: float) -> str:
    """Return a p value with two decimals, below .1 with three, or as below .001; never as 0."""
    if pd.isna(p):
        return UNDEFINED
    if p < 0.001:
        return "< .001"
    # Two decimals below .1 would hide on which side of .05 a value lies.
    return "1" if p >= 0.995 else f"{p:.{3 if p < 0.1 else 2}f}".lstrip("0")


def p_equation(p: float) -> str:
    """Return a p value for a sentence: ``p = .35``, ``p < .001``."""
    text = p_value(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def estimate(row: Any) -> str:
    """Return the estimate of a row of evidence, with its interval where it has one.

    `row` has `estimate`, `low`, `high` and `notes`.
    """
    shown = size(row.estimate)
    if pd.isna(row.low):
        return shown
    return f"{shown} {interval(row.low, row.high, cut=cut_ends(row.notes))}"


def interval(low: float, high: float, *, cut: Collection[str] = ()) -> str:
    """Return an interval in brackets.

    `cut` are the ends that are cut at what there can be (`notes.cut_ends`): they are marked.
    """
    if pd.isna(low) or pd.isna(high):
        return UNDEFINED
    return f"[{', '.join(ends(low, high, cut=cut))}]"


def ends(low: float, high: float, *, cut: Collection[str] = ()) -> tuple[str, str]:
    """Return both ends of an interval as text, marked where they are cut."""
    return size(low) + CUT * ("low" in cut), size(high) + CUT * ("high" in cut)


def statistic_words(name: str) -> str:
    """Return what a rate of ``levels.csv`` is about, inside a sentence."""
    # The thresholds of net benefit are part of its name.
    stem, at, point = name.replace("net_benefit_", "net_benefit at ").partition(" at ")
    return _STATISTICS.get(stem, stem.replace("_", " ")) + at + point


def memory(mib: float) -> str:
    """Return an amount of memory in MiB or GiB; NaN was not measured."""
    if pd.isna(mib):
        return "not measured"
    return f"{mib:.0f} MiB" if mib < 1024 else f"{mib / 1024:.1f} GiB"
