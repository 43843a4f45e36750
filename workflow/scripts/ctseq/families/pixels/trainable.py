"""Fine-tuned models: an encoder with a new layer, which weights are trained, and their files."""

import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_model, save_model

from ctseq.core.errors import InputError
from ctseq.core.files import atomic_write, write_json
from ctseq.encoders.contract import Encoder, load
from ctseq.encoders.image_processor import FILES
from ctseq.families.heads import initial_layer
from ctseq.families.pixels.lora import add_adapters
from ctseq.families.stored import FACTS, VERSION, read_facts

# Of a model whose encoder was trained too, in what is stored of it.
_FAMILY = "finetuned"


class FineTuned(torch.nn.Module):
    """An encoder and a linear layer of two outputs on its features.

    Attributes
    ----------
    encoder
        What makes the features.
    layer
        The new final layer.
    """

    def __init__(self, encoder: Encoder, layer: torch.nn.Linear) -> None:
        super().__init__()
        self.encoder, self.model, self.layer = encoder, encoder.model, layer

    def forward(self, grey: np.ndarray) -> torch.Tensor:
        """Return the logits of rows of grey values, shape (rows, 2)."""
        return self.layer(self.encoder.features(grey))


def with_new_layer(encoder: Encoder, *, width: int, std: float, seed: list[int]) -> FineTuned:
    """Return an encoder with a random final layer, of which `std` is the standard deviation."""
    layer = torch.nn.Linear(width, 2)
    for name, values in initial_layer(width, std, np.random.default_rng(seed)).items():
        setattr(layer, name, torch.nn.Parameter(torch.from_numpy(values)))
    return FineTuned(encoder, layer.to(encoder.device))


def choose_trainable(
    model: torch.nn.Module, trainable: str | Mapping[str, Any], *, seed: list[int]
) -> None:
    """Freeze, in place, the weights of a model that are not trained.

    `trainable` is ``all``; ``{"last_blocks": n}``: the last n blocks of the encoder and everything
    behind them; or what `lora.add_adapters` takes: adapters, new weights that `seed` draws.

    Raises
    ------
    InputError
        If the model has fewer blocks, or no layers for adapters.
    """
    if trainable == "all":
        model.requires_grad_(True)
        return
    if "lora" in trainable:
        add_adapters(model, trainable, seed=seed)
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


def _blocks(model: torch.nn.Module) -> list[torch.nn.Module]:
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


def save_fitted(
    fitted: FineTuned,
    folder: Path,
    *,
    checkpoint: Path,
    description: Mapping[str, Any],
    training: Mapping[str, Any],
) -> None:
    """Write a trained model: its encoder as a checkpoint, its final layer, and how to use both.

    `checkpoint` is the folder that it came from, whose image processor it keeps, `description` that
    of its encoder, and `training` the settings that it computes by.
    """
    own = checkpoint / (description["settings"]["subfolder"] or "")
    facts = {"version": VERSION, "settings": {"family": _FAMILY}, "encoder": description}
    facts |= {key: training[key] for key in ("precision", "micro_batch")}
    with atomic_write(folder) as unfinished:
        # By the names that the weights have now: those of a tower, not of the whole it came from.
        fitted.model.save_pretrained(unfinished / "model", save_original_format=False)
        for name in filter(lambda name: (own / name).is_file(), FILES):
            shutil.copyfile(own / name, unfinished / "model" / name)
        save_model(fitted.layer, str(unfinished / "layer.safetensors"))
        write_json(facts, unfinished / FACTS)


def load_fitted(folder: Path, device: torch.device) -> tuple[FineTuned, dict[str, Any]]:
    """Return a trained model that `save_fitted` wrote, and its ``fitted.json``.

    Raises
    ------
    InputError
        If the folder holds none, or one of another version of ctseq or on a frozen encoder.
    """
    facts = read_facts(folder)
    if facts["settings"]["family"] != _FAMILY:
        raise InputError(f"{folder} holds a model on a frozen encoder, which is not fine-tuned.")
    encoder = facts["encoder"]
    # Wherever its checkpoint was, what it became is `model`.
    description = encoder | {"settings": encoder["settings"] | {"subfolder": ""}}
    layer = torch.nn.Linear(encoder["width"], 2)
    load_model(layer, folder / "layer.safetensors")
    model = load(folder / "model", description, device)
    return FineTuned(model, layer.to(device)), facts
