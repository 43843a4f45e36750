"""How models are trained: families of heads, and fine-tuning, each by a rule of its own."""

from collections.abc import Mapping
from typing import Any

# `head.type` to its family.
HEAD_FAMILIES = {"linear": "linear"}
HEAD_FAMILIES |= dict.fromkeys(("mean", "max", "attention", "lstm", "gru"), "sequence")
HEAD_FAMILIES |= dict.fromkeys(("logistic", "svm", "forest", "neighbours", "mlp"), "classical")

# Keys of `training` that a frozen backbone has no use for.
FINE_TUNING = ("precision", "micro_batch", "gradient_checkpointing", "compile")


def head_family(model: Mapping[str, Any]) -> str:
    """Tell a model's family of heads; one that names no head has its final linear layer."""
    return HEAD_FAMILIES[model.get("head", {"type": "linear"})["type"]]


def way_of_training(config: Mapping[str, Any], model: Mapping[str, Any]) -> str:
    """Name how a model is trained: ``finetune``, or on a frozen backbone its head's family.

    Parameters
    ----------
    config
        The study's configuration.
    model
        One of its models'.
    """
    training = config["training"] | model.get("training", {})
    return head_family(model) if training["trainable"] == "head" else "finetune"


def training_settings(config: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any]:
    """Return the training settings of a model: the study's, with the model's overrides filled in.

    Settings that have no effect on a frozen backbone's heads are left out, so that changing them
    re-runs nothing.

    Parameters
    ----------
    config
        The study's configuration.
    model
        One of its models'.
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
