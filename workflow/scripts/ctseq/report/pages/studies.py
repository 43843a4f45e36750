"""The page that sets finished studies side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ctseq.core.words import listed
from ctseq.evidence.order import order_pairs, order_table, strictest_level
from ctseq.evidence.over_replicates.verdicts import finding_of
from ctseq.evidence.studies import (
    Conclusion,
    FinishedStudy,
    conclusions,
    differing_keys,
    metrics_table,
    shared_differences,
)
from ctseq.report.page import template
from ctseq.report.pages.agreement import agreement_sentence
from ctseq.report.tables import Table, table_of
from ctseq.report.verdicts import finding_words, order_sentences
from ctseq.study.comparison import model_labels
from ctseq.study.study import Study

_NONINFERIOR = ["a_noninferior", "b_noninferior"]


def render_studies(studies: Sequence[FinishedStudy]) -> str:
    """Return the page: HTML that loads and runs nothing and escapes every text."""
    labels: dict[str, str] = {}
    for study in studies:  # the first study that has a model gives its label
        labels = model_labels(study.config) | labels
    metrics, differences = metrics_table(studies), shared_differences(studies)
    found = conclusions(differences)
    keys = differing_keys({study.name: study.config for study in studies})
    return template("studies.html.j2").render(
        names=[study.name for study in studies],
        synthetic=[one.name for one in studies if Study.of(one.config).dataset.synthetic],
        agreement=[_agreement(one, labels) for one in found if one.adjusted],
        comparable=bool(found),
        keys=Table(
            "",
            ["Key", *keys.columns],
            [list(row) for row in keys.itertuples()],
            words=frozenset(range(len(studies) + 1)),
        ),
        metrics=_table(metrics, "Each model in each study", "Mean", labels),
        differences=_differences(differences, labels) if len(differences) else None,
        **_order(studies),
    )


def _order(studies: Sequence[FinishedStudy]) -> dict[str, Any]:
    """Return what the page says of the order of slices: sentences, table and level."""
    pairs = order_pairs(studies)
    if not pairs:
        return {"order_says": [], "order": None, "alpha": None}
    alpha = strictest_level(pairs)
    frame = order_table(pairs, alpha=alpha)
    labels = {
        run.name: f"{model_labels(run.study.config)[run.model]} ({run.study.name})"
        for pair in pairs
        for run in pair
    }
    table = table_of(
        frame,
        title="In order − shuffled",
        labels=labels,
        alpha=alpha,
        headings={"estimate": "Difference"},
        drop=["df", "overlap"],
    )
    says = order_sentences(frame, labels=labels, alpha=alpha)
    return {"order_says": says, "order": table, "alpha": alpha}


def _agreement(found: Conclusion, labels: Mapping[str, str]) -> str:
    """Return whether studies agree, and which of them show it by their interval alone."""
    sentence = agreement_sentence(found, labels=labels)
    studies = [*found.a_better, *found.b_better, *found.open]
    others = [study for study in studies if study not in found.adjusted]
    if not others:
        return sentence
    return (
        f"{sentence} It is a primary contrast of {listed(found.adjusted)}; in {listed(others)} "
        "the interval decides, without adjustment."
    )


def _differences(frame: pd.DataFrame, labels: Mapping[str, str]) -> Table:
    frame = frame.assign(
        verdict=[
            finding_words(finding_of(row), labels[row.model_a], labels[row.model_b])
            for row in frame.itertuples()
        ],
        shown_by=[_shown_by(row) for row in frame.itertuples()],
    ).drop(columns=["adjusted", "supported", "better", "equivalent", *_NONINFERIOR])
    return _table(frame, "Differences within each study", "Difference", labels)


def _shown_by(row: Any) -> str:
    """Return what a study's verdict rests on: a difference, or its absence, may be adjusted."""
    from_interval = row.equivalent or row.a_noninferior or row.b_noninferior
    if not row.adjusted or (from_interval and not row.better):
        return "its interval"
    return "adjusted test" + (" and its interval" * row.equivalent)


def _table(frame: pd.DataFrame, title: str, estimate: str, labels: Mapping[str, str]) -> Table:
    """Return a table of studies; where their levels differ, each row has its own."""
    headings, alphas = {"estimate": estimate}, frame["alpha"]
    if len(set(alphas)) == 1:
        frame = frame.drop(columns="alpha")
    else:
        frame = frame.assign(alpha=[f"{100 * (1 - alpha):g} %" for alpha in alphas])
        headings |= {"alpha": "Level", "interval": "Interval"}
    return table_of(frame, title=title, labels=labels, alpha=alphas.iloc[0], headings=headings)
