"""Encoders from the published checkpoints of VideoMamba, or fine-tuned ones."""

import dataclasses
import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from ctseq.core.errors import InputError
from ctseq.encoders.checkpoints import check_folder, weight_files
from ctseq.encoders.image_processor import FILES, read_preprocessing
from ctseq.encoders.positions import check_frames, resized
from ctseq.encoders.pretrained import Pretrained
from ctseq.encoders.videomamba.model import Architecture, VideoMamba
from ctseq.imaging.preprocessing import Preprocessing, intensity_table, shape_slice

log = logging.getLogger("ctseq")

# `auto` is what its classifier reads.
_POOLINGS = {"auto": "cls", "cls": "cls", "mean": "mean", "cls+mean": "cls+mean"}
# Parameters by whose shapes the sizes are known, and how many axes each has.
_TELLING = {
    "cls_token": 3,
    "pos_embed": 3,
    "temporal_pos_embedding": 3,
    "patch_embed.proj.weight": 5,
    "layers.0.mixer.A_log": 2,
    "layers.0.mixer.conv1d.weight": 3,
    "layers.0.mixer.dt_proj.weight": 2,
}
# The last normalisation, and what masked pretraining calls the same one.
_LAST_NORM, _ALSO_CALLED = "norm_f.weight", "norm.weight"
# The classifier, and what masked pretraining compares with its teacher: nothing of an encoder.
_UNREAD = ("head.", "clip_decoder.")
# ImageNet's, by which the published checkpoints were pretrained.
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_PUBLISHED = "prepared as for the published checkpoints"


def describe(folder: Path, settings: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """Return what later rules need to know of a checkpoint, as `contract.EncoderModule` says.

    Raises
    ------
    InputError
        If the folder holds no weights of a VideoMamba of videos, or they do not go together, cannot
        take that many frames, or have no such pooling.
    """
    own = folder / (settings["subfolder"] or "")
    called = settings["checkpoint"]
    check_folder(own, name=called if Path(called) == own else f"{called} ({own})", bare=True)
    of = _architecture(own)
    frames = settings["frames"] or of.frames
    values = {"model_type": of.model_type, "num_frames": of.frames, "tubelet_size": of.tubelet}
    check_frames(values, key=key, frames=frames, mode=settings["position_embeddings"])
    if settings["pooling"] not in _POOLINGS:
        raise InputError(
            f"{key}.pooling is {settings['pooling']}, and VideoMamba has no pooler of its own: "
            "choose auto, cls, mean or cls+mean."
        )
    pooling = _POOLINGS[settings["pooling"]]
    return {
        "settings": dict(settings),
        "architecture": "VideoMamba",
        "frames": frames,
        "pooling": pooling,
        "width": of.width * len(pooling.split("+")),
        "initializer_range": 0.02,  # that of the classifier, as published
        "preprocessing": _preprocessing(own, of).to_json(),
    }


def load(folder: Path, description: Mapping[str, Any], device: torch.device) -> Pretrained:
    """Load a checkpoint in evaluation mode.

    Raises
    ------
    InputError
        If its weights are not those of a VideoMamba of videos.
    """
    settings, frames = description["settings"], description["frames"]
    folder = folder / (settings["subfolder"] or "")
    of = _architecture(folder)
    weights = {}
    for path in weight_files(folder):
        weights |= {name: one.float() for name, one in load_file(path).items()}
    weights = _of_encoder(weights)
    if frames != of.frames:
        times = frames // of.tubelet
        learned = resized(
            weights["temporal_pos_embedding"].numpy(),
            before=of.times,
            after=times,
            class_tokens=0,
            mode=settings["position_embeddings"],
        )
        weights["temporal_pos_embedding"] = torch.from_numpy(learned)
        of = dataclasses.replace(of, times=times)
    with torch.device("meta"):
        model = VideoMamba(of)
    model.load_state_dict(weights, assign=True)  # strict: names and shapes must be the same
    steps = Preprocessing.from_json(description["preprocessing"])
    table = torch.from_numpy(intensity_table(steps)).to(device)
    model = model.eval().to(device)
    return Pretrained(model, description["pooling"], settings["sees"], table, device, {})


def _architecture(folder: Path) -> Architecture:
    """Return the sizes of a checkpoint, of which each parameter's shape is checked.

    Raises
    ------
    InputError
        If a parameter is missing, is none of a VideoMamba, or has another shape than goes with the
        others.
    """
    shapes = _shapes(folder)
    for name, axes in _TELLING.items():
        if len(shapes.get(name, ())) != axes:
            raise InputError(f"Checkpoint {folder}: {_unlike(name, shapes)}")
    patches = shapes["pos_embed"][1] - 1
    blocks = {name.split(".")[1] for name in shapes if name.startswith("layers.")}
    channels, states = shapes["layers.0.mixer.A_log"]
    of = Architecture(
        width=shapes["cls_token"][2],
        depth=len(blocks),
        channels=channels,
        states=states,
        kernel=shapes["layers.0.mixer.conv1d.weight"][2],
        rank=shapes["layers.0.mixer.dt_proj.weight"][1],
        tubelet=shapes["patch_embed.proj.weight"][2],
        patch=shapes["patch_embed.proj.weight"][3],
        side=math.isqrt(max(patches, 0)),
        times=shapes["temporal_pos_embedding"][1],
    )
    with torch.device("meta"):
        expected = {name: tuple(one.shape) for name, one in VideoMamba(of).state_dict().items()}
    _check_shapes(shapes, expected, folder)
    return of


def _shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return the shape of each parameter of a checkpoint's encoder, from its files' headers."""
    shapes = {}
    for path in weight_files(folder):
        with safe_open(path, framework="numpy") as file:
            names = list(file.keys())
            shapes |= {name: tuple(file.get_slice(name).get_shape()) for name in names}
    return _of_encoder(shapes)


def _of_encoder(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a checkpoint has of each parameter of the encoder, by the network's names."""
    own = {name: one for name, one in found.items() if not name.startswith(_UNREAD)}
    if _LAST_NORM not in own and _ALSO_CALLED in own:
        own[_LAST_NORM] = own.pop(_ALSO_CALLED)
    return own


def _unlike(name: str, shapes: Mapping[str, tuple[int, ...]]) -> str:
    """Return why a checkpoint is no VideoMamba of videos, of which a telling parameter says so."""
    of_images = "temporal_pos_embedding" not in shapes and "layers.0.mixer.A_b_log" in shapes
    if of_images and name in ("temporal_pos_embedding", "patch_embed.proj.weight"):
        return (
            "it is a VideoMamba of single images, which knows no order of slices. Choose a "
            "checkpoint of videos, such as videomamba_m16_k400_f16_res224.pth."
        )
    if name in shapes:
        return f"{name} has shape {shapes[name]}, and {_TELLING[name]} axes are needed. {_CHOOSE}"
    return f"it lacks {name}, which every VideoMamba of videos has. {_CHOOSE}"


_CHOOSE = "Choose a checkpoint of VideoMamba, or set the encoder's `type`."


def _check_shapes(
    shapes: Mapping[str, tuple[int, ...]], expected: Mapping[str, tuple[int, ...]], folder: Path
) -> None:
    """Raise an InputError if parameters are missing, strange, or of another shape than expected."""
    if missing := sorted(expected.keys() - shapes.keys()):
        raise InputError(
            f"Checkpoint {folder}: it lacks {missing[0]} ({len(missing)} of {len(expected)} "
            f"weights), which would be random. {_CHOOSE}"
        )
    if strange := sorted(shapes.keys() - expected.keys()):
        raise InputError(
            f"Checkpoint {folder}: it holds {strange[0]} ({len(strange)} such weights), which "
            f"VideoMamba as published does not have. {_CHOOSE}"
        )
    for name, shape in expected.items():
        if shapes[name] != shape:
            raise InputError(
                f"Checkpoint {folder}: {name} has shape {shapes[name]}, and {shape} goes with its "
                "other weights. Fetch or save the checkpoint again."
            )


def _preprocessing(folder: Path, of: Architecture) -> Preprocessing:
    """Return how slices are prepared: as the folder says, or as for the published checkpoints."""
    if not any((folder / name).is_file() for name in FILES):
        log.info(
            "%s has no %s: slices are %s, their shorter side resized to %d pixels and their middle "
            "cropped, with ImageNet's mean and standard deviation.",
            folder, FILES[0], _PUBLISHED, of.pixels,
        )  # fmt: skip
        square = (of.pixels, of.pixels)
        # Bilinear by Pillow; the published program resizes by OpenCV.
        return Preprocessing(of.pixels, 2, square, 1 / 255, 0.0, _MEAN, _STD)
    steps = read_preprocessing(folder)
    height, width = shape_slice(np.zeros((512, 512), np.uint8), steps).shape
    if (height, width) != (of.pixels, of.pixels):
        raise InputError(
            f"Checkpoint {folder}: its image processor makes {height} x {width} pixels of a slice "
            f"of 512 x 512, and its position embeddings are for {of.pixels} x {of.pixels}."
        )
    return steps
