"""Fine-tuned models: their new head, which of their weights are trained, and their checkpoint."""

import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel

from ctseq.core.errors import InputError
from ctseq.core.files import atomic_write
from ctseq.encoders.loading import Encoder
from ctseq.families.heads import initial_layer

CLASSES = ("no hemorrhage", "hemorrhage")


def renew_head(encoder: Encoder, *, std: float, seed: list[int]) -> None:
    """Replace the head of a model, in place, by a random one for two classes.

    `std` is the standard deviation of its weights.
    """
    layer, config = encoder.head, encoder.model.config
    rng = np.random.default_rng(seed)
    for name, values in initial_layer(layer.in_features, std, rng).items():
        tensor = torch.from_numpy(values).to(encoder.device)
        layer.register_parameter(name, torch.nn.Parameter(tensor))
    layer.out_features = len(CLASSES)
    config.id2label = dict(enumerate(CLASSES))
    config.label2id = {label: number for number, label in enumerate(CLASSES)}


def choose_trainable(model: PreTrainedModel, trainable: str | Mapping[str, int]) -> None:
    """Freeze, in place, the weights of a model that are not trained.

    `trainable` is ``all``, or ``{"last_blocks": n}``: the last n blocks of the encoder and
    everything behind them, which includes the head.

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
    """Return the encoder's blocks: the modules of the class that is most frequent in its lists."""
    listed = [
        module
        for name, modules in model.named_modules()
        # V-JEPA 2 has a predictor behind its encoder, which classification does not use.
        if isinstance(modules, torch.nn.ModuleList) and ".predictor." not in name
        for module in modules
        if next(module.parameters(), None) is not None
    ]
    common = Counter(map(type, listed)).most_common(1)
    return [module for module in listed if common and type(module) is common[0][0]]


def save_model(encoder: Encoder, checkpoint: Path, folder: Path) -> None:
    """Write a trained model as a checkpoint, with the image processor of the one it came from."""
    with atomic_write(folder) as unfinished:
        encoder.model.save_pretrained(unfinished)
        shutil.copyfile(
            checkpoint / "preprocessor_config.json", unfinished / "preprocessor_config.json"
        )
