"""Backbones: loading a checkpoint, and one frozen pass over every image."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import transformers

from ctseq.errors import InputError
from ctseq.preprocessing import Preprocessing, intensity_table

# Rules report through their logs; the library's own bars and hints would only fill the screen.
transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

_AUTO = {
    "video": transformers.AutoModelForVideoClassification,
    "image": transformers.AutoModelForImageClassification,
}


@dataclass(frozen=True)
class Backbone:
    """A classifier in evaluation mode, taken apart at its final linear layer.

    Attributes
    ----------
    model
        The whole model, on `device`.
    head
        Its final linear layer.
    table
        Input value for each grey value, float32, shape (3, 256), on `device`.
    """

    model: transformers.PreTrainedModel
    head: torch.nn.Linear
    table: torch.Tensor
    device: torch.device


def choose_device() -> torch.device:
    """Take the fastest device there is: CUDA, then Apple's MPS, then the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def load(
    folder: Path, *, kind: str, preprocessing: Preprocessing, device: torch.device
) -> Backbone:
    """Load a checkpoint's classifier in evaluation mode.

    Raises
    ------
    InputError
        If a weight is missing in the checkpoint: a backbone that is partly random would go
        unnoticed otherwise.
    """
    model = _load_model(folder, kind)
    for parameter in model.parameters():
        # A tensor that lies unaligned in the file gives last-bit differences; a copy does not.
        parameter.data = parameter.data.clone()
    heads = [
        module
        for module in model.modules()
        if isinstance(module, torch.nn.Linear) and module.out_features == model.config.num_labels
    ]
    if not heads:
        raise InputError(f"{folder}: {type(model).__name__} has no final linear layer.")
    table = torch.from_numpy(intensity_table(preprocessing)).to(device)
    return Backbone(model.eval().to(device), heads[-1], table, device)


@torch.inference_mode()
def extract(backbone: Backbone, batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Run the backbone once over each image or sequence.

    Parameters
    ----------
    backbone
        As `load` gives it.
    batches
        Grey values after `preprocessing.shape_slice`, uint8: (batch, height, width) for images,
        (batch, frames, height, width) for sequences.

    Yields
    ------
    ndarray
        The exact input of the final linear layer for each batch, float32, (batch, features).
    """
    caught: list[torch.Tensor] = []
    hook = backbone.head.register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0]))
    try:
        for batch in batches:
            caught.clear()
            backbone.model(**{backbone.model.main_input_name: pixel_values(backbone, batch)})
            yield caught[0].float().cpu().numpy()
    finally:
        hook.remove()


def pixel_values(backbone: Backbone, batch: np.ndarray) -> torch.Tensor:
    """Turn grey values into the model's input: a channel axis of 3 before height and width.

    One window feeds all channels. Three have that axis already, and each feeds its own.
    """
    grey = torch.from_numpy(np.ascontiguousarray(batch)).to(backbone.device).int()
    sequences = type(backbone.model.config) in transformers.MODEL_FOR_VIDEO_CLASSIFICATION_MAPPING
    three = grey.ndim == (5 if sequences else 4)
    channels = grey.unbind(-3) if three else [grey] * 3
    pairs = zip(backbone.table, channels, strict=True)
    return torch.stack([table[channel] for table, channel in pairs], dim=-3)


def _load_model(folder: Path, kind: str) -> transformers.PreTrainedModel:
    options = {"local_files_only": True, "use_safetensors": True, "output_loading_info": True}
    try:
        model, info = _AUTO[kind].from_pretrained(folder, attn_implementation="sdpa", **options)
    except ValueError:  # an architecture without SDPA, such as TimeSformer
        model, info = _AUTO[kind].from_pretrained(folder, **options)
    if info["missing_keys"]:
        raise InputError(
            f"{folder} lacks weights of {type(model).__name__}: "
            f"{', '.join(sorted(info['missing_keys'])[:5])}. It is not a complete classifier."
        )
    return model
