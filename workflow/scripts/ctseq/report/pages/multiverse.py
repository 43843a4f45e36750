"""The page of the answer under every protocol."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ctseq.evidence.further.multiverse import verdict_shares
from ctseq.evidence.metrics import METRICS
from ctseq.evidence.notes import cut_ends
from ctseq.evidence.over_replicates.verdicts import Finding
from ctseq.report.figures import Figure
from ctseq.report.notes import cut_note, words_of
from ctseq.report.numbers import interval, size
from ctseq.report.page import template
from ctseq.report.tables import Table
from ctseq.report.verdicts import finding_words
from ctseq.study.comparison import model_labels
from ctseq.study.study import Study


def render_multiverse(
    table: pd.DataFrame,
    *,
    config: Mapping[str, Any],
    axes: Mapping[str, str],
    n_refused: int,
    figures: Sequence[Figure],
) -> str:
    """Return the page: HTML that loads and runs nothing and escapes every text.

    Parameters
    ----------
    table
        ``multiverse/specification.csv``.
    config
        Of the study.
    axes
        Axis to its words.
    n_refused
        Number of combinations that no study may have.
    figures
        One a contrast, in their order.
    """
    labels = model_labels(config)
    metric = METRICS[table["metric"].iloc[0]]
    shares = verdict_shares(table)
    contrasts = [
        {
            "pair": f"{labels[a]} − {labels[b]}",
            "says": _sentence(own, labels[a], labels[b], metric.words),
            "shares": _shares(shares[(shares["model_a"] == a) & (shares["model_b"] == b)], labels),
            "figure": figure,
            "cells": _cells(own, axes, labels),
        }
        for ((a, b), own), figure in zip(
            table.groupby(["model_a", "model_b"], sort=False), figures, strict=True
        )
    ]
    return template("multiverse.html.j2").render(
        study=config["study"],
        synthetic=Study.of(config).dataset.synthetic,
        n_cells=table["cell"].nunique(),
        n_refused=n_refused,
        metric=metric.words,
        margin=f"{table['margin'].iloc[0]:g}",
        alpha=config["comparison"]["alpha"],
        n_replicates=config["replicates"],
        contrasts=contrasts,
    )


def _sentence(own: pd.DataFrame, a: str, b: str, metric: str) -> str:
    """Return what the protocols say of one contrast."""
    counts = own["verdict"].value_counts()
    defined = own.dropna(subset="estimate")
    [study] = own[own["own"] == 1].to_dict(orient="records")
    of_study = interval(study["low"], study["high"], cut=cut_ends(study["notes"]))
    span = (
        f"the difference in {metric} ({a} − {b}) runs from {size(defined['estimate'].min())} to "
        f"{size(defined['estimate'].max())}, and is above 0 in {(defined['estimate'] > 0).sum()}"
        if len(defined)
        else f"the difference in {metric} is undefined in all of them"
    )
    return (
        f"{a} is shown to be better under {counts.get(Finding.SUPERIOR, 0)} of {len(own)} "
        f"protocols, and {b} under {counts.get(Finding.INFERIOR, 0)}; {span}. The study's own "
        f"protocol has {size(study['estimate'])} {of_study}."
    )


def _shares(shares: pd.DataFrame, labels: Mapping[str, str]) -> Table:
    rows = [
        [
            finding_words(Finding(row.verdict), labels[row.model_a], labels[row.model_b]),
            str(row.cells),
            f"{100 * row.share:.0f} %",
            str(row.small),
        ]
        for row in shares.itertuples()
    ]
    header = ["Verdict", "Protocols", "Share", "Certainly below the margin"]
    return Table("Share of protocols with each verdict", header, rows)


def _why_no_interval(row: Mapping[str, Any]) -> str:
    """Return why a protocol's interval is undefined, in brackets; empty where it is defined."""
    return f" ({'; '.join(words_of(row['notes']))})" if pd.isna(row["low"]) else ""


def _cells(own: pd.DataFrame, axes: Mapping[str, str], labels: Mapping[str, str]) -> Table:
    """Return the table of all protocols, in the order of the figure."""
    own = own.sort_values(["estimate", "cell"])
    rows = [
        [
            f"{row['cell']}{' (this study)' if row['own'] else ''}",
            *(row[axis].replace("_", " ") for axis in axes),
            size(row["estimate"]),
            interval(row["low"], row["high"], cut=cut_ends(row["notes"])),
            finding_words(Finding(row["verdict"]), labels[row["model_a"]], labels[row["model_b"]])
            + _why_no_interval(row),
        ]
        for row in own.to_dict(orient="records")
    ]
    titles = [word.capitalize() for word in axes.values()]
    header = ["Protocol", *titles, "Difference", "Interval", "Verdict"]
    last = len(header) - 1
    words = frozenset([*range(len(axes) + 1), last])
    return Table("", header, rows, cut_note(own["notes"]), words)
