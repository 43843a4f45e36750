"""What an encoder is, and what a row of its features costs: read, loaded and timed."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open

from ctseq.core.errors import InputError
from ctseq.encoders.checkpoints import weight_files
from ctseq.encoders.contract import extract, load, module_of
from ctseq.encoders.devices import choose_device
from ctseq.encoders.registry import SIGHTS
from ctseq.encoders.sequences import members_of_row
from ctseq.families.pixels.trainable import choose_trainable
from ctseq.imaging.preprocessing import Preprocessing, shape_slice
from ctseq.imaging.windows import parse_windows

# Rows a batch as extract_features has them; on CPUs a batch of 8 slices takes as long for each.
_SLICES = {"cpu": 8, "cuda": 32, "mps": 32}
# A first batch that took longer is not repeated: what it adds to a later one is seconds at most.
_LONG_S = 10.0


@dataclass(frozen=True)
class CheckpointSize:
    """The size of a checkpoint: its parameters, and the bytes of its files of weights."""

    parameters: int
    file_bytes: int


def describe(name: str, settings: Mapping[str, Any], folder: str | Path | None) -> dict[str, Any]:
    """Return the description of an encoder, as the job that writes it would.

    `settings` are its own, with the window; `folder` is that of its checkpoint, if it has one.

    Raises
    ------
    InputError
        If the checkpoint and the settings do not go together.
    """
    own = Path(folder) if folder else None
    return module_of(settings).describe(own, settings, key=f"encoders.{name}")


def check_trainable(
    description: Mapping[str, Any], folder: str | Path | None, trainable: str | Mapping[str, Any]
) -> None:
    """Check that an encoder has what a model trains of it: blocks, or layers for adapters.

    Raises
    ------
    InputError
        If it lacks them.
    """
    encoder = load(folder, description, torch.device("cpu"))
    choose_trainable(encoder.model, trainable, seed=[0])  # no number matters


def checkpoint_size(folder: str | Path | None, subfolder: str = "") -> CheckpointSize | None:
    """Return the size of a checkpoint, from its headers; None without a checkpoint that is here."""
    if folder is None or not Path(folder).is_dir():
        return None
    parameters = file_bytes = 0
    for path in weight_files(Path(folder, subfolder)):
        if path.is_file():
            file_bytes += path.stat().st_size
            with safe_open(path, framework="numpy") as file:
                names = list(file.keys())
                shapes = [file.get_slice(name).get_shape() for name in names]
            parameters += sum(math.prod(shape) for shape in shapes)
    return CheckpointSize(parameters, file_bytes)


def pixels_of(description: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the shape of a packed slice: height and width, with an axis of 3 for three windows."""
    steps = Preprocessing.from_json(description["preprocessing"])
    windows = len(parse_windows(description["settings"]["window"]))
    shape = shape_slice(np.zeros((512, 512), np.uint8), steps).shape
    return shape if windows == 1 else (windows, *shape)


def time_row(
    description: Mapping[str, Any], folder: str | Path | None, *, threads: int
) -> tuple[float, str]:
    """Return the seconds that an encoder takes for one row of features, and the device.

    It is loaded and made faster as for its features, and sees one batch of black slices: grey
    values do not matter to the time. Of three batches the fastest counts, since buffers are made
    in the first.

    Raises
    ------
    InputError
        If its checkpoint is gone, though its description is there.
    """
    if folder and not Path(folder).is_dir():
        raise InputError(
            f"The checkpoint {folder} is not there any more, but features have still to be "
            "computed with it. Bring it back, or choose another one."
        )
    torch.set_num_threads(threads)
    device, settings = choose_device(), description["settings"]
    encoder = load(folder, description, device)
    if settings["extraction"]["speedups"]:
        encoder.speed_up()
    rows = 1 if SIGHTS[settings["sees"]].row == "scan" else _SLICES[device.type]
    members = members_of_row(settings, frames=description["frames"])
    batch = np.zeros((rows, *members, *pixels_of(description)), np.uint8)
    seconds = math.inf
    for _ in range(3):
        began = time.monotonic()
        list(extract(encoder, [batch], precision=settings["extraction"]["precision"]))
        seconds = min(seconds, time.monotonic() - began)
        if seconds > _LONG_S:
            break
    return seconds / rows, device.type
