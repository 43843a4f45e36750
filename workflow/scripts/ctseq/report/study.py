"""What the pages are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ctseq.report.facts import Cost
from ctseq.report.figures import Figure


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Models that were compared.

    Attributes
    ----------
    config
        Configuration of their study.
    metrics
        `evidence.tables.METRICS`.
    comparison
        Stem of ``comparison/**.csv`` to table.
    levels
        `evidence.levels.LEVELS`.
    figures
        In the order in which they are shown.
    summaries
        Model to the ``training.json`` of each replicate, in order; empty if nothing was trained.
    """

    config: Mapping[str, Any]
    metrics: pd.DataFrame
    comparison: Mapping[str, pd.DataFrame]
    levels: pd.DataFrame
    figures: Sequence[Figure] = ()
    summaries: Mapping[str, Sequence[Mapping[str, float]]] = field(default_factory=dict)

    @property
    def labels(self) -> dict[str, str]:
        """Model to its label."""
        return {name: model["label"] for name, model in self.config["models"].items()}

    @property
    def n_patients(self) -> int:
        """Number of its patients, of both subsets."""
        raise NotImplementedError

    @property
    def alpha(self) -> float:
        """Level of the tests; intervals have level 1 - alpha."""
        return self.config["comparison"]["alpha"]


@dataclass(frozen=True, kw_only=True)
class Published(Compared):
    """The published study; `printed` is ``resources/published/tables.csv``."""

    printed: pd.DataFrame

    @property
    def n_patients(self) -> int:
        """Number of its patients, of both subsets."""
        return sum(self.config["splits"]["sizes"].values())


@dataclass(frozen=True, kw_only=True)
class Study(Compared):
    """A study that was run here, and the published study to compare it with.

    Attributes
    ----------
    registered
        Section `registered` of its configuration, which `config` lacks.
    n_never_tested
        Number of patients that no replicate tests.
    summary
        ``dataset/summary.json``.
    models
        Model to its ``models/<model>.json``.
    costs, versions, revision
        As `report.facts` finds them.
    """

    registered: Mapping[str, str]
    n_never_tested: int
    summary: Mapping[str, Any]
    models: Mapping[str, Mapping[str, Any]]
    published: Published
    costs: Sequence[Cost]
    versions: Mapping[str, str]
    revision: str

    @property
    def n_patients(self) -> int:
        """Number of its patients, of both subsets."""
        return self.summary["patients"]

    @property
    def synthetic(self) -> bool:
        """Whether the patients are phantoms."""
        return self.config["dataset"]["format"] == "phantom"
