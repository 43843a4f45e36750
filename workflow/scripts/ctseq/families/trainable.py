"""Which part of a classifier is trained, its new head, and the checkpoint that comes of it."""

import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel

from ctseq.core.errors import InputError
from ctseq.core.files import atomic_write
from ctseq.encoders.backbones import Backbone
from ctseq.families.heads import initial_layer

CLASSES = ("no hemorrhage", "hemorrhage")


def renew_head(backbone: Backbone, *, std: float, seed: list[int]) -> None:
    """Put a new head for the two classes in place of the checkpoint's.

    Parameters
    ----------
    backbone
        Changed in place.
    std, seed
        Standard deviation of its weights, and the seed of the draw.
    """
    layer, config = backbone.head, backbone.model.config
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    for name, values in initial_layer(layer.in_features, std, rng).items():
        tensor = torch.from_numpy(values).to(backbone.device)
        layer.register_parameter(name, torch.nn.Parameter(tensor))
    layer.out_features = len(CLASSES)
    config.id2label = dict(enumerate(CLASSES))
    config.label2id = {label: number for number, label in enumerate(CLASSES)}


def choose_trainable(model: PreTrainedModel, trainable: str | Mapping[str, int]) -> None:
    """Let gradients reach what shall be trained, and nothing else.

    Parameters
    ----------
    model
        Changed in place.
    trainable
        ``all``, or ``{"last_blocks": n}``: the last n blocks of the encoder and everything after
        them, the head at least.

    Raises
    ------
    InputError
        If the model has fewer blocks.
    """
    if trainable == "all":
        model.requires_grad_(True)
        return
    number, blocks = trainable["last_blocks"], _blocks(model)
    if number > len(blocks):
        raise InputError(
            f"training.trainable asks for the last {number} blocks, but {type(model).__name__} has "
            f"{len(blocks)}. Choose fewer, or `trainable: all`."
        )
    first = next(blocks[-number].parameters())
    reached = False
    for parameter in model.parameters():  # in the order of the computation
        reached |= parameter is first
        parameter.requires_grad_(reached)


def _blocks(model: PreTrainedModel) -> list[torch.nn.Module]:
    """List the encoder's blocks: the modules of the class that stands most often in its lists."""
    listed = [
        module
        for name, modules in model.named_modules()
        # V-JEPA 2 has a predictor behind its encoder, which takes no part in classification.
        if isinstance(modules, torch.nn.ModuleList) and ".predictor." not in name
        for module in modules
        if next(module.parameters(), None) is not None
    ]
    common = Counter(map(type, listed)).most_common(1)
    return [module for module in listed if common and type(module) is common[0][0]]


def save_model(backbone: Backbone, checkpoint: Path, folder: Path) -> None:
    """Write the model as a checkpoint of its own.

    Parameters
    ----------
    backbone
        With its trained weights.
    checkpoint
        Folder that it was loaded from; its image processor is taken over.
    folder
        Where ``config.json``, ``preprocessor_config.json`` and ``model.safetensors`` shall stand.
    """
    with atomic_write(folder) as unfinished:
        backbone.model.save_pretrained(unfinished)
        shutil.copyfile(
            checkpoint / "preprocessor_config.json", unfinished / "preprocessor_config.json"
        )
