"""The models of a study, each with its own settings and, where it has none, the study's."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ctseq.core.words import listed
from ctseq.encoders.registry import SIGHTS
from ctseq.families.registry import FAMILIES, Family
from ctseq.study.encoders import Encoder

# Keys of `training` that have no effect on what learns from a frozen encoder's features.
FINE_TUNING = ("precision", "micro_batch", "gradient_checkpointing", "compile")

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Model:
    """A model with all of its settings.

    Attributes
    ----------
    name, label
        Its key in the configuration, and its name in figures and tables.
    encoders
        One, or several whose features are joined.
    family
        A key of `families.registry.FAMILIES`.
    labels
        Whose label a row is taught: ``slice`` or ``scan``.
    sequence_rule
        How a scan's result follows from its slices; None if the model itself sees the scan.
    pool
        How the slices of a scan become one row; None if they do not.
    shuffled
        Whether it sees each scan's slices in a random order, a new one each replicate.
    training
        Settings of its training.
    """

    name: str
    label: str
    encoders: tuple[Encoder, ...]
    family: str
    labels: str
    sequence_rule: str | None
    pool: str | None
    shuffled: bool
    training: dict[str, Any]

    @classmethod
    def of(cls, name: str, config: Config) -> "Model":
        """Return a model of the catalogue of a checked configuration."""
        its = config["models"][name]
        return cls(
            name=name,
            label=label_of(name, config),
            encoders=tuple(Encoder.of(one, config) for one in encoder_names(name, config)),
            family=its["family"],
            labels=its.get("labels", "scan"),
            sequence_rule=its.get("sequence_rule"),
            pool=its.get("pool"),
            shuffled=its.get("shuffle_slices", False),
            training=training_settings(name, config),
        )

    @property
    def about(self) -> Family:
        """What its family is."""
        return FAMILIES[self.family]

    @property
    def finetuned(self) -> bool:
        """Whether its encoder is trained too, from pixels."""
        return self.training["trainable"] != "head"

    @property
    def slicewise(self) -> bool:
        """Whether it learns from slices one by one."""
        return self.sequence_rule is not None

    @property
    def encoder_shuffled(self) -> bool:
        """Whether its encoder sees shuffled slices: each replicate then has its own features."""
        return self.shuffled and self.encoders[0].row == "scan"

    @property
    def settings(self) -> dict[str, Any]:
        """All settings that decide what is learned from the features of a frozen encoder."""
        found: dict[str, Any] = {"family": self.family}
        if self.slicewise:
            found["labels"] = self.labels
        if self.pool is not None:
            found["pool"] = self.pool
        if self.about.epochs:
            found["training"] = self.training
            if self.slicewise:  # by the rule, epochs have the accuracy of scans
                found["sequence_rule"] = self.sequence_rule
        else:
            found["weighted"] = self.training["loss"] == "weighted"
        if self.about.together:
            found["shuffled"] = self.shuffled
        return found


def label_of(name: str, config: Config) -> str:
    """Return the name of a model in figures and tables."""
    return config["models"][name].get("label", name)


def encoder_names(name: str, config: Config) -> list[str]:
    """Return the encoders of a model: those that it names, or the first that its family can use.

    None of them need be in the catalogue; there is none if nothing fits.
    """
    its = config["models"][name]
    if "encoder" not in its:
        takes = FAMILIES[its["family"]].takes
        fitting = (key for key, one in config["encoders"].items() if one["sees"] in takes)
        return [one for one in [next(fitting, None)] if one]
    return [its["encoder"]] if isinstance(its["encoder"], str) else list(its["encoder"])


def row_of(name: str, config: Config) -> str:
    """Return what a row of a model's features is: a ``slice`` or a ``scan``."""
    first = config["encoders"][encoder_names(name, config)[0]]
    return SIGHTS[first["sees"]].row


def is_slicewise(name: str, config: Config) -> bool:
    """Tell whether a model learns from slices one by one."""
    its = config["models"][name]
    together = FAMILIES[its["family"]].together or "pool" in its
    return row_of(name, config) == "slice" and not together


def has_key(name: str, config: Config, key: str) -> bool:
    """Tell whether a key has an effect on a model, by what it and its encoder see."""
    about, row = FAMILIES[config["models"][name]["family"]], row_of(name, config)
    effective = {
        "labels": is_slicewise(name, config),
        "sequence_rule": is_slicewise(name, config),
        "pool": bool(about.pools) and row == "slice",
        "shuffle_slices": about.together or row == "scan",
    }
    return effective.get(key, True)


# Why a key has no effect on a model.
IDLE = {
    "labels": "the model sees its scans whole",
    "sequence_rule": "the model sees its scans whole",
    "pool": "the model has no slices that its family could pool",
    "shuffle_slices": "the model sees one slice at a time, or their pool, and no order",
}


def training_settings(name: str, config: Config) -> dict[str, Any]:
    """Return the training settings of a model: its own, and the study's others.

    Settings that have no effect on what learns from features are left out, so that changing them
    re-runs nothing.
    """
    general = {key: value for key, value in config["training"].items() if key != "slices"}
    parts = [general, config["models"][name]["training"]]
    if is_slicewise(name, config):
        parts.insert(1, config["training"]["slices"])
    settings, augmentation = {}, {}
    for part in parts:
        settings |= part
        augmentation |= part.get("augmentation", {})
    own = config["models"][name]
    if not FAMILIES[own["family"]].finetunes and "trainable" not in own["training"]:
        settings["trainable"] = "head"  # what a study trains throughout, others leave frozen
    if settings["trainable"] == "head":
        settings = {key: value for key, value in settings.items() if key not in FINE_TUNING}
        augmentation = {"mirror": augmentation["mirror"]}
    if settings.get("loss") != "focal":
        settings.pop("focal_gamma", None)
    return settings | {"augmentation": augmentation}


def naming_problems(name: str, config: Config) -> list[str]:
    """Say which encoders of a model are not there, or cannot be used together or by its family."""
    its, key = config["models"][name], f"models.{name}"
    takes, names = FAMILIES[its["family"]].takes, encoder_names(name, config)
    if not names:
        return [
            f"{key}.family is {its['family']!r}, which takes an encoder that sees a "
            f"{' or '.join(takes)}, and `encoders` has none: add one"
        ]
    unknown = [one for one in names if one not in config["encoders"]]
    if unknown:
        known = ", ".join(config["encoders"])
        return [f"{key}.encoder names {listed(unknown)}, but `encoders` has {known}"]
    sees = {one: config["encoders"][one]["sees"] for one in names}
    found = [
        f"{key}.family is {its['family']!r}, which takes an encoder that sees a "
        f"{' or '.join(takes)}, but {one} sees a {seen}: choose another family or encoder"
        for one, seen in sees.items()
        if seen not in takes
    ]
    if len({SIGHTS[seen].row for seen in sees.values()}) > 1:
        each = listed(f"{one}, which sees a {seen}" for one, seen in sees.items())
        found.append(
            f"{key}.encoder joins {each}: only features of the same rows can be joined; choose "
            "encoders that see the same"
        )
    elif len({config["encoders"][one].get("first_slices") for one in names}) > 1:
        found.append(
            f"{key}.encoder joins {listed(names)}, whose first_slices differ: only features of the "
            "same slices can be joined"
        )
    return found


def model_problems(name: str, config: Config) -> Iterator[str]:
    """Yield what is wrong with a model's combination of keys, in a filled configuration."""
    its, key = config["models"][name], f"models.{name}"
    about, training = FAMILIES[its["family"]], training_settings(name, config)
    if training["loss"] not in about.losses:
        yield (
            f"{key}.family is {its['family']!r}, which cannot learn a {training['loss']} loss: set "
            f"{key}.training.loss to cross_entropy"
        )
    if training["trainable"] != "head":
        if not about.finetunes:
            yield (
                f"{key}.family is {its['family']!r}, which takes a frozen encoder's features, but "
                f"{key}.training.trainable is {training['trainable']!r}: set it to head, or the "
                f"family to {' or '.join(n for n, one in FAMILIES.items() if one.finetunes)}"
            )
        if len(encoder_names(name, config)) > 1:
            yield (
                f"{key}.encoder joins several encoders, which stay frozen, but training.trainable "
                f"is {training['trainable']!r}: set {key}.training.trainable to head"
            )
    several = isinstance(training["learning_rate"], list)
    if several and about.epochs and config["tuning"]["patients"] != "train":
        yield (
            f"{key}: training.learning_rate lists several, among which only inner folds may "
            "choose: set tuning.patients to train, or name one"
        )
    if several and training["trainable"] != "head":
        yield (
            f"{key}: training.learning_rate lists several, which is for cached features: a model "
            f"that is trained throughout takes one, as {key}.training.learning_rate"
        )
