"""Frozen encoders: loading a checkpoint, and one pass over every image."""

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from ctseq.core.errors import InputError, fail_on
from ctseq.core.files import read_json
from ctseq.encoders.devices import autocast
from ctseq.encoders.positions import LEARNED, frames_key, resized, tubelet_frames
from ctseq.imaging.preprocessing import Preprocessing, intensity_table

# Rules report through their logs; bars and hints of transformers would only fill the screen.
transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

_AUTO = {
    "video": transformers.AutoModelForVideoClassification,
    "image": transformers.AutoModelForImageClassification,
}


@dataclass(frozen=True)
class Encoder:
    """A classifier in evaluation mode, and what it takes to feed it grey values.

    Attributes
    ----------
    model
        The classifier, on `device`.
    head
        Its final linear layer, whose input is the features.
    kind
        ``video`` if it sees sequences, ``image`` if it sees single slices.
    table
        Input value for each grey value, float32, shape (3, 256), on `device`.
    """

    model: transformers.PreTrainedModel
    head: torch.nn.Linear
    kind: str
    table: torch.Tensor
    device: torch.device


def load(
    folder: Path,
    *,
    kind: str,
    preprocessing: Preprocessing,
    device: torch.device,
    frames: int | None = None,
    position_embeddings: str = "interpolate",
) -> Encoder:
    """Load a checkpoint's classifier in evaluation mode.

    Parameters
    ----------
    folder, kind
        The checkpoint, and ``video`` or ``image``.
    preprocessing
        The steps of the checkpoint's image processor.
    device
        Where the model will compute.
    frames, position_embeddings
        Number of frames of a video model, None for as many as it was pretrained with, and how
        learned position embeddings are adapted to it: `positions.check_frames`, `positions.MODES`.

    Raises
    ------
    InputError
        If the weights in the checkpoint are not exactly those of the model, its classifier aside:
        an encoder that is partly random would go unnoticed otherwise.
    """
    model = _load_model(folder, kind)
    if frames is not None:
        model = _with_frames(model, frames, position_embeddings)
    for parameter in model.parameters():
        # A tensor that lies unaligned in the file gives last-bit differences; a copy does not.
        parameter.data = parameter.data.clone()
    table = torch.from_numpy(intensity_table(preprocessing)).to(device)
    head = model.get_submodule(_head_name(model))
    return Encoder(model.eval().to(device), head, kind, table, device)


def load_configured(
    folder: str | Path, description: str | Path, settings: Mapping[str, Any], device: torch.device
) -> Encoder:
    """Load the checkpoint of a configured model.

    `description` is a JSON file of what `checkpoints.describe` returned for it. `settings` are the
    model's: ``kind`` and, if it has them, ``frames`` and ``position_embeddings``.
    """
    known = ("kind", "frames", "position_embeddings")
    return load(
        Path(folder),
        preprocessing=Preprocessing.from_json(read_json(description)["preprocessing"]),
        device=device,
        **{name: settings[name] for name in known if name in settings},
    )


@torch.inference_mode()
def extract(
    encoder: Encoder, batches: Iterable[np.ndarray], *, precision: str = "float32"
) -> Iterator[np.ndarray]:
    """Yield the exact input of the final linear layer, float32, (batch, features), batch by batch.

    Parameters
    ----------
    encoder
        From `load`.
    batches
        Grey values after `preprocessing.shape_slice`, uint8: (batch, height, width) for images,
        (batch, frames, height, width) for sequences.
    precision
        Of products and convolutions: `devices.PRECISIONS`.
    """
    caught: list[torch.Tensor] = []
    hook = encoder.head.register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0]))
    try:
        for batch in batches:
            caught.clear()
            with autocast(precision, encoder.device):
                encoder.model(**{encoder.model.main_input_name: pixel_values(encoder, batch)})
            yield caught[0].float().cpu().numpy()
    finally:
        hook.remove()


def pixel_values(encoder: Encoder, batch: np.ndarray) -> torch.Tensor:
    """Return the model's input for grey values: a channel axis of 3 before height and width.

    A slice in one window feeds all channels; slices in three windows have that axis already.
    """
    grey = torch.from_numpy(np.ascontiguousarray(batch)).to(encoder.device).int()
    has_channels = grey.ndim == (5 if encoder.kind == "video" else 4)
    channels = grey.unbind(-3) if has_channels else [grey] * 3
    pairs = zip(encoder.table, channels, strict=True)
    return torch.stack([table[channel] for table, channel in pairs], dim=-3)


def _load_model(folder: Path, kind: str) -> transformers.PreTrainedModel:
    options = {"local_files_only": True, "use_safetensors": True, "trust_remote_code": False}
    options |= {"output_loading_info": True, "ignore_mismatched_sizes": True}  # refused below
    try:
        model, info = _AUTO[kind].from_pretrained(folder, attn_implementation="sdpa", **options)
    except ValueError:  # an architecture without SDPA, such as TimeSformer
        model, info = _AUTO[kind].from_pretrained(folder, **options)
    wrong = dict.fromkeys(info["missing_keys"], "not in the checkpoint")
    wrong |= dict.fromkeys(info["unexpected_keys"], "not in the model")
    wrong |= {name: "of another shape" for name, *_ in info["mismatched_keys"]}
    head = _head_name(model) + "."
    fail_on(
        [f"{name}: {why}" for name, why in sorted(wrong.items()) if not name.startswith(head)],
        title=f"Weights in {folder} do not fit {type(model).__name__}",
        cure="A part of the encoder would be random. Choose a complete checkpoint.",
    )
    return model


def _head_name(model: transformers.PreTrainedModel) -> str:
    """Return the name of the final linear layer: the last one with an output for each class."""
    names = [
        name
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and module.out_features == model.config.num_labels
    ]
    if not names:
        raise InputError(f"{type(model).__name__} has no final linear layer.")
    return names[-1]


def _with_frames(
    model: transformers.PreTrainedModel, frames: int, mode: str
) -> transformers.PreTrainedModel:
    """Return the model for another number of frames, or itself if the number is its own."""
    before = model.config.to_dict()
    key = frames_key(before)
    if key is None or before[key] == frames:
        return model
    weights, tubelet = model.state_dict(), tubelet_frames(before)
    ending, class_tokens = LEARNED.get(model.config.model_type, (None, 0))
    for name in [name for name in weights if ending and name.endswith(ending)]:
        embeddings = resized(
            weights[name].numpy(),
            before=before[key] // tubelet,
            after=frames // tubelet,
            class_tokens=class_tokens,
            mode=mode,
        )
        weights[name] = torch.from_numpy(embeddings)
    config = copy.deepcopy(model.config)
    setattr(config, key, frames)
    other = type(model)(config)
    other.load_state_dict(weights)  # strict: names and shapes must be the same
    return other
