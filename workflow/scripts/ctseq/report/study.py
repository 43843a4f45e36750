"""What the pages are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.core.files import read_json
from ctseq.core.tables import read_table
from ctseq.evidence.levels import LEVELS
from ctseq.evidence.reading import read_analyses
from ctseq.evidence.tables import METRICS
from ctseq.replicates.splits import never_tested, read_split
from ctseq.report import facts
from ctseq.report.facts import Cost
from ctseq.report.figures import Figure
from ctseq.study.comparison import model_labels
from ctseq.study.registration import sha256_of
from ctseq.study.study import Study as Resolved


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
        return model_labels(self.config)

    @property
    def target(self) -> str:
        """What is looked for, in words."""
        raise NotImplementedError

    @property
    def n_patients(self) -> int:
        """Number of its patients, of both subsets."""
        raise NotImplementedError

    @property
    def n_scans(self) -> int:
        """Number of their scans, which are what is classified and counted."""
        return self.n_patients

    @property
    def unit(self) -> str:
        """What is counted, in words: a ``scan``, or a ``patient`` where each has one."""
        return "patient" if self.n_scans == self.n_patients else "scan"

    @property
    def grouping(self) -> str:
        """A sentence on several scans of one patient; empty where each patient has one."""
        if self.unit == "patient":
            return ""
        return "Scans of one patient are never in both subsets, and every interval goes by patient."

    @property
    def alpha(self) -> float:
        """Level of the tests; intervals have level 1 - alpha."""
        return self.config["comparison"]["alpha"]


@dataclass(frozen=True, kw_only=True)
class Published(Compared):
    """The published study; `printed` is ``resources/published/tables.csv``."""

    printed: pd.DataFrame

    @property
    def target(self) -> str:
        """What is looked for, in words."""
        return self.config["dataset"]["target"]

    @property
    def n_patients(self) -> int:
        """Number of its patients, of both subsets."""
        return sum(self.config["splits"]["sizes"].values())


@dataclass(frozen=True, kw_only=True)
class Conducted(Compared):
    """A study that was run here, as far as checklists and model cards tell of it.

    Attributes
    ----------
    registered
        Section `registered` of its configuration, which `config` lacks.
    n_never_tested
        Number of patients that no replicate tests.
    summary
        ``summary.json`` of its dataset.
    encoders
        Name of an encoder, as in `Resolved.encoders`, to its description.
    precisions
        Name of a frozen encoder to the precision in which its features were computed.
    indexed
        Name of a dataset, as in `Resolved.datasets`, to its ``format.json``.
    versions, revision
        As `report.facts` finds them.
    """

    registered: Mapping[str, str]
    n_never_tested: int
    summary: Mapping[str, Any]
    encoders: Mapping[str, Mapping[str, Any]]
    precisions: Mapping[str, str]
    indexed: Mapping[str, Mapping[str, Any]]
    versions: Mapping[str, str]
    revision: str

    @property
    def resolved(self) -> Resolved:
        """What its configuration describes: its datasets, encoders and models."""
        return Resolved.of(self.config)

    @property
    def target(self) -> str:
        """What is looked for, in words."""
        return self.resolved.dataset.target_words

    @property
    def n_patients(self) -> int:
        """Number of its patients, of both subsets."""
        return self.summary["patients"]

    @property
    def n_scans(self) -> int:
        """Number of their scans, which are what is classified and counted."""
        return self.summary["scans"]

    @property
    def synthetic(self) -> bool:
        """Whether the patients are phantoms."""
        return self.resolved.dataset.synthetic


@dataclass(frozen=True, kw_only=True)
class Study(Conducted):
    """A study that was run here, and the published study to compare it with.

    `costs` are as `report.facts` finds them.
    """

    published: Published
    costs: Sequence[Cost]


def registration_words(study: Conducted) -> str:
    """Return what the configuration says of a registration, which nothing here can check.

    Empty if it names none.
    """
    if not study.registered:
        return ""
    date, digest = study.registered["date"], study.registered["sha256"]
    compared = (
        "matches"
        if digest == sha256_of(study.config)
        else "does not match: the configuration was changed since"
    )
    return (
        f"The configuration names a registration of {date} with the hash {digest[:12]}…; the hash "
        f"of this configuration {compared}."
    )


def conducted(
    inputs: Any, config: Mapping[str, Any], registered: Mapping[str, str]
) -> dict[str, Any]:
    """Return the parts of a `Conducted`, read from the files of a rule that has their names.

    Parameters
    ----------
    inputs
        Paths: ``summary``, ``metrics``, ``levels``; lists of paths: ``encoders`` (one an encoder,
        in the order of `Resolved.encoders`), ``indexed`` (one a dataset, as `Resolved.datasets`),
        ``summaries`` (one a replicate, model by model), ``fitted`` (folders, one a model),
        ``splits``, ``comparison``,
        ``environments``.
    config, registered
        Configuration of the study, and the section of it that `config` lacks.
    """
    summaries = map(read_json, inputs.summaries)
    return {
        "config": config,
        "registered": registered,
        "n_never_tested": len(never_tested([read_split(path) for path in inputs.splits])),
        "summary": read_json(inputs.summary),
        "encoders": dict(
            zip(Resolved.of(config).encoders, map(read_json, inputs.encoders), strict=True)
        ),
        "precisions": _precisions(inputs.fitted, Resolved.of(config)),
        "indexed": dict(
            zip(Resolved.of(config).datasets, map(read_json, inputs.indexed), strict=True)
        ),
        "metrics": read_table(inputs.metrics, METRICS),
        "summaries": {
            model: list(islice(summaries, config["replicates"])) for model in config["compare"]
        },
        "comparison": read_analyses(inputs.comparison),
        "levels": read_table(inputs.levels, LEVELS),
        "versions": facts.versions([Path(path) for path in inputs.environments]),
        "revision": facts.git_revision(Path.cwd()),
    }


def _precisions(fitted: Sequence[str], study: Resolved) -> dict[str, str]:
    """Return in which precision each frozen encoder's features were computed, as models were told.

    `fitted` are folders of fitted models, one a model that is trained; its replicates are alike.
    """
    found = {}
    for model, folder in zip(study.trained.values(), fitted, strict=True):
        if not model.finetuned:
            known = read_json(Path(folder, "fitted.json"))["encoders"]
            names = (one.name for one in model.encoders)
            found |= {name: one["precision"] for name, one in zip(names, known, strict=True)}
    return found
