"""Reading a checkpoint's preprocessor_config.json, old and new, without importing transformers.

A file may leave keys out, and files of older releases write sizes as one number. What then holds
is a matter of the image processor's class; the defaults below are those of transformers 5.23, and
a test compares them with it.
"""

import re
from pathlib import Path
from typing import Any

from ctseq.core.errors import InputError
from ctseq.core.files import read_json

_BILINEAR, _BICUBIC = 2, 3  # Pillow's numbers
_SQUARE = {"height": 224, "width": 224}
_HALF = [0.5, 0.5, 0.5]
_COMMON = {
    "do_resize": True,
    "do_rescale": True,
    "do_normalize": True,
    "rescale_factor": 1 / 255,
    "image_mean": _HALF,
    "image_std": _HALF,
}
_CROPPED = {"do_center_crop": True, "crop_size": _SQUARE}
# By the name before `ImageProcessor` or `FeatureExtractor`. Other models share these: TimeSformer
# reads VideoMAE's, Swin ViT's, ResNet and ConvNeXt V2 ConvNeXt's, DINOv2 Bit's.
DEFAULTS: dict[str, dict[str, Any]] = {
    "Vivit": _COMMON
    | _CROPPED
    | {
        "size": {"shortest_edge": 256},
        "resample": _BILINEAR,
        "rescale_factor": 1 / 127.5,
        "offset": True,
    },
    "VideoMAE": _COMMON | _CROPPED | {"size": {"shortest_edge": 224}, "resample": _BILINEAR},
    "ConvNext": _COMMON
    | {"size": {"shortest_edge": 384}, "resample": _BICUBIC, "crop_pct": 224 / 256},
    "ViT": _COMMON | {"size": _SQUARE, "resample": _BILINEAR},
    "Bit": _COMMON
    | _CROPPED
    | {
        "size": {"shortest_edge": 224},
        "resample": _BICUBIC,
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
    },
}


def read_processor(folder: Path) -> dict[str, Any]:
    """Read what a checkpoint's image processor does.

    Parameters
    ----------
    folder
        The checkpoint.

    Returns
    -------
    dict
        Every key that `preprocessing.Preprocessing.from_processor` asks for.

    Raises
    ------
    InputError
        If the processor is of a class that is not known here.
    """
    path = folder / "preprocessor_config.json"
    written = read_json(path)
    name = written.get("image_processor_type") or written.get("feature_extractor_type") or ""
    family = re.sub(r"(ImageProcessor|FeatureExtractor)(Fast|Pil)?$", "", name)
    if family not in DEFAULTS:
        raise InputError(
            f"{path} is for {name or 'an unnamed image processor'}; ctseq knows those of "
            f"{', '.join(DEFAULTS)}. Others are added in processors.py."
        )
    settings = DEFAULTS[family] | {key: v for key, v in written.items() if v is not None}
    if isinstance(settings["size"], int):
        edges = DEFAULTS[family]["size"]  # shortest_edge, or height and width
        settings["size"] = dict.fromkeys(edges, settings["size"])
    if isinstance(settings.get("crop_size"), int):
        settings["crop_size"] = dict.fromkeys(_SQUARE, settings["crop_size"])
    return settings
