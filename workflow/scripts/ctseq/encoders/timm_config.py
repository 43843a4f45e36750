"""How images are prepared for a checkpoint of timm, by its config.json alone: timm is not needed.

timm writes no processor's settings. Its evaluation transform follows from ``pretrained_cfg``, as
`timm.data.resolve_data_config` and `timm.data.create_transform` read it.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from ctseq.core.errors import InputError
from ctseq.core.files import read_json
from ctseq.imaging.preprocessing import Preprocessing

# What timm takes where a key is missing or empty: ImageNet's statistics among them.
_DEFAULTS = {
    "input_size": [3, 224, 224],
    "interpolation": "bicubic",
    "crop_pct": 0.875,
    "crop_mode": "center",
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
}


def is_timms(config: Mapping[str, Any]) -> bool:
    """Return whether a config.json is one of timm."""
    return "pretrained_cfg" in config


def read_timm_steps(path: Path) -> Preprocessing:
    """Return the steps of a checkpoint of timm, from its config.json.

    Raises
    ------
    InputError
        If it wants other than three channels, or steps that ctseq does not do.
    """
    own = read_json(path)["pretrained_cfg"]
    values = {key: own.get(key) or default for key, default in _DEFAULTS.items()}
    channels, *size = values["input_size"]
    mode, mean, std = (values[key] for key in ("crop_mode", "mean", "std"))
    squared = mode == "center" and size[0] == size[1]
    resample = getattr(Image.Resampling, values["interpolation"].upper(), None)
    done = squared or mode == "squash"
    if not done or resample is None or {channels, len(mean), len(std)} != {3}:
        shown = ", ".join(f"{key} {value}" for key, value in values.items())
        raise InputError(
            f"{path}: pretrained_cfg asks for {shown}. ctseq takes images of 3 channels, crops "
            "squares from the centre or squashes, by an interpolation of Pillow. Choose another "
            "checkpoint."
        )
    height, width = (math.floor(pixels / values["crop_pct"]) for pixels in size)
    return Preprocessing(
        resize=height if squared else (height, width),
        resample=int(resample),
        crop=tuple(size),
        scale=1 / 255,
        offset=0.0,
        mean=tuple(mean),
        std=tuple(std),
    )
