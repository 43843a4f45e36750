"""The study that a configuration describes: what rules, scripts and pages ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ctseq.study.datasets import Dataset
from ctseq.study.encoders import Encoder
from ctseq.study.models import Model, run_names

# Keys of `splits` that each scheme uses; changing those of another re-runs nothing.
_SCHEMES = {"random": ("test_proportion", "stratify"), "repeated_kfold": ("folds",)}


@dataclass(frozen=True)
class Study:
    """A study, with its datasets, encoders and models, and all settings.

    Attributes
    ----------
    name, results
        Its name, and the folder of its results.
    seed
        Seed of all that is random in it.
    dataset, external
        The dataset that it develops on, and those that no choice has seen.
    models
        Name to model, in the order of tables and figures.
    runs
        Name to model of all that have runs: `models`, and behind them members of ensembles that are
        not compared.
    splits
        Scheme of the splits, with the keys of this scheme only.
    replicates
        Numbers as in file names, from ``01``.
    shards
        Endings of the names of shards' files: empty if there is one shard, ``-2-of-4`` if four.
    inner_folds
        Number of inner folds that hyperparameters are chosen by; None if the test patients decide.
    tuning
        ``folds`` and ``repeats``: number of inner folds, and how often they are drawn, of models
        that choose by them.
    threshold
        Probability from which on a scan is positive, or ``chosen``.
    """

    name: str
    results: str
    seed: int
    dataset: Dataset
    external: list[Dataset]
    models: dict[str, Model]
    runs: dict[str, Model]
    splits: dict[str, Any]
    replicates: list[str]
    shards: list[str]
    inner_folds: int | None
    tuning: dict[str, int]
    threshold: float | str

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Study":
        """Return the study that a checked configuration, with its defaults, describes."""
        splits, tuning = config["splits"], config["tuning"]
        runs = {name: Model.of(name, config) for name in run_names(config)}
        shards = range(1, config["shards"] + 1)
        return cls(
            name=config["study"],
            results=f"results/{config['study']}",
            seed=config["seed"],
            dataset=Dataset.of(config["dataset"], config),
            external=[Dataset.of(name, config) for name in config["external"]],
            models={name: runs[name] for name in config["compare"]},
            runs=runs,
            splits={key: splits[key] for key in ("scheme", *_SCHEMES[splits["scheme"]])},
            replicates=[f"{number:02d}" for number in range(1, config["replicates"] + 1)],
            shards=[f"-{one}-of-{len(shards)}" for one in shards] if len(shards) > 1 else [""],
            inner_folds=tuning["folds"] if tuning["patients"] == "train" else None,
            tuning={key: tuning[key] for key in ("folds", "repeats")},
            threshold=config["evaluation"]["threshold"],
        )

    @property
    def datasets(self) -> dict[str, Dataset]:
        """All its datasets by name, the one that it develops on first."""
        return {one.name: one for one in [self.dataset, *self.external]}

    @property
    def trained(self) -> dict[str, Model]:
        """Those of its runs that learn from features or pixels, by name: all but ensembles."""
        return {name: model for name, model in self.runs.items() if not model.members}

    @property
    def encoders(self) -> dict[str, Encoder]:
        """All encoders of its models by name."""
        return {one.name: one for model in self.models.values() for one in model.encoders}

    def inner_of(self, model: Model) -> dict[str, int | None]:
        """Return the ``folds`` that a model chooses by, and how often they are drawn, ``repeats``.

        There are no folds where the test patients choose.
        """
        if model.about.always_tunes or self.inner_folds is not None:
            return dict(self.tuning)
        return {"folds": None, "repeats": 1}
