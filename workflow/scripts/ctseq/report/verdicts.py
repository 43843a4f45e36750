"""What the statistics support, in sentences that are no bolder than the tests."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ctseq.core.words import listed
from ctseq.evidence.metrics import METRICS
from ctseq.evidence.studies import Conclusion
from ctseq.report.notes import words_of
from ctseq.report.numbers import p_equation

PRACTICALLY_SURE = 0.95  # customary for a posterior probability (Benavoli et al. 2017)


def verdict_sentences(
    comparison: Mapping[str, pd.DataFrame], *, labels: Mapping[str, str], alpha: float
) -> list[str]:
    """Return the primary analysis in sentences, one a metric and pair of models.

    Parameters
    ----------
    comparison
        Stem of ``comparison/**.csv`` to table; those of the verdict and of the two tests it
        rests on.
    labels
        Model to label.
    alpha
        Level of the claims; intervals have level 1 - `alpha`.
    """
    key = ["metric", "model_a", "model_b"]
    tests = comparison["resampled_t"]
    rows = tests.merge(comparison["verdict"][[*key, "supported"]], on=key)
    rows = rows.merge(comparison["bayesian_t"][[*key, "p_equivalent", "rope"]], on=key)
    n_tests = tests["p"].count()
    return [_verdict(row, labels, alpha, n_tests) for row in rows.itertuples()]


def agreement_sentence(found: Conclusion, *, labels: Mapping[str, str]) -> str:
    """Return in a sentence whether studies come to the same conclusion on two models.

    That one study shows a difference and another does not is not called a contradiction.
    """
    a, b = labels[found.model_a], labels[found.model_b]
    metric = METRICS[found.metric].words
    undecided = f"{_studies(found.open)} show{'s' * (len(found.open) == 1)} no difference"
    if found.a_better and found.b_better:
        rest = f"; {undecided}" if found.open else ""
        return (
            f"The studies contradict each other in {metric}: {a} is better than {b} in "
            f"{_studies(found.a_better)}, and worse in {_studies(found.b_better)}{rest}."
        )
    if not found.a_better and not found.b_better:
        return f"No difference between {a} and {b} in {metric} is shown by {_studies(found.open)}."
    better, other = (a, b) if found.a_better else (b, a)
    shown = _studies(found.a_better or found.b_better)
    if not found.open:
        return (
            f"{shown[0].upper()}{shown[1:]} agree that {better} is better than {other} in {metric}."
        )
    return (
        f"{better} is better than {other} in {metric} in {shown}; {undecided}, which does not say "
        "that there is none."
    )


def order_sentences(table: pd.DataFrame, *, labels: Mapping[str, str], alpha: float) -> list[str]:
    """Return tests of the order of slices in sentences, which never say that it has no effect.

    Parameters
    ----------
    table
        As `ctseq.evidence.order.order_table` returns it.
    labels
        Name of a run to its label.
    alpha
        Level of the claims; intervals have level 1 - `alpha`.
    """
    n_tests = table["p"].count()
    return [_order(row, labels, alpha, n_tests) for row in table.itertuples()]


def _verdict(row: Any, labels: Mapping[str, str], alpha: float, n_tests: int) -> str:
    a, b = (labels.get(model, model) for model in (row.model_a, row.model_b))
    metric = METRICS[row.metric]
    if pd.isna(row.p):
        return f"Whether {a} and {b} differ in {metric.words} cannot be tested: {_why(row)}."
    if pd.isna(row.low):
        return f"{a} and {b} have the same {metric.words} in every replicate."
    first, second = (a, b) if row.estimate > 0 else (b, a)
    size, interval = _size(abs(row.estimate)), _interval(row, alpha)
    p = _p(row.p_adjusted, n_tests)
    if row.supported:
        claim = f"{first} has a higher {metric.words} than {second}, by {size} ({interval}; {p})"
        return f"{claim}." if metric.higher_is_better else f"{claim}, and lower is better."
    if row.p_equivalent >= PRACTICALLY_SURE:
        return (
            f"{a} and {b} are practically equal in {metric.words}: with a probability of "
            f"{row.p_equivalent:.2f} they differ by less than {row.rope:g} ({interval}, {first} "
            f"minus {second}; {p})."
        )
    shown = f"This study does not show that {a} and {b} differ in {metric.words}"
    if abs(row.estimate) <= 1e-12:
        return f"{shown}: on average they are equal ({interval}; {p})."
    doubt = "which is too uncertain to tell which of them is higher"
    if row.low > 0 or row.high < 0:
        doubt = "which is not enough once the number of comparisons is allowed for"
    return f"{shown}: {first} is higher by {size} on average ({interval}; {p}), {doubt}."


def _order(row: Any, labels: Mapping[str, str], alpha: float, n_tests: int) -> str:
    in_order, shuffled = f"{labels[row.model_a]}, in order,", labels[row.model_b]
    metric = METRICS[row.metric].words
    if pd.isna(row.p):
        return (
            f"Whether order matters to {metric} cannot be tested on {in_order} and {shuffled}: "
            f"{_why(row)}."
        )
    none_shown = f"No effect of order on {metric} is shown"
    if pd.isna(row.low):
        return f"{none_shown}: {in_order} and {shuffled} are equal in every replicate."
    higher = "higher" if row.estimate > 0 else "lower"
    p = _p(row.p_adjusted, n_tests)
    numbers = f"by {_size(abs(row.estimate))} ({_interval(row, alpha)}; {p})"
    if row.p_adjusted < alpha:
        return f"Order matters: {in_order} has a {higher} {metric} than {shuffled}, {numbers}."
    return f"{none_shown}: {in_order} is {higher} than {shuffled} {numbers}."


def _why(row: Any) -> str:
    return "; ".join(words_of(row.notes))


def _interval(row: Any, alpha: float) -> str:
    """Return the interval of the higher model minus the lower one."""
    low, high = (row.low, row.high) if row.estimate > 0 else (-row.high, -row.low)
    return f"{100 * (1 - alpha):g} % interval {_size(low)} to {_size(high)}"


def _size(value: float) -> str:
    """Return a difference with two decimals, or with its first digit if it is smaller."""
    text = f"{value:.2f}" if abs(value) >= 0.005 or value == 0 else f"{value:.1g}"
    return text.replace("-", "\N{MINUS SIGN}")


def _p(p: float, n_tests: int) -> str:
    """Return an adjusted p value and, if there are others, for how many it is adjusted."""
    return p_equation(p) + (f" adjusted for {n_tests} comparisons" if n_tests > 1 else "")


def _studies(names: Sequence[str]) -> str:
    return f"stud{'y' if len(names) == 1 else 'ies'} {listed(names)}"
