"""What a study asks for, in what a job's parameters can hold."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Settings = Mapping[str, Any]

# Between the keys of a value, none of which is a path, and before the value.
_IN, _IS = "/", " = "


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
        Name to ``settings``, ``window`` (None for the dataset's), ``folder`` of its checkpoint,
        ``made``, whether a rule makes that folder, and ``sources``, its local files.
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

    @classmethod
    def of_lines(cls, lines: Iterable[str]) -> "Asked":
        """Return what `lines_of` spelled."""
        nested: dict[str, Any] = {}
        for line in lines:
            path, _, value = line.partition(_IS)
            *parts, last = path.split(_IN)
            inner = nested
            for part in parts:
                inner = inner.setdefault(part, {})
            inner[last] = json.loads(value)
        return cls(**nested)

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


def lines_of(nested: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """Yield a line a value, such as ``encoders/vivit/settings/frames = 8``.

    Snakemake prints the parameters that changed: as lines, those are what somebody changed.
    """
    for key, value in nested.items():
        if isinstance(value, Mapping) and value:
            yield from lines_of(value, f"{before}{key}{_IN}")
        else:
            yield f"{before}{key}{_IS}{json.dumps(value)}"
