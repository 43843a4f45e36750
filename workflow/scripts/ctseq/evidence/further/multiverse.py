"""The answer under every protocol of the grid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ctseq.core.contracts import Table
from ctseq.evidence.over_replicates.design import Design
from ctseq.evidence.over_replicates.samples import replicates_of
from ctseq.evidence.over_replicates.verdicts import Finding, finding_of, verdict_table
from ctseq.evidence.tables import INTERVAL, METRICS, NOTES, PAIR, floats

# Whether a difference is certainly below the margin is counted apart, and what cannot be tested or
# is equal in every replicate concludes nothing.
_COUNTED_AS = {
    Finding.SLIGHTLY_SUPERIOR: Finding.SUPERIOR,
    Finding.SLIGHTLY_INFERIOR: Finding.INFERIOR,
    Finding.EQUAL: Finding.INCONCLUSIVE,
    Finding.UNTESTED: Finding.INCONCLUSIVE,
}
VERDICTS = tuple(finding for finding in Finding if finding not in _COUNTED_AS)


@dataclass(frozen=True)
class CellRuns:
    """Runs of every protocol.

    Attributes
    ----------
    rows
        `tables.CELLS`, of the primary metric.
    choices
        Number of each cell, in order, to what it chose on each axis; the first is the study's own.
    designs
        Number of each cell to how its splits were drawn.
    settings
        How models are compared: those of `replicates_of`.
    """

    rows: pd.DataFrame
    choices: Mapping[int, Mapping[str, str]]
    designs: Mapping[int, Design]
    settings: Mapping[str, Any]


def specification(axes: Sequence[str]) -> Table:
    """Return the contract of the table of all protocols, whose choices stand in a column an axis.

    `verdict` is one of `VERDICTS`. `equivalent` is 1 wherever the difference is certainly smaller
    than the margin, also if one model is better.
    """
    columns = {"cell": "int", **dict.fromkeys(axes, "text"), "own": "flag", "metric": "text"}
    columns |= PAIR | INTERVAL | floats("margin") | {"verdict": "text", "equivalent": "flag"}
    columns |= NOTES
    return Table(columns, key=("cell", "model_a", "model_b"))


def specification_table(given: CellRuns) -> pd.DataFrame:
    """Return each protocol's difference in the primary metric of each contrast, and its verdict.

    Every cell is analysed as if it were the study, with Holm's adjustment over its contrasts.
    """
    parts = []
    settings = {**given.settings, "metrics": [given.settings["primary"]]}
    for cell, runs in given.rows.groupby("cell"):
        rows = runs[list(METRICS.columns)]
        replicates = replicates_of(rows, given.designs[cell], settings)
        table = verdict_table(replicates)
        table = table[table["contrast"] == 1]
        findings = [finding_of(row) for row in table.itertuples()]
        verdicts = [str(_COUNTED_AS.get(finding, finding)) for finding in findings]
        own = int(cell == next(iter(given.choices)))
        parts.append(table.assign(cell=cell, **given.choices[cell], own=own, verdict=verdicts))
    axes = next(iter(given.choices.values()))
    return pd.concat(parts, ignore_index=True)[list(specification([*axes]).columns)]


def verdict_shares(table: pd.DataFrame) -> pd.DataFrame:
    """Return how many protocols have each verdict on each contrast.

    Returns
    -------
    DataFrame
        Columns ``model_a``, ``model_b``, ``verdict``, ``cells``, ``share``, and ``small``: in how
        many of the cells the difference is certainly smaller than the margin. Every verdict that a
        protocol could have is in it.
    """
    rows = []
    for (a, b), own in table.groupby(["model_a", "model_b"], sort=False):
        for verdict in VERDICTS:
            those = own[own["verdict"] == verdict]
            counts = {"cells": len(those), "share": len(those) / len(own)}
            small = int(those["equivalent"].sum())
            rows.append({"model_a": a, "model_b": b, "verdict": verdict, **counts, "small": small})
    return pd.DataFrame(rows)
