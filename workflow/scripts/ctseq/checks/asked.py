"""What a check is told of a study: plain values, since they are the parameters of its job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ctseq.study.models import Model
from ctseq.study.study import Study

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
        Name to ``settings``, ``window`` (None for the dataset's), ``folder`` of its checkpoint,
        ``made``, whether a rule makes that folder, and ``sources``, its local files.
    models
        Name of each that is trained, and so of no ensemble, to ``encoders``, ``family``,
        ``labels``, ``finetuned``, ``trainable``, ``shuffled_encoders``, ``mirror``, ``epochs``
        (None where it learns in none), ``candidates`` (how many settings it chooses from),
        ``seeds``, ``folds`` (on how many inner folds; None where it does not) and ``repeats`` (how
        often these are drawn).
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
    def by(cls, study: Study, *, codes: Mapping[str, str]) -> "Asked":
        """Return what a study asks for.

        Parameters
        ----------
        study
            The study.
        codes
            Name of a dataset to the digest of what indexes it.
        """
        return cls(
            results=study.results,
            datasets={
                name: {
                    "folder": its.folder,
                    "settings": its.settings,
                    "window": its.window,
                    "code": codes[name],
                }
                for name, its in study.datasets.items()
            },
            encoders={
                name: {
                    "settings": its.settings,
                    "window": its.window,
                    "folder": its.checkpoint_folder,
                    "made": its.checkpoint_folder != its.local_folder,
                    "sources": its.local_files,
                }
                for name, its in study.encoders.items()
            },
            models={
                name: _of_model(its) | study.inner_of(its) for name, its in study.trained.items()
            },
            splits=study.splits,
            replicates=len(study.replicates),
            seed=study.seed,
            shards=study.shards,
        )

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


def _of_model(model: Model) -> dict[str, Any]:
    """Return what decides a model's needs and the time of its trainings, but for its folds."""
    return {
        "encoders": [one.name for one in model.encoders],
        "family": model.family,
        "labels": model.labels if model.slicewise else "scan",
        "finetuned": model.finetuned,
        "trainable": model.training["trainable"],
        "shuffled_encoders": [one.name for one in model.encoders if model.shuffles(one)],
        "mirror": model.training["augmentation"]["mirror"],
        "epochs": model.training["epochs"] if model.in_epochs else None,
        "candidates": model.n_candidates,
        "seeds": model.training.get("seeds", 1) if model.in_epochs else 1,
    }
