"""What the statistics support, in words that are no bolder than the tests."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from ctseq.core.words import listed, listed_few
from ctseq.evidence.metrics import METRICS
from ctseq.evidence.notes import cut_ends, turned_round
from ctseq.evidence.over_replicates.verdicts import Finding, finding_of
from ctseq.report.notes import words_of
from ctseq.report.numbers import ends, p_equation, size

_IS = {
    Finding.SUPERIOR: "superior to",
    Finding.SLIGHTLY_SUPERIOR: "better by less than matters than",
    Finding.INFERIOR: "inferior to",
    Finding.SLIGHTLY_INFERIOR: "worse by less than matters than",
    Finding.EQUIVALENT: "equivalent to",
    Finding.NONINFERIOR: "non-inferior to",
    Finding.NOT_SUPERIOR: "not better by as much as matters than",
    Finding.INCONCLUSIVE: "not told apart from",
    Finding.EQUAL: "equal in every replicate to",
    Finding.UNTESTED: "not testable against",
}
_SUPERIOR = frozenset({Finding.SUPERIOR, Finding.SLIGHTLY_SUPERIOR})
_INFERIOR = frozenset({Finding.INFERIOR, Finding.SLIGHTLY_INFERIOR})
_SLIGHT = frozenset({Finding.SLIGHTLY_SUPERIOR, Finding.SLIGHTLY_INFERIOR})
# What an interval shows by itself: no adjustment for the number of contrasts is made in it.
_FROM_INTERVAL = {
    "equivalence": frozenset({Finding.EQUIVALENT}),
    "non-inferiority": frozenset({Finding.NONINFERIOR, Finding.NOT_SUPERIOR}),
    "what is less than matters": _SLIGHT,
}
# What several contrasts show: its findings, and its words for one and for more of them.
_SEVERAL = {
    "shows a difference": (_SUPERIOR | _INFERIOR) - _SLIGHT,
    "shows a difference smaller than matters": _SLIGHT,
    "shows equivalence": frozenset({Finding.EQUIVALENT, Finding.EQUAL}),
    "shows that one model is no worse": frozenset({Finding.NONINFERIOR, Finding.NOT_SUPERIOR}),
    "leaves open which model is better": frozenset({Finding.INCONCLUSIVE}),
    "cannot be tested": frozenset({Finding.UNTESTED}),
}
# First models that a sentence tells apart, and names in one of its lists.
_MOST_FIRSTS, _MOST_NAMED = 2, 3
_OPEN = frozenset({Finding.NONINFERIOR, Finding.NOT_SUPERIOR, Finding.INCONCLUSIVE})
_BY_MARGIN = frozenset({Finding.EQUIVALENT, Finding.NONINFERIOR, Finding.NOT_SUPERIOR})


def finding_words(finding: Finding, a: str, b: str) -> str:
    """Return a finding on models of these labels in the fewest words."""
    return {
        Finding.SUPERIOR: f"{a} superior",
        Finding.SLIGHTLY_SUPERIOR: f"{a} superior, by less than matters",
        Finding.INFERIOR: f"{b} superior",
        Finding.SLIGHTLY_INFERIOR: f"{b} superior, by less than matters",
        Finding.EQUIVALENT: "equivalent",
        Finding.NONINFERIOR: f"{a} non-inferior",
        Finding.NOT_SUPERIOR: f"{b} non-inferior",
        Finding.INCONCLUSIVE: "inconclusive",
        Finding.EQUAL: "equal in every replicate",
        Finding.UNTESTED: "cannot be tested",
    }[finding]


def verdict_words(row: Any, *, labels: Mapping[str, str]) -> str:
    """Return a verdict in the few words of a table's cell.

    `row` is one of `evidence.tables.VERDICT`.
    """
    finding = finding_of(row)
    words = finding_words(finding, labels[row.model_a], labels[row.model_b])
    if finding in _OPEN and not row.reachable:
        return f"{words}; too wide for equivalence ({row.margin:g})"
    if finding in _SLIGHT:
        return f"{words} ({row.margin:g})"
    return f"{words} (margin {row.margin:g})" if finding in _BY_MARGIN else words


def answer_sentence(
    contrasts: pd.DataFrame,
    *,
    labels: Mapping[str, str],
    alpha: float,
    asked: Collection[str] = (),
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
    asked
        Models of which the study asks whether they beat those that are not among them: the sentence
        then begins with yes, no, or that this is not shown.
    """
    rows = list(contrasts.itertuples())
    telling = [row for row in rows if (row.model_a in asked) != (row.model_b in asked)]
    replies = [_beats(row, row.model_a in asked) for row in telling]
    if len(rows) == 1:
        return _on_one(rows[0], labels, alpha, "".join(replies))
    metric = METRICS[rows[0].metric].words
    if len({row.model_a for row in rows}) > _MOST_FIRSTS:
        return f"In {metric}, {_counted(rows, labels)} ({_shown_by(rows).lstrip(',; ')})."
    parts = []
    for first in dict.fromkeys(row.model_a for row in rows):
        others: dict[Finding, list[str]] = {finding: [] for finding in Finding}
        for row in rows:
            if row.model_a == first:
                others[finding_of(row)].append(labels[row.model_b])
        found = [
            f"{_IS[finding]} {listed_few(own, _MOST_NAMED)}"
            for finding, own in others.items()
            if own
        ]
        parts.append(f"{labels[first]} is {listed(found)}")
    lead = f"{_replied(replies)}: in" if replies else "In"
    return f"{lead} {metric}, {'; '.join(parts)} ({len(rows)} comparisons{_shown_by(rows)})."


def _counted(rows: Sequence[Any], labels: Mapping[str, str]) -> str:
    """Return how many of many contrasts show what, with the first of those that show most."""
    parts = []
    for words, findings in _SEVERAL.items():
        own = [row for row in rows if finding_of(row) in findings]
        verb, rest = words.split(" ", 1)
        plural = {"shows": "show", "leaves": "leave"}.get(verb, verb)
        better = [
            f"{labels[row.better]} over {labels[_other(row)]}"
            for row in own
            if findings <= _SUPERIOR | _INFERIOR
        ]
        named = f" ({listed_few(better, _MOST_NAMED)})" if better else ""
        if own:
            parts.append(f"{len(own)} {verb if len(own) == 1 else plural} {rest}{named}")
    return f"of {len(rows)} comparisons {listed(parts)}"


def _other(row: Any) -> str:
    """Return the model that is not the better one."""
    return row.model_b if row.better == row.model_a else row.model_a


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


def _shown_by(rows: Sequence[Any]) -> str:
    """Return which findings on several contrasts are adjusted for their number, and which not."""
    found = {finding_of(row) for row in rows}
    read = [words for words, own in _FROM_INTERVAL.items() if not own.isdisjoint(found)]
    if not read:
        return ", adjusted after Holm"
    return (
        f"; differences are adjusted after Holm, {listed(read)} {'is' if len(read) == 1 else 'are'}"
        " read from the interval, not adjusted"
    )


def _on_one(row: Any, labels: Mapping[str, str], alpha: float, reply: str) -> str:
    a, b = labels[row.model_a], labels[row.model_b]
    metric, finding = METRICS[row.metric], finding_of(row)
    if finding is Finding.UNTESTED:
        return f"Whether {a} and {b} differ in {metric.words} cannot be tested: {_why(row)}."
    shown = {
        **dict.fromkeys(_SUPERIOR, f"{a} is superior: "),
        **dict.fromkeys(_INFERIOR, f"{b} is superior: "),
        **dict.fromkeys(_OPEN, "No difference is shown: "),
    }
    lead = f"{reply.capitalize()}: " if reply else shown.get(finding, "")
    if finding is Finding.EQUAL:
        return f"{lead}{a} and {b} have the same {metric.words} in every replicate."
    low, high = ends(row.low, row.high, cut=cut_ends(row.notes))
    numbers = (
        f"({a} − {b} {size(row.estimate)}, {100 * (1 - alpha):g} % interval {low} to {high}, "
        f"{p_equation(row.p_adjusted)})"
    )
    if not metric.higher_is_better:
        numbers = f"{numbers[:-1]}; lower is better)"
    if finding is Finding.EQUIVALENT:
        return (
            f"{lead}{a} and {b} are equivalent in {metric.words}, the whole interval of their "
            f"difference lying within ±{row.margin:g} {numbers}."
        )
    return f"{lead}{_beside(row, a, b, metric.words)} {numbers}{_concluded(row, finding, a, b)}."


def _beside(row: Any, a: str, b: str, metric: str) -> str:
    """Return how the first model's mean lies to the second's, in the table's order."""
    apart = size(abs(row.estimate))
    if row.estimate == 0:
        return f"{a} and {b} have the same mean {metric}"
    return f"{a}'s mean {metric} is {apart} {'above' if row.estimate > 0 else 'below'} {b}'s"


def _concluded(row: Any, finding: Finding, a: str, b: str) -> str:
    """Return how a sentence on a difference goes on after its numbers."""
    if finding in _SLIGHT:
        return f", but by less than the {row.margin:g} that would matter"
    if finding not in _OPEN:
        return ""
    noninferior = {
        Finding.NONINFERIOR: f"{a} is non-inferior to {b}, and ",
        Finding.NOT_SUPERIOR: f"{b} is non-inferior to {a}, and ",
    }.get(finding, "")
    within = f"equivalence within ±{row.margin:g}"
    end = (
        f"{within} is not shown" if row.reachable else f"the interval is too wide to show {within}"
    )
    return f", which chance can explain; {noninferior}{end}"


def _beats(row: Any, first: bool) -> str:
    """Return whether the first model, or else the second, beats the other: yes, no or not shown.

    Models that are equal in every replicate, as those that call all patients negative, have no
    interval that would show that they differ by little.
    """
    finding = finding_of(row)
    if finding in (_SUPERIOR if first else _INFERIOR):
        return "yes"
    worse = _INFERIOR if first else _SUPERIOR
    return "no" if finding in {*worse, Finding.EQUIVALENT} else "not shown"


def _replied(replies: Sequence[str]) -> str:
    """Return the reply to a question that several contrasts ask."""
    n_yes = replies.count("yes")
    if 0 < n_yes < len(replies):
        return f"Yes in {n_yes} of {len(replies)} comparisons"
    return replies[0].capitalize() if len(set(replies)) == 1 else "Not shown"


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
    low, high, notes = row.low, row.high, row.notes
    if row.estimate <= 0:
        low, high, notes = -high, -low, turned_round(notes)
    low, high = ends(low, high, cut=cut_ends(notes))
    return f"{100 * (1 - alpha):g} % interval {low} to {high}"


def _p(p: float, n_tests: int) -> str:
    """Return an adjusted p value and, if there are others, for how many it is adjusted."""
    return p_equation(p) + (f" adjusted for {n_tests} comparisons" if n_tests > 1 else "")
