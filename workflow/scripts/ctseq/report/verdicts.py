"""What the statistics support, in sentences that are no bolder than the tests."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ctseq.core.words import listed
from ctseq.evidence.metrics import METRICS
from ctseq.evidence.studies import Conclusion
from ctseq.report.notes import words_of

PRACTICALLY_SURE = 0.95  # customary for a posterior probability (Benavoli et al. 2017)
HOW_TO_TELL = (
    "Whether the order of slices matters cannot be told from these studies: no model of theirs "
    "stands beside the same model with shuffle_slices: true, trained on the same splits. Add "
    "such a model to a study, or run a study with it under the same seed."
)


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
    n_tests = int(tests["p"].notna().sum())
    rows = tests.merge(comparison["verdict"][[*key, "supported"]], on=key)
    rows = rows.merge(comparison["bayesian_t"][[*key, "p_equivalent", "rope"]], on=key)
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
        Run to what a reader calls it.
    alpha
        Level of the claims; intervals have level 1 - `alpha`.
    """
    n_tests = int(table["p"].notna().sum())
    return [_order(row, labels, alpha, n_tests) for row in table.itertuples()]


def _verdict(row: Any, labels: Mapping[str, str], alpha: float, n_tests: int) -> str:
    a, b = (labels.get(model, model) for model in (row.model_a, row.model_b))
    metric = METRICS[row.metric].words
    if pd.isna(row.p):
        why = "; ".join(words_of(row.notes))
        return f"Whether {a} and {b} differ in {metric} cannot be tested: {why}."
    if pd.isna(row.low):
        return f"{a} and {b} have the same {metric} in every replicate."
    first, second = (a, b) if row.estimate > 0 else (b, a)
    low, _ = _turned(row)
    interval, adjusted = _interval(row, alpha), _p(row.p_adjusted, n_tests)
    if row.supported:
        better = "" if METRICS[row.metric].higher_is_better else ", and lower is better"
        return (
            f"{first} has a higher {metric} than {second}, by {_size(abs(row.estimate))} "
            f"({interval}; {adjusted}){better}."
        )
    if row.p_equivalent >= PRACTICALLY_SURE:
        return (
            f"{a} and {b} are practically equal in {metric}: with a probability of "
            f"{row.p_equivalent:.2f} they differ by less than {row.rope:g} ({interval}, {first} "
            f"minus {second}; {adjusted})."
        )
    shown = f"This study does not show that {a} and {b} differ in {metric}"
    if abs(row.estimate) <= 1e-12:
        return f"{shown}: on average they are equal ({interval}; {adjusted})."
    doubt = "which is too uncertain to tell which of them is higher"
    if low > 0:
        doubt = "which is not enough once the number of comparisons is allowed for"
    return (
        f"{shown}: {first} is higher by {_size(abs(row.estimate))} on average ({interval}; "
        f"{adjusted}), {doubt}."
    )


def _order(row: Any, labels: Mapping[str, str], alpha: float, n_tests: int) -> str:
    in_order, shuffled = labels[row.model_a], labels[row.model_b]
    metric, pair = METRICS[row.metric].words, f"{in_order}, in order, and {shuffled}"
    if pd.isna(row.p):
        why = "; ".join(words_of(row.notes))
        return f"Whether order matters to {metric} cannot be tested on {pair}: {why}."
    if pd.isna(row.low):
        return f"No effect of order on {metric} is shown: {pair} are equal in every replicate."
    higher = "higher" if row.estimate > 0 else "lower"
    numbers = (
        f"by {_size(abs(row.estimate))} ({_interval(row, alpha)}; {_p(row.p_adjusted, n_tests)})"
    )
    if row.p_adjusted < alpha:
        return (
            f"Order matters: {in_order}, in order, has a {higher} {metric} than {shuffled}, "
            f"{numbers}."
        )
    return (
        f"No effect of order on {metric} is shown: {in_order}, in order, is {higher} than "
        f"{shuffled} {numbers}."
    )


def _turned(row: Any) -> tuple[float, float]:
    """Return the interval of the higher model minus the lower one."""
    return (row.low, row.high) if row.estimate > 0 else (-row.high, -row.low)


def _interval(row: Any, alpha: float) -> str:
    low, high = _turned(row)
    return f"{100 * (1 - alpha):g} % interval {_size(low)} to {_size(high)}"


def _size(value: float) -> str:
    """Write a difference with two decimals, or with its first digit if it is smaller."""
    text = f"{value:.2f}" if abs(value) >= 0.005 or value == 0 else f"{value:.1g}"
    return text.replace("-", "\N{MINUS SIGN}")


def _p(p: float, n_tests: int) -> str:
    """Write an adjusted p value and, if there are others, for how many it is adjusted."""
    size = "< 0.001" if p < 0.001 else f"= {p:.3f}" if p < 0.1 else f"= {p:.2f}"
    return f"p {size}" + (f" adjusted for {n_tests} comparisons" if n_tests > 1 else "")


def _studies(names: Sequence[str]) -> str:
    return f"stud{'y' if len(names) == 1 else 'ies'} {listed(names)}"
