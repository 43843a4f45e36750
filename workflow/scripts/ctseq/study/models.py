"""The models of a study, each with its own settings and, where it has none, the study's."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from ctseq.encoders.registry import SIGHTS
from ctseq.families.registry import FAMILIES, LISTED, Family
from ctseq.study.encoders import Encoder

# Keys of `training` that have no effect on what learns from a frozen encoder's features ...
FINE_TUNING = ("precision", "micro_batch", "gradient_checkpointing", "compile")
# ... and on what is trained from pixels.
_OF_FEATURES = ("solver", "standardise", "components", "dropout", "size", "seeds")
# All keys of `training` that decide what is solved.
SOLVED = ("solver", "loss")
# Keys of `training` that not all families have: what of a family tells that it has them.
OWN_KEYS = {
    "solver": "solves",
    "standardise": "epochs",
    "components": "epochs",
    "seeds": "epochs",
    "dropout": "hidden",
    "size": "hidden",
}

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Model:
    """A model with all of its settings.

    Attributes
    ----------
    name, label
        Its key in the configuration, and its name in figures and tables.
    encoders
        One, or several whose features are joined; of an ensemble, those of its members.
    family
        A key of `families.registry.FAMILIES`.
    labels
        Whose label it is taught: ``slice`` or ``scan``.
    sequence_rule
        How a scan's result follows from its slices; None if it is the model's own.
    pool
        How the slices of a scan become one row; None if they do not.
    shuffled
        Whether it sees each scan's slices in a random order, a new one each replicate.
    training
        Settings of its training.
    halving
        Whether the worse of several settings stop early.
    members
        The models whose scores an ensemble combines; none of others.
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
    halving: bool
    members: "tuple[Model, ...]" = ()

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
            halving=config["tuning"]["halving"],
            members=tuple(cls.of(member, config) for member in its.get("members", ())),
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
    def parts(self) -> Mapping[str, Any]:
        """What is trained of its encoder, if that is a part: last blocks or low-rank adapters."""
        trainable = self.training["trainable"]
        return trainable if isinstance(trainable, Mapping) else {}

    @property
    def solved(self) -> bool:
        """Whether it is linear, and solved to convergence."""
        return self.training.get("solver") == "exact"

    @property
    def in_epochs(self) -> bool:
        """Whether it is trained in epochs, and so has a learning rate and a history."""
        return self.about.epochs and not self.solved

    @property
    def n_candidates(self) -> int:
        """Number of settings of its training in epochs that it chooses from."""
        listed = [self.training.get(key) for key in LISTED if self.in_epochs]
        return prod(len(values) for values in listed if isinstance(values, list))

    @property
    def slicewise(self) -> bool:
        """Whether it scores slices, one by one or in context, which a rule combines."""
        return self.sequence_rule is not None

    @property
    def sees_scans(self) -> bool:
        """Whether it sees the slices of a scan together, whatever it scores."""
        return not self.slicewise or self.about.together

    @property
    def encoder_shuffled(self) -> bool:
        """Whether an encoder sees shuffled slices: each replicate then has its own features."""
        return any(map(self.shuffles, self.encoders))

    def shuffles(self, encoder: Encoder) -> bool:
        """Tell whether one of its encoders sees shuffled slices, which change its features."""
        return self.shuffled and encoder.ordered

    @property
    def settings(self) -> dict[str, Any]:
        """All settings that decide what is learned from the features of a frozen encoder."""
        found: dict[str, Any] = {"family": self.family}
        if self.members:
            rules = [one.sequence_rule for one in self.members]
            return found | {"members": [one.name for one in self.members], "sequence_rules": rules}
        if self.slicewise:
            found["labels"] = self.labels
        if self.pool is not None:
            found["pool"] = self.pool
        if self.in_epochs:
            found["training"] = self.training
            found["halving"] = self.halving and self.n_candidates > 1
            if self.slicewise:  # by the rule, epochs have the accuracy of scans
                found["sequence_rule"] = self.sequence_rule
        elif self.solved:
            found["training"] = {key: self.training[key] for key in SOLVED}
        else:
            found["weighted"] = self.training["loss"] == "weighted"
        if self.about.together:
            found["shuffled"] = self.shuffled
        return found


def run_names(config: Config) -> list[str]:
    """Return the names of the models that run: those compared, then members beside them."""
    members = (config["models"][name].get("members", ()) for name in config["compare"])
    return [*dict.fromkeys([*config["compare"], *(one for own in members for one in own)])]


def label_of(name: str, config: Config) -> str:
    """Return the name of a model in figures and tables."""
    return config["models"][name].get("label", name)


def encoder_names(name: str, config: Config) -> list[str]:
    """Return the encoders of a model: those that it names, or the first that its family can use.

    None of them need be in the catalogue; there is none if nothing fits. An ensemble has those of
    its members.
    """
    its = config["models"][name]
    if FAMILIES[its["family"]].combines:
        own = (one for member in its["members"] for one in encoder_names(member, config))
        return [*dict.fromkeys(own)]
    if "encoder" not in its:
        takes = FAMILIES[its["family"]].takes
        fitting = (key for key, one in config["encoders"].items() if one["sees"] in takes)
        return [one for one in [next(fitting, None)] if one]
    return [its["encoder"]] if isinstance(its["encoder"], str) else list(its["encoder"])


def row_of(name: str, config: Config) -> str:
    """Return what a row of a model's features is: a ``slice`` or a ``scan``."""
    first = config["encoders"][encoder_names(name, config)[0]]
    return SIGHTS[first["sees"]].row


def sees_order(name: str, config: Config) -> bool:
    """Tell whether an encoder of a model makes features that depend on the order of the slices."""
    its = (config["encoders"][one]["sees"] for one in encoder_names(name, config))
    return any(SIGHTS[sees].ordered for sees in its)


def is_slicewise(name: str, config: Config) -> bool:
    """Tell whether a model learns from slices one by one."""
    its = config["models"][name]
    about = FAMILIES[its["family"]]
    together = about.together or about.combines or "pool" in its
    return row_of(name, config) == "slice" and not together


def with_own_labels(given: Config, full: Config) -> dict[str, Any]:
    """Return a filled configuration in which what sees scans learns their labels.

    Families that can learn those of slices in context do so only where it is given.
    """
    own = {
        name: {key: value for key, value in its.items() if key != "labels"}
        if FAMILIES[its["family"]].in_context and "labels" not in given["models"].get(name, {})
        else its
        for name, its in full["models"].items()
    }
    return {**full, "models": own}


def has_key(name: str, config: Config, key: str) -> bool:
    """Tell whether a key has an effect on a model, by what it and its encoder see."""
    its = config["models"][name]
    about = FAMILIES[its["family"]]
    if about.combines:
        return key in ("label", "family", "members")
    row, one_by_one = row_of(name, config), is_slicewise(name, config)
    in_context = about.in_context and its.get("labels") == "slice"
    effective = {
        "members": False,
        "labels": one_by_one or about.in_context,
        "sequence_rule": one_by_one or in_context,
        "pool": bool(about.pools) and row == "slice",
        "shuffle_slices": about.together or sees_order(name, config),
    }
    return effective.get(key, True)


def idle_key(name: str, config: Config, key: str) -> str:
    """Return what is wrong with a key that has no effect on a model."""
    why = IDLE.get(key, "")
    if FAMILIES[config["models"][name]["family"]].combines:
        why = "the model learns from its members' scores alone"
    return f"models.{name}.{key} has no effect: {why}; remove it"


# Why a key has no effect on a model.
IDLE = {
    "members": f"only {' and '.join(n for n, one in FAMILIES.items() if one.combines)} have them",
    "labels": "the model sees its scans whole",
    "sequence_rule": "the model sees its scans whole and has one result for each",
    "pool": "the model has no slices that its family could pool",
    "shuffle_slices": "the model sees one slice at a time, or their pool, and no order",
}


def training_settings(name: str, config: Config) -> dict[str, Any]:
    """Return the training settings of a model: its own, and the study's others.

    Settings that have no effect on it are left out, so that changing them re-runs nothing.
    """
    settings, family = merged_training(name, config), FAMILIES[config["models"][name]["family"]]
    idle = {key for key, of in OWN_KEYS.items() if not getattr(family, of)}
    augmentation = settings["augmentation"]
    if settings["trainable"] == "head":
        idle |= {*FINE_TUNING}
        if not family.epochs and family.solves:
            settings["solver"] = "exact"
        augmentation = {"mirror": augmentation["mirror"]}
    else:
        idle |= {*_OF_FEATURES}
    if settings.get("loss") != "focal":
        idle.add("focal_gamma")
    kept = {key: value for key, value in settings.items() if key not in idle}
    return kept | {"augmentation": augmentation}


def merged_training(name: str, config: Config) -> dict[str, Any]:
    """Return what a model's own section `training` and the study's say together."""
    general = {key: value for key, value in config["training"].items() if key != "slices"}
    own = config["models"][name]
    parts = [general, own.get("training", {})]
    if is_slicewise(name, config):
        parts.insert(1, config["training"]["slices"])
    settings, augmentation = {}, {}
    for part in parts:
        settings |= part
        augmentation |= part.get("augmentation", {})
    if not FAMILIES[own["family"]].finetunes and "trainable" not in parts[-1]:
        settings["trainable"] = "head"  # what a study trains throughout, others leave frozen
    return settings | {"augmentation": augmentation}
