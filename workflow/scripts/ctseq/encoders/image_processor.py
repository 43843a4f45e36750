"""What a checkpoint's image processor does, as numbers: packing needs no transformers."""

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ctseq.core.errors import InputError
from ctseq.core.files import read_json
from ctseq.encoders.timm_config import is_timms, read_timm_steps
from ctseq.imaging.preprocessing import Preprocessing, intensity_table, shape_slice

# Where a checkpoint's settings stand.
FILES = ("preprocessor_config.json", "video_preprocessor_config.json")
_SETTINGS = ("do_resize", "size", "resample", "do_center_crop", "crop_size", "do_rescale")
_SETTINGS += ("rescale_factor", "do_normalize", "image_mean", "image_std")
_IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
# Image processors that transformers imports only beside torchvision, and their defaults where they
# differ from those of the ViT's, which has the same steps.
_TORCHVISION_ONLY: dict[str, dict[str, Any]] = {
    "DINOv3ViTImageProcessor": _IMAGENET,
    "Tipsv2ImageProcessor": {"size": {"height": 448, "width": 448}, "do_normalize": False},
}
# Pictures on which numbers are compared with the processor itself: square, wide and high.
_SHAPES = ((512, 512), (512, 640), (700, 512))


def settings_file(folder: Path) -> Path | None:
    """Return the file that says how images are prepared for a checkpoint; None if none does."""
    found = [folder / name for name in FILES if (folder / name).is_file()]
    config = folder / "config.json"
    if not found and config.is_file() and is_timms(read_json(config)):
        return config
    return next(iter(found), None)


def read_preprocessing(folder: Path) -> Preprocessing:
    """Return the steps of a checkpoint's image or video processor.

    transformers alone knows how a processor's class reads its settings. So each way in which
    classes read them is tried, and accepted only if it gives the picture that the processor gives.

    Raises
    ------
    InputError
        If transformers cannot load the processor here, or if it does anything but resize, crop,
        rescale and normalise.
    """
    path = settings_file(folder) or folder / FILES[0]
    if path.name == "config.json":
        return read_timm_steps(path)
    try:
        processor = _processor(path)
    except (AttributeError, ImportError, OSError, ValueError) as error:
        first_line = str(error).strip().partition("\n")[0]
        raise InputError(
            f"{path}: transformers cannot load this image processor by Pillow alone: {first_line}"
        ) from None
    try:
        readings = _readings(processor.to_dict())
        steps = next(steps for steps in readings if _do_the_same(steps, processor))
    except Exception:  # of any type: it lacks what such processors have, or takes no pictures
        raise InputError(
            f"{path}: {type(processor).__name__} does more than resize, crop, rescale and "
            "normalise, which is all that ctseq does. Choose another checkpoint."
        ) from None
    for name, value in (("rescale_factor", steps.scale), ("image_std", steps.std)):
        if value is not None and not np.all(value):
            raise InputError(
                f"{path}: {name} is {value}, and 0 makes all images one or no numbers. Mend it in "
                "a copy of the folder, or choose another checkpoint."
            )
    return steps


def _processor(path: Path) -> Any:
    """Return a checkpoint's processor, or one of the same steps that works by Pillow alone.

    Pillow is used even where torchvision is installed, which interpolates differently: a processor
    that only works by torchvision differs from the one of the same steps by rounding.
    """
    import transformers  # takes seconds, and fetching a checkpoint does without

    settings = read_json(path) if path.exists() else {}
    kind = settings.get("video_processor_type") or settings.get("image_processor_type", "")
    if kind.endswith("VideoProcessor"):
        settings = _video_processor(kind, settings).to_dict()
        # The only one that rescales to -1..1.
        offset = {"offset": True} if kind == "VivitVideoProcessor" else {}
        known = {key: settings[key] for key in _SETTINGS if settings.get(key) is not None}
        like = "VivitImageProcessor" if offset else "BitImageProcessorPil"
        return getattr(transformers, like)(**known, **offset)
    if defaults := _TORCHVISION_ONLY.get(kind.removesuffix("Fast")):
        known = {key: settings[key] for key in _SETTINGS if settings.get(key) is not None}
        return transformers.ViTImageProcessorPil(**defaults | known)
    return transformers.AutoImageProcessor.from_pretrained(
        path.parent, backend="pil", local_files_only=True, trust_remote_code=False
    )


def _video_processor(name: str, settings: Mapping[str, Any]) -> Any:
    """Return a video processor, whose class transformers imports only beside torchvision."""
    architecture = name.removesuffix("VideoProcessor").lower()
    module = f"transformers.models.{architecture}.video_processing_{architecture}"
    return getattr(importlib.import_module(module), name)(**settings)


def _readings(settings: Mapping[str, Any]) -> Iterator[Preprocessing]:
    """Yield the steps that an image processor's settings may mean."""
    crops, rescales, normalises = (
        settings.get(f"do_{step}") for step in ("center_crop", "rescale", "normalize")
    )
    resample, std = settings.get("resample"), settings.get("image_std")
    if settings.get("include_top"):  # EfficientNet divides twice by the standard deviation
        std = [value**2 for value in std]
    offset = settings.get("offset") or settings.get("rescale_offset")
    rest = {
        "resample": int(Image.Resampling.BILINEAR if resample is None else resample),
        "scale": float(settings["rescale_factor"]) if rescales else None,
        "offset": -1.0 if rescales and offset else 0.0,
        "mean": tuple(settings["image_mean"]) if normalises else None,
        "std": tuple(std) if normalises else None,
    }
    for resize, crop in _geometries(settings, _pixels(settings["crop_size"]) if crops else None):
        yield Preprocessing(resize=resize, crop=crop, **rest)


def _geometries(
    settings: Mapping[str, Any], crop: tuple[int, int] | None
) -> Iterator[tuple[int | tuple[int, int] | None, tuple[int, int] | None]]:
    """Yield the resizing and cropping that an image processor's settings may mean."""
    size = settings.get("size") or {}
    if not settings.get("do_resize"):
        yield None, crop
    elif pixels := _pixels(size):
        yield pixels, crop
    elif size.keys() == {"shortest_edge"}:
        side = int(size["shortest_edge"])
        yield side, crop
        yield int(256 / 224 * side), crop  # LeViT
        if settings.get("crop_pct"):
            yield int(side / settings["crop_pct"]), (side, side)  # ConvNeXt below 384 pixels
            yield (side, side), None  # and from there on


def _pixels(size: Mapping[str, int]) -> tuple[int, int] | None:
    return (size["height"], size["width"]) if size.keys() == {"height", "width"} else None


def _do_the_same(steps: Preprocessing, processor: Any) -> bool:
    """Return whether steps give what the processor gives, of noise in three different channels."""
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (*shape, 3), np.uint8) for shape in _SHAPES]
    with np.errstate(divide="ignore", invalid="ignore"):  # a std of 0, which is refused later
        try:
            shown = [_applied(steps, picture) for picture in pictures]
        except InputError:  # too small for the crop
            return False
        wanted = [_processed(processor, picture) for picture in pictures]
    # Of numbers up to 10, as near as their last bits: EfficientNet rounds once more.
    pairs = zip(shown, wanted, strict=True)
    same = {"rtol": 1e-6, "atol": 1e-6, "equal_nan": True}
    return all(a.shape == b.shape and np.allclose(a, b, **same) for a, b in pairs)


def _applied(steps: Preprocessing, picture: np.ndarray) -> np.ndarray:
    pairs = zip(intensity_table(steps), np.moveaxis(picture, -1, 0), strict=True)
    return np.stack([table[shape_slice(channel, steps)] for table, channel in pairs])


def _processed(processor: Any, picture: np.ndarray) -> np.ndarray:
    values = processor([Image.fromarray(picture)], return_tensors="np")["pixel_values"]
    return np.asarray(values).reshape(-1, *np.shape(values)[-2:])  # of one picture or one video
