"""The study that a configuration describes, for the rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ctseq.imaging.windows import parse_windows
from ctseq.study.models import Model, frame_variants, resolved

# Keys of `splits` that each scheme uses; changing those of another re-runs nothing.
_SCHEMES = {"random": ("test_proportion", "stratify"), "repeated_kfold": ("folds",)}


@dataclass(frozen=True)
class Study:
    """A study, with its models and all settings.

    Attributes
    ----------
    results
        Folder of its results.
    dataset_format, dataset_window, label_table
        How its dataset is read. A window is in numbers, so that another spelling of the same one
        re-runs nothing; the label table is None unless the configuration names one.
    splits
        Scheme of the splits, with the keys of this scheme only.
    models
        Name to model, in the order of tables and figures.
    variants
        Models that are compared in the multiverse alone, where they see other slices; they have
        features and no runs.
    replicates
        Numbers as in file names, from ``01``.
    shards
        Endings of the names of shards' files: empty if there is one shard, ``-2-of-4`` if four.
    inner_folds
        Number of inner folds that hyperparameters are chosen by; None if the test patients decide.
    threshold
        Probability from which on a patient is positive, or ``chosen``.
    """

    results: str
    dataset_format: str
    dataset_window: str | list[str]
    label_table: str | None
    splits: dict[str, Any]
    models: dict[str, Model]
    variants: dict[str, Model]
    replicates: list[str]
    shards: list[str]
    inner_folds: int | None
    threshold: float | str

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Study":
        """Return the study that a checked configuration describes."""
        dataset, splits, tuning = config["dataset"], config["splits"], config["tuning"]
        is_phantom = dataset["format"] == "phantom"
        windows = [f"{one.level:g}/{one.width:g}" for one in parse_windows(dataset["window"])]
        shards = range(1, config["shards"] + 1)
        return cls(
            results=f"results/{config['study']}",
            dataset_format=dataset["phantom"]["layout"] if is_phantom else dataset["format"],
            dataset_window=windows if len(windows) > 1 else windows[0],
            label_table=None if is_phantom or dataset["labels"] == "auto" else dataset["labels"],
            splits={key: splits[key] for key in ("scheme", *_SCHEMES[splits["scheme"]])},
            models={name: resolved(config, model) for name, model in config["models"].items()},
            variants=frame_variants(config),
            replicates=[f"{number:02d}" for number in range(1, config["replicates"] + 1)],
            shards=[f"-{one}-of-{len(shards)}" for one in shards] if len(shards) > 1 else [""],
            inner_folds=tuning["folds"] if tuning["patients"] == "train" else None,
            threshold=config["evaluation"]["threshold"],
        )

    @property
    def encoded(self) -> dict[str, Model]:
        """All models that encoders run for, by name."""
        return self.models | self.variants

    def encoder_of(self, name: str) -> str:
        """Return the first model with the same features as this one; files are named after it."""
        settings = self.encoded[name].feature_settings
        same = (other for other, its in self.encoded.items() if its.feature_settings == settings)
        return next(same)

    def models_trained_by(self, *ways: str) -> list[str]:
        """List the models that are trained in one of these ways (see `models.way_of_training`)."""
        return [name for name, model in self.models.items() if model.way_of_training in ways]
