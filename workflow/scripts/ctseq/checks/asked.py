"""What a study asks for, in what a job's parameters can hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """What a check is told of a study.

    Attributes
    ----------
    results
        Folder of its results.
    datasets
        Name to ``folder``, ``settings``, ``window`` and ``code``, the digest of what indexes it.
        The one that the study develops on is the first.
    encoders
        Name to ``settings``, ``window`` (None for the dataset's), ``folder`` of its checkpoint and
        ``sources``, its local files.
    models
        Name to ``encoders``, ``family``, ``labels``, ``finetuned``, ``encoder_shuffled``,
        ``mirror``, ``epochs`` (None of a family without), ``rates`` (how many learning rates it
        chooses from) and ``folds`` (on how many inner folds; None where it does not).
    splits, replicates, seed, shards
        As `study.study.Study` has them, but for the number of replicates.
    """

    results: str
    datasets: Mapping[str, Settings]
    encoders: Mapping[str, Settings]
    models: Mapping[str, Settings]
    splits: Settings
    replicates: int
    seed: int
    shards: Sequence[str]

    @property
    def own(self) -> str:
        """Name of the dataset that it develops on."""
        return next(iter(self.datasets))

    def encoder_settings(self, encoder: str, dataset: str) -> dict[str, Any]:
        """Return all settings that decide an encoder's features of a dataset."""
        its = self.encoders[encoder]
        window = its["window"] or self.datasets[dataset]["window"]
        return {**its["settings"], "window": window}

    def description(self, encoder: str, dataset: str) -> str:
        """Return the path of an encoder's description for a dataset."""
        return f"{self.datasets[dataset]['folder']}/encoders/{encoder}.json"
