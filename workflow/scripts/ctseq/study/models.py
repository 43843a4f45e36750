"""What a model's configuration means: its settings with the study's filled in, and its training."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Type of a head to its family. Without a head, a model trains its final linear layer.
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
    """A model of a study, with the study's settings and its own overrides filled in.

    Attributes
    ----------
    way_of_training
        See `way_of_training`.
    head
        Type of its head.
    labels
        Whose label a row is trained on: ``slice`` or ``patient``.
    sequence_rule
        How slices make the patient's result; None if the model itself sees the sequence.
    encoder, extraction, training
        Settings of its encoder, of how that is run, and of its training.
    encoder_seed
        Seed of the slice order; None for encoders that see single slices, and for slices in order.
    shuffle_seed
        The same for its head.
    """

    way_of_training: str
    head: str
    labels: str
    sequence_rule: str | None
    encoder: dict[str, Any]
    extraction: dict[str, Any]
    training: dict[str, Any]
    encoder_seed: int | None
    shuffle_seed: int | None

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
    def feature_settings(self) -> tuple[dict[str, Any], dict[str, Any], int | None]:
        """All settings that decide the features: models with the same share files."""
        return self.encoder, self.extraction, self.encoder_seed


def resolved(config: Mapping[str, Any], model: Mapping[str, Any]) -> Model:
    """Return a model of a study with all settings filled in.

    Parameters
    ----------
    config
        The study's configuration, checked.
    model
        One of its models.
    """
    sees_sequences = model["kind"] == "video" or head_family(model) == "sequence"
    seed = config["seed"] if model.get("shuffle_slices") else None
    return Model(
        way_of_training=way_of_training(config, model),
        head=model.get("head", {"type": "linear"})["type"],
        labels=model.get("labels", "patient"),
        sequence_rule=None if sees_sequences else model["sequence_rule"],
        encoder={key: model[key] for key in _ENCODER if key in model},
        extraction=extraction_settings(config, model),
        training=training_settings(config, model),
        encoder_seed=seed if model["kind"] == "video" else None,
        shuffle_seed=seed,
    )


def head_family(model: Mapping[str, Any]) -> str:
    """Return the family of a model's head: ``linear``, ``sequence`` or ``classical``."""
    return HEAD_FAMILIES[model.get("head", {"type": "linear"})["type"]]


def way_of_training(config: Mapping[str, Any], model: Mapping[str, Any]) -> str:
    """Return how a model is trained: ``finetune``, or its head's family if its encoder is frozen.

    Parameters
    ----------
    config
        The study's configuration.
    model
        One of its models.
    """
    frozen = training_settings(config, model)["trainable"] == "head"
    return head_family(model) if frozen else "finetune"


def training_settings(config: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any]:
    """Return the training settings of a model: the study's, with the model's overrides filled in.

    Settings that have no effect on a frozen encoder's heads are left out, so that changing them
    re-runs nothing.

    Parameters
    ----------
    config
        The study's configuration.
    model
        One of its models.
    """
    own = model.get("training", {})
    settings = config["training"] | own
    augmentation = config["training"]["augmentation"] | own.get("augmentation", {})
    if settings["trainable"] == "head":
        settings = {key: value for key, value in settings.items() if key not in FINE_TUNING}
        augmentation = {"mirror": augmentation["mirror"]}
    return settings | {"augmentation": augmentation}


def extraction_settings(config: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a model's features are computed: the study's settings with its overrides."""
    return config["extraction"] | model.get("extraction", {})
