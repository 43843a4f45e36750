"""The page that sets finished studies side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ctseq.evidence.order import (
    HOW_TO_TELL,
    order_pairs,
    order_sentences,
    order_table,
    strictest_level,
)
from ctseq.evidence.studies import (
    FinishedStudy,
    agreement,
    differing_keys,
    labels_of,
    metrics_table,
    shared_differences,
)
from ctseq.report.rendering import template
from ctseq.report.tables import Table, table_of


def render_studies(studies: Sequence[FinishedStudy]) -> str:
    """Write the page.

    Returns
    -------
    str
        HTML that loads nothing, runs nothing, and escapes every text it is given.
    """
    labels = labels_of(studies)
    alphas = [study.settings["alpha"] for study in studies]
    differences = shared_differences(studies)
    pairs = order_pairs(studies)
    alpha = strictest_level(pairs) if pairs else None
    order = order_table(pairs, alpha=alpha) if pairs else None
    synthetic = [s.name for s in studies if s.config["dataset"]["format"] == "phantom"]
    return template("studies.html.j2").render(
        names=[study.name for study in studies],
        synthetic=synthetic,
        agreement=agreement(differences, labels=labels),
        order_says=[HOW_TO_TELL] if order is None else order_sentences(order, alpha=alpha),
        alpha=alpha,
        keys=_keys_table({study.name: study.config for study in studies}),
        metrics=_table(metrics_table(studies), "Each model in each study", labels, alphas, "Mean"),
        differences=_differences_table(differences, labels, alphas) if len(differences) else None,
        order=None if order is None else _order_table(order, alpha),
    )


def _keys_table(configs: Mapping[str, Mapping[str, Any]]) -> Table:
    frame = differing_keys(configs)
    rows = [[str(key), *map(str, row)] for key, *row in frame.itertuples()]
    return Table("", ["Key", *frame.columns], rows, words=frozenset(range(len(configs) + 1)))


def _differences_table(
    frame: pd.DataFrame, labels: Mapping[str, str], alphas: Sequence[float]
) -> Table:
    frame = frame.drop(columns=["supported", "better"])
    return _table(frame, "Differences within each study", labels, alphas, "Difference")


def _order_table(frame: pd.DataFrame, alpha: float) -> Table:
    return table_of(
        frame,
        title="In order − shuffled",
        labels={},
        alpha=alpha,
        headings={"estimate": "Difference"},
        drop=["df", "test_train_ratio"],
    )


def _table(
    frame: pd.DataFrame,
    title: str,
    labels: Mapping[str, str],
    alphas: Sequence[float],
    estimate: str,
) -> Table:
    """Make a table of studies; where their levels differ, each row says its own."""
    headings = {"estimate": estimate, "level": "Level"}
    if len(set(alphas)) == 1:
        frame = frame.drop(columns="level")
    else:
        headings["interval"] = "Interval"
    return table_of(frame, title=title, labels=labels, alpha=alphas[0], headings=headings)
