"""What the statistics support, in words that are no bolder than the tests."""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any

import pandas as pd

from ctseq.core.words import listed
from ctseq.evidence.metrics import METRICS
from ctseq.evidence.studies import Conclusion
from ctseq.report.notes import words_of
from ctseq.report.numbers import p_equation, size


class Finding(StrEnum):
    """What an interval shows of the first of two models, compared with the second."""

    SUPERIOR = "superior to"
    SLIGHTLY_SUPERIOR = "superior by less than matters to"
    INFERIOR = "inferior to"
    SLIGHTLY_INFERIOR = "inferior by less than matters to"
    EQUIVALENT = "equivalent to"
    NONINFERIOR = "non-inferior to"
    NOT_SUPERIOR = "certainly not superior by the margin to"
    INCONCLUSIVE = "not told apart from"
    EQUAL = "the same in every replicate as"
    UNTESTED = "not testable against"


_SUPERIOR = frozenset({Finding.SUPERIOR, Finding.SLIGHTLY_SUPERIOR})
_INFERIOR = frozenset({Finding.INFERIOR, Finding.SLIGHTLY_INFERIOR})
_SLIGHT = frozenset({Finding.SLIGHTLY_SUPERIOR, Finding.SLIGHTLY_INFERIOR})
_OPEN = frozenset({Finding.NONINFERIOR, Finding.NOT_SUPERIOR, Finding.INCONCLUSIVE})


def finding_of(row: Any) -> Finding:
    """Return what a row of `evidence.tables.VERDICT` shows."""
    if pd.isna(row.p):
        return Finding.UNTESTED
    if pd.isna(row.low):
        return Finding.EQUAL
    if row.better == row.model_a:
        return Finding.SLIGHTLY_SUPERIOR if row.equivalent else Finding.SUPERIOR
    if row.better == row.model_b:
        return Finding.SLIGHTLY_INFERIOR if row.equivalent else Finding.INFERIOR
    if row.equivalent:
        return Finding.EQUIVALENT
    if row.a_noninferior:
        return Finding.NONINFERIOR
    return Finding.NOT_SUPERIOR if row.b_noninferior else Finding.INCONCLUSIVE


def verdict_words(row: Any, *, labels: Mapping[str, str]) -> str:
    """Return a verdict in the few words of a table's cell.

    `row` is one of `evidence.tables.VERDICT`.
    """
    a, b = labels[row.model_a], labels[row.model_b]
    finding = finding_of(row)
    words = {
        Finding.SUPERIOR: f"{a} superior",
        Finding.SLIGHTLY_SUPERIOR: f"{a} superior, by less than matters ({row.margin:g})",
        Finding.INFERIOR: f"{b} superior",
        Finding.SLIGHTLY_INFERIOR: f"{b} superior, by less than matters ({row.margin:g})",
        Finding.EQUIVALENT: f"equivalent (margin {row.margin:g})",
        Finding.NONINFERIOR: f"{a} non-inferior (margin {row.margin:g})",
        Finding.NOT_SUPERIOR: f"{b} non-inferior (margin {row.margin:g})",
        Finding.INCONCLUSIVE: "inconclusive",
        Finding.EQUAL: "equal in every replicate",
        Finding.UNTESTED: "cannot be tested",
    }[finding]
    if not _out_of_reach(row, finding):
        return words
    words = words.partition(" (")[0]
    half = size((row.high - row.low) / 2)
    return f"{words}; equivalence cannot be shown: ±{half}, margin {row.margin:g}"


def answer_sentence(
    contrasts: pd.DataFrame,
    *,
    labels: Mapping[str, str],
    alpha: float,
    sequence: Collection[str] = (),
) -> str:
    """Return the answer of a study in one sentence.

    Parameters
    ----------
    contrasts
        Rows of `evidence.tables.VERDICT` of the contrasts on the primary metric, with `notes`.
    labels
        Model to label.
    alpha
        Intervals have level 1 - `alpha`.
    sequence
        Models that see a whole sequence, where the study asks whether they beat those that see
        slices: the sentence then begins with yes, no, or that this is not shown.
    """
    rows = list(contrasts.itertuples())
    asked = [row for row in rows if (row.model_a in sequence) != (row.model_b in sequence)]
    replies = [_beats(row, row.model_a in sequence) for row in asked] if sequence else []
    if len(rows) == 1:
        return _on_one(rows[0], labels, alpha, "".join(replies))
    metric = METRICS[rows[0].metric].words
    parts = []
    for first in dict.fromkeys(row.model_a for row in rows):
        others: dict[Finding, list[str]] = {finding: [] for finding in Finding}
        for row in rows:
            if row.model_a == first:
                others[finding_of(row)].append(labels[row.model_b])
        found = [f"{finding} {listed(own)}" for finding, own in others.items() if own]
        parts.append(f"{labels[first]} is {listed(found)}")
    lead = f"{_replied(replies)}: in" if replies else "In"
    return f"{lead} {metric}, {'; '.join(parts)} ({len(rows)} comparisons, adjusted after Holm)."


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


def _on_one(row: Any, labels: Mapping[str, str], alpha: float, reply: str) -> str:
    a, b = labels[row.model_a], labels[row.model_b]
    metric, finding = METRICS[row.metric], finding_of(row)
    if finding is Finding.UNTESTED:
        return f"Whether {a} and {b} differ in {metric.words} cannot be tested: {_why(row)}."
    lead = {"": "", "not shown": "Not shown; "}.get(reply, f"{reply.capitalize()}, ")
    if finding is Finding.EQUAL:
        return f"{lead}{a} and {b} have the same {metric.words} in every replicate."
    claims = {
        **dict.fromkeys(_SUPERIOR, f"{a} is superior to {b}"),
        **dict.fromkeys(_INFERIOR, f"{a} is inferior to {b}"),
        Finding.EQUIVALENT: f"{a} and {b} are equivalent",
        Finding.NONINFERIOR: f"{a} is non-inferior to {b}",
        Finding.NOT_SUPERIOR: f"{b} is non-inferior to {a}",
    }
    slight = ", but by less than matters" if finding in _SLIGHT else ""
    lower = "" if metric.higher_is_better else " (lower is better)"
    if finding is Finding.INCONCLUSIVE:
        lead = "Not shown: " if lead else f"No difference between {a} and {b} is shown: "
        claim = f"{a} minus {b} is {size(row.estimate)} in {metric.words}{lower}"
    else:
        claim = (
            f"{claims[finding]} in {metric.words}{lower}{slight}: {a} minus {b} is "
            f"{size(row.estimate)}"
        )
    return (
        f"{lead}{claim} ({100 * (1 - alpha):g} % interval {size(row.low)} to {size(row.high)}; "
        f"{p_equation(row.p_adjusted)}){_beside_margin(row, finding)}."
    )


def _beside_margin(row: Any, finding: Finding) -> str:
    """Return how a sentence on a difference goes on, where the margin decides what is said."""
    if finding in (Finding.SUPERIOR, Finding.INFERIOR):
        return ""
    if _out_of_reach(row, finding):
        half = size((row.high - row.low) / 2)
        return (
            ", and equivalence cannot be shown with these patients: the interval is "
            f"±{half}, the margin {row.margin:g}"
        )
    return f"; the margin is {row.margin:g}"


def _beats(row: Any, first_sees: bool) -> str:
    """Return whether the model that sees the sequence beats the other: yes, no or not shown."""
    finding = finding_of(row)
    if finding in (_SUPERIOR if first_sees else _INFERIOR):
        return "yes"
    worse = _INFERIOR if first_sees else _SUPERIOR
    return "no" if finding in {*worse, Finding.EQUIVALENT, Finding.EQUAL} else "not shown"


def _replied(replies: Sequence[str]) -> str:
    """Return the reply to a question that several contrasts ask."""
    n_yes = replies.count("yes")
    if 0 < n_yes < len(replies):
        return f"Yes in {n_yes} of {len(replies)} comparisons"
    return replies[0].capitalize() if len(set(replies)) == 1 else "Not shown"


def _out_of_reach(row: Any, finding: Finding) -> bool:
    """Return whether it must be said that no interval of this width could show equivalence."""
    return finding in _OPEN and not row.reachable


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
    numbers = f"by {size(abs(row.estimate))} ({_interval(row, alpha)}; {p})"
    if row.p_adjusted < alpha:
        return f"Order matters: {in_order} has a {higher} {metric} than {shuffled}, {numbers}."
    return f"{none_shown}: {in_order} is {higher} than {shuffled} {numbers}."


def _why(row: Any) -> str:
    return "; ".join(words_of(row.notes))


def _interval(row: Any, alpha: float) -> str:
    """Return the interval of the higher model minus the lower one."""
    low, high = (row.low, row.high) if row.estimate > 0 else (-row.high, -row.low)
    return f"{100 * (1 - alpha):g} % interval {size(low)} to {size(high)}"


def _p(p: float, n_tests: int) -> str:
    """Return an adjusted p value and, if there are others, for how many it is adjusted."""
    return p_equation(p) + (f" adjusted for {n_tests} comparisons" if n_tests > 1 else "")


def _studies(names: Sequence[str]) -> str:
    return f"stud{'y' if len(names) == 1 else 'ies'} {listed(names)}"
