"""What the pages are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ctseq.report.facts import Cost
from ctseq.report.figures import Figure

# Model to what each replicate's training wrote down, in order: ``training.json``.
Summaries = Mapping[str, Sequence[Mapping[str, float]]]


@dataclass(frozen=True)
class Published:
    """The published study, as printed and as analysed here.

    Attributes
    ----------
    config
        ``resources/published/study.yaml``.
    printed
        ``resources/published/tables.csv``.
    metrics
        `tables.METRICS` of the published replicates.
    comparison
        Stem of ``comparison/**.csv`` to table.
    figures
        In the order in which they are shown.
    """

    config: Mapping[str, Any]
    printed: pd.DataFrame
    metrics: pd.DataFrame
    comparison: Mapping[str, pd.DataFrame]
    figures: Sequence[Figure] = ()

    @property
    def labels(self) -> dict[str, str]:
        """Model to its label."""
        return _labels(self.config)


@dataclass(frozen=True)
class Study:
    """A study that was run here.

    Attributes
    ----------
    config
        The study's configuration.
    summary
        ``dataset/summary.json``.
    models
        Model to its ``models/<model>.json``.
    metrics
        `tables.METRICS`.
    summaries
        What the trainings chose.
    comparison
        Stem of ``comparison/**.csv`` to table.
    published
        The published study, to be set beside this one.
    figures
        In the order in which they are shown.
    costs, versions, revision
        As `report.facts` finds them.
    """

    config: Mapping[str, Any]
    summary: Mapping[str, Any]
    models: Mapping[str, Mapping[str, Any]]
    metrics: pd.DataFrame
    summaries: Summaries
    comparison: Mapping[str, pd.DataFrame]
    published: Published
    figures: Sequence[Figure]
    costs: Sequence[Cost]
    versions: Mapping[str, str]
    revision: str

    @property
    def labels(self) -> dict[str, str]:
        """Model to its label."""
        return _labels(self.config)

    @property
    def synthetic(self) -> bool:
        """Whether the patients are phantoms."""
        return self.config["dataset"]["format"] == "phantom"


def _labels(config: Mapping[str, Any]) -> dict[str, str]:
    return {name: model["label"] for name, model in config["models"].items()}
