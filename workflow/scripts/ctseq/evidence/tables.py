"""Columns of the tables that stages hand to each other, and the parts that contracts share.

Every other table's contract is part of its analysis: see `ctseq.evidence.analyses`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

from ctseq.core.contracts import Table
from ctseq.replicates.tables import PREDICTIONS

METRICS = Table(
    {"model": "text", "replicate": "int", "metric": "text", "value": "float"},
    key=("model", "replicate", "metric"),
)
POOLED_PREDICTIONS = Table(
    {"model": "text", "replicate": "int", **PREDICTIONS.columns},
    key=("model", "replicate", "scan_id"),
)

PAIR = {"model_a": "text", "model_b": "text"}
METRIC_MODEL = {"metric": "text", "model": "text"}
METRIC_PAIR = {"metric": "text", **PAIR}
METHOD = {"method": "text"}
INTERVAL = {"estimate": "float", "low": "float", "high": "float"}
NOTES = {"notes": "text?"}


def floats(*names: str) -> dict[str, str]:
    """Return columns of numbers."""
    return dict.fromkeys(names, "float")


def contract(names: dict[str, str], *parts: dict[str, str], also: tuple[str, ...] = ()) -> Table:
    """Return a contract whose key is `names` and the columns in `also`."""
    columns = dict(names)
    for part in parts:
        columns |= part
    return Table(columns, key=(*names, *also))


# Written by the analysis of that name, read again where studies are set side by side. Of models and
# metrics that the study's answer is about, `contrast` and `primary` are 1.
VERDICT = contract(
    METRIC_PAIR,
    dict.fromkeys(("primary", "contrast", "supported"), "flag"),
    {"better": "text?"},
    dict.fromkeys(("equivalent", "a_noninferior", "b_noninferior", "reachable"), "flag"),
    INTERVAL,
    floats("margin", "p", "p_adjusted"),
    NOTES,
)


@dataclass(frozen=True)
class Analysis:
    """One table of evidence.

    Attributes
    ----------
    name
        Path of its table under ``comparison/``, without ``.csv``.
    inputs
        What it is made from: ``replicates`` (metrics of every replicate), ``predictions`` (of
        every scan) or ``slices`` (scores of every slice).
    compute
        Takes the inputs and returns the table, a DataFrame.
    table
        The contract of the table.
    section
        Id of the report's section that shows it, or ``answer``, which stands before all of them.
    """

    name: str
    inputs: str
    compute: Callable[[Any], Any]
    table: Table
    section: str

    @property
    def stem(self) -> str:
        """Name of its table's file without folder and suffix, by which pages know it."""
        return self.name.rpartition("/")[2]


def registry(inputs: str, section: str, *analyses: tuple[str, str, Table]) -> dict[str, Analysis]:
    """Return the analyses of one section of the report, by name.

    Each has a name, the function that computes its table, as text ``"module:function"``, and the
    table's contract. The module is imported when the table is computed, so that rules have names
    and contracts at no cost; `ctseq.study.digests` takes the text for an import.
    """

    def later(function: str) -> Callable[[Any], Any]:
        return lambda given: resolve_name(function)(given)

    return {
        name: Analysis(name, inputs, later(function), table, section)
        for name, function, table in analyses
    }
