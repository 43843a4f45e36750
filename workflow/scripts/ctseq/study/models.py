"""The models of a study: each with its own settings and, where it has none, the study's."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Type of a head to its family. A model without a head trains its final linear layer.
HEAD_FAMILIES = {"linear": "linear"}
HEAD_FAMILIES |= dict.fromkeys(("mean", "max", "attention", "lstm", "gru"), "sequence")
HEAD_FAMILIES |= dict.fromkeys(("logistic", "svm", "forest", "neighbours", "mlp"), "classical")

# Keys of `training` that have no effect on heads of a frozen encoder.
FINE_TUNING = ("precision", "micro_batch", "gradient_checkpointing", "compile")

# Keys of a model that decide its encoder's features.
_ENCODER = ("kind", "checkpoint", "revision", "frames", "frame_sampling")
_ENCODER += ("position_embeddings", "first_slices")

CHECKPOINTS = "resources/checkpoints"


@dataclass(frozen=True)
class Model:
    """A model with all of its settings.

    Attributes
    ----------
    way_of_training
        See the function `way_of_training`.
    head
        Type of its head.
    labels
        Whose label a row is trained on: ``slice`` or ``patient``.
    sequence_rule
        How a patient's result follows from the slices; None if the model itself sees the sequence.
    encoder, extraction, training
        Settings of its encoder, of how that is run, and of its training.
    shuffled
        Whether it sees each scan's slices in a random order, a new one each replicate.
    """

    way_of_training: str
    head: str
    labels: str
    sequence_rule: str | None
    encoder: dict[str, Any]
    extraction: dict[str, Any]
    training: dict[str, Any]
    shuffled: bool

    @property
    def hub_folder(self) -> str:
        """Folder of a checkpoint of the hub, named after it so that studies share downloads."""
        name = "--".join(Path(self.encoder["checkpoint"], self.encoder["revision"]).parts)
        return f"{CHECKPOINTS}/{name}"

    @property
    def checkpoint_folder(self) -> str:
        """Folder of the model's checkpoint: tiny, local or fetched."""
        checkpoint = self.encoder["checkpoint"]
        if checkpoint == "tiny":
            frames = f"-{self.encoder['frames']}" if self.encoder["kind"] == "video" else ""
            return f"{CHECKPOINTS}/tiny-{self.encoder['kind']}{frames}"
        # An id of the hub is `owner/name`, which may also be a folder here.
        is_local = checkpoint.startswith((".", "/")) or Path(checkpoint).is_dir()
        return checkpoint if is_local else self.hub_folder

    @property
    def encoder_shuffled(self) -> bool:
        """Whether its encoder sees shuffled slices: each replicate then has its own features."""
        return self.shuffled and self.encoder["kind"] == "video"

    @property
    def feature_settings(self) -> tuple[dict[str, Any], dict[str, Any], bool]:
        """All settings that decide the features: models with equal ones share files."""
        return self.encoder, self.extraction, self.encoder_shuffled

    @property
    def head_settings(self) -> dict[str, Any]:
        """All settings that decide what is learned from the features of a frozen encoder."""
        if self.way_of_training == "classical":
            weighted = self.training["loss"] == "weighted"
            return {"head": self.head, "labels": self.labels, "weighted": weighted}
        settings = {"head": self.head, "training": self.training}
        if self.way_of_training == "sequence":
            return settings | {"shuffled": self.shuffled}
        return settings | {"labels": self.labels, "sequence_rule": self.sequence_rule}


def resolved(config: Mapping[str, Any], model: Mapping[str, Any]) -> Model:
    """Return one of the models of a checked configuration with all of its settings."""
    sees_sequences = model["kind"] == "video" or head_family(model) == "sequence"
    return Model(
        way_of_training=way_of_training(config, model),
        head=head_type(model),
        labels=model.get("labels", "patient"),
        sequence_rule=None if sees_sequences else model["sequence_rule"],
        encoder={key: model[key] for key in _ENCODER if key in model},
        extraction=extraction_settings(config, model),
        training=training_settings(config, model),
        shuffled=model.get("shuffle_slices", False),
    )


def frame_variants(config: Mapping[str, Any]) -> dict[str, Model]:
    """Return the video models with the other numbers of frames that the multiverse asks for."""
    return {
        variant_name(name, frames): resolved(config, {**model, "frames": frames})
        for name, model in config["models"].items()
        if model["kind"] == "video"
        for frames in config["multiverse"]["frames"]
        if frames != model["frames"]
    }


def variant_name(name: str, frames: int) -> str:
    """Return the name of a video model with another number of frames, for files of features."""
    return f"{name}-frames-{frames}"


def head_type(model: Mapping[str, Any]) -> str:
    """Return the type of a model's head: its final linear layer where it names none."""
    return model.get("head", {"type": "linear"})["type"]


def head_family(model: Mapping[str, Any]) -> str:
    """Return the family of a model's head: ``linear``, ``sequence`` or ``classical``."""
    return HEAD_FAMILIES[head_type(model)]


def way_of_training(config: Mapping[str, Any], model: Mapping[str, Any]) -> str:
    """Return how a model is trained: ``finetune``, or with a frozen encoder its head's family."""
    frozen = training_settings(config, model)["trainable"] == "head"
    return head_family(model) if frozen else "finetune"


def training_settings(config: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any]:
    """Return the training settings of a model: its own, and the study's others.

    Settings that have no effect on a frozen encoder's heads are left out, so that changing them
    re-runs nothing.
    """
    own = model.get("training", {})
    settings = config["training"] | own
    augmentation = config["training"]["augmentation"] | own.get("augmentation", {})
    if settings["trainable"] == "head":
        settings = {key: value for key, value in settings.items() if key not in FINE_TUNING}
        augmentation = {"mirror": augmentation["mirror"]}
    return settings | {"augmentation": augmentation}


def extraction_settings(config: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings for computing a model's features: its own, and the study's others."""
    return config["extraction"] | model.get("extraction", {})
