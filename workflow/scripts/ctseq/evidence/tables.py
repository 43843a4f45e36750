"""Columns of the tables that stages hand to each other, and the parts that contracts share.

Every other table's contract stands with its analysis, in `ctseq.evidence.analyses`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from ctseq.core.contracts import Table
from ctseq.replicates.tables import PREDICTIONS

METRICS = Table(
    {"model": "text", "replicate": "int", "metric": "text", "value": "float"},
    key=("model", "replicate", "metric"),
)
POOLED_PREDICTIONS = Table(
    {"model": "text", "replicate": "int", **PREDICTIONS.columns},
    key=("model", "replicate", "patient_id"),
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


# Written by the analysis of that name, read again where studies are set side by side.
VERDICT = contract(
    METRIC_PAIR, {"supported": "flag", "better": "text?"}, INTERVAL, floats("p_adjusted")
)


@dataclass(frozen=True)
class Analysis:
    """One table of evidence.

    Attributes
    ----------
    name
        Path of its table under ``comparison/``, without ``.csv``.
    inputs
        What it is made from: ``replicates`` (metrics of every replicate) or ``predictions`` (of
        every patient).
    compute
        Takes the inputs and returns the table, a DataFrame. Imports what it needs when called, so
        that rules can ask for names and contracts at no cost.
    table
        The contract of the table.
    section
        Id of the report's section that shows it.
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


def registry(inputs: str, *analyses: tuple[str, str, str, Table], load: Callable) -> dict:
    """Return analyses by name.

    Parameters
    ----------
    inputs
        As `Analysis` has it.
    analyses
        Each a name, a section of the report, the module and function that compute the table, such
        as ``paper.t_test_table``, and the table's contract.
    load
        Imports and returns the package that holds these modules.
    """

    def later(path: str) -> Callable[[Any], Any]:
        return lambda given: attrgetter(path)(load())(given)

    return {
        name: Analysis(name, inputs, later(path), table, section)
        for name, section, path, table in analyses
    }
