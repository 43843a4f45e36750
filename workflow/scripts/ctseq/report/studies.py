"""The page that sets finished studies side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ctseq.evidence.order import Run, order_pairs, order_table, strictest_level
from ctseq.evidence.studies import (
    FinishedStudy,
    conclusions,
    differing_keys,
    metrics_table,
    shared_differences,
)
from ctseq.report.rendering import template
from ctseq.report.tables import Table, table_of
from ctseq.report.verdicts import HOW_TO_TELL, agreement_sentence, order_sentences


def render_studies(studies: Sequence[FinishedStudy]) -> str:
    """Return the page.

    Returns
    -------
    str
        HTML that loads nothing, runs nothing, and escapes every text it is given.
    """
    labels = _labels(studies)
    alphas = [study.settings["alpha"] for study in studies]
    differences = shared_differences(studies)
    synthetic = [s.name for s in studies if s.config["dataset"]["format"] == "phantom"]
    return template("studies.html.j2").render(
        names=[study.name for study in studies],
        synthetic=synthetic,
        agreement=[agreement_sentence(one, labels=labels) for one in conclusions(differences)],
        keys=_keys_table({study.name: study.config for study in studies}),
        metrics=_table(metrics_table(studies), "Each model in each study", labels, alphas, "Mean"),
        differences=_differences_table(differences, labels, alphas) if len(differences) else None,
        **_order(order_pairs(studies)),
    )


def _labels(studies: Sequence[FinishedStudy]) -> dict[str, str]:
    """Return every model's label, as the first study that has it calls it."""
    labels: dict[str, str] = {}
    for study in studies:
        labels |= {name: study.config["models"][name]["label"] for name in study.models} | labels
    return labels


def _order(pairs: Sequence[tuple[Run, Run]]) -> dict[str, Any]:
    """Return what the page says of the order of slices: sentences, table and level."""
    if not pairs:
        return {"order_says": [HOW_TO_TELL], "order": None, "alpha": None}
    alpha = strictest_level(pairs)
    frame = order_table(pairs, alpha=alpha)
    labels = {
        run.name: f"{run.study.config['models'][run.model]['label']} ({run.study.name})"
        for pair in pairs
        for run in pair
    }
    table = table_of(
        frame,
        title="In order − shuffled",
        labels=labels,
        alpha=alpha,
        headings={"estimate": "Difference"},
        drop=["df", "test_train_ratio"],
    )
    says = order_sentences(frame, labels=labels, alpha=alpha)
    return {"order_says": says, "order": table, "alpha": alpha}


def _keys_table(configs: Mapping[str, Mapping[str, Any]]) -> Table:
    frame = differing_keys(configs)
    rows = [[str(key), *map(str, row)] for key, *row in frame.itertuples()]
    return Table("", ["Key", *frame.columns], rows, words=frozenset(range(len(configs) + 1)))


def _differences_table(
    frame: pd.DataFrame, labels: Mapping[str, str], alphas: Sequence[float]
) -> Table:
    frame = frame.drop(columns=["supported", "better"])
    return _table(frame, "Differences within each study", labels, alphas, "Difference")


def _table(
    frame: pd.DataFrame,
    title: str,
    labels: Mapping[str, str],
    alphas: Sequence[float],
    estimate: str,
) -> Table:
    """Make a table of studies; where their levels differ, each row says its own."""
    headings = {"estimate": estimate, "level": "Level"}
    levels = [f"{100 * (1 - alpha):g} %" for alpha in frame["alpha"]]
    frame = frame.rename(columns={"alpha": "level"}).assign(level=levels)
    if len(set(alphas)) == 1:
        frame = frame.drop(columns="level")
    else:
        headings["interval"] = "Interval"
    return table_of(frame, title=title, labels=labels, alpha=alphas[0], headings=headings)
