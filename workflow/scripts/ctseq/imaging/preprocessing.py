"""What a checkpoint wants done to an image, taken apart into geometry and intensity.

Geometry (resize, crop) happens once per slice and keeps 8-bit grey; intensity (rescale,
normalise) is a table of 256 values per colour channel, applied when a batch is made. Both give
the bits that the checkpoint's own image processor gives, without torchvision.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from PIL import Image

from ctseq.core.errors import InputError


@dataclass(frozen=True)
class Preprocessing:
    """The steps in their order; a step that the checkpoint leaves out is None.

    Attributes
    ----------
    resize
        Height and width in pixels; or a single length that the shorter side gets, the longer one
        following in proportion.
    resample
        Pillow's number of the interpolation (2 bilinear, 3 bicubic).
    crop
        Height and width of the centre crop, in pixels.
    scale
        Factor from 0..255 to the model's range.
    offset
        Added after scaling: -1 where the range is -1..1.
    mean, std
        Normalisation per colour channel.
    """

    resize: int | tuple[int, int] | None
    resample: int
    crop: tuple[int, int] | None
    scale: float | None
    offset: float
    mean: tuple[float, float, float] | None
    std: tuple[float, float, float] | None

    @classmethod
    def from_processor(cls, processor: Mapping[str, Any]) -> "Preprocessing":
        """Read the settings of a Hugging Face image processor, as its ``to_dict`` gives them.

        Raises
        ------
        InputError
            If it asks for a step that is not known here; guessing would change the results.
        """
        wants = lambda step: bool(processor.get(f"do_{step}"))  # noqa: E731
        unknown = [
            name
            for name, value in processor.items()
            if name.startswith("do_") and value and name not in _KNOWN_STEPS
        ]
        if unknown:
            raise InputError(
                f"preprocessor_config.json asks for {', '.join(unknown)}, which ctseq does not do."
            )
        resize, crop = _size(processor) if wants("resize") else None, None
        if wants("center_crop"):
            crop = (processor["crop_size"]["height"], processor["crop_size"]["width"])
        if isinstance(resize, int) and processor.get("crop_pct"):
            # ConvNeXt's rule: below 384 pixels resize by crop_pct and crop, above warp.
            side = resize
            resize = int(side / processor["crop_pct"]) if side < _WARP_FROM else (side, side)
            crop = (side, side) if side < _WARP_FROM else None
        offset = -1.0 if wants("rescale") and processor.get("offset") else 0.0
        return cls(
            resize=resize,
            resample=int(processor.get("resample") or Image.Resampling.BILINEAR),
            crop=crop,
            scale=float(processor["rescale_factor"]) if wants("rescale") else None,
            offset=offset,
            mean=tuple(processor["image_mean"]) if wants("normalize") else None,
            std=tuple(processor["image_std"]) if wants("normalize") else None,
        )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Preprocessing":
        """Read back what `to_json` gave."""
        return cls(**{key: tuple(v) if isinstance(v, list) else v for key, v in value.items()})

    def to_json(self) -> dict[str, Any]:
        """Give plain values for a JSON file."""
        return asdict(self)


_WARP_FROM = 384  # pixels; transformers' ConvNextImageProcessor
_KNOWN_STEPS = {
    "do_resize", "do_center_crop", "do_rescale", "do_normalize", "do_convert_rgb",
}  # fmt: skip


def shape_slice(slice_: np.ndarray, steps: Preprocessing) -> np.ndarray:
    """Resize and crop one slice.

    Parameters
    ----------
    slice_
        Grey values, uint8, shape (height, width).
    steps
        The checkpoint's preprocessing.

    Returns
    -------
    ndarray
        uint8, shape (crop height, crop width).

    Raises
    ------
    InputError
        If the crop is larger than the resized slice.
    """
    image = Image.fromarray(slice_)
    if steps.resize is not None:
        height, width = _target(slice_.shape, steps.resize)
        image = image.resize((width, height), resample=Image.Resampling(steps.resample))
    if steps.crop is None:
        return np.asarray(image)
    height, width = steps.crop
    top, left = (image.height - height) // 2, (image.width - width) // 2
    if top < 0 or left < 0:
        raise InputError(
            f"A slice of {image.width} x {image.height} pixels is smaller than the centre crop of "
            f"{width} x {height} that the checkpoint asks for."
        )
    return np.asarray(image.crop((left, top, left + width, top + height)))


def intensity_table(steps: Preprocessing) -> np.ndarray:
    """Give the model's input value for each grey value.

    Returns
    -------
    ndarray
        float32, shape (3, 256): one row a colour channel; grey slices feed all three.
    """
    values = np.arange(256)
    if steps.scale is None:
        values = values.astype(np.float32)
    else:
        # Scaled in double, rounded once: the order in which the processors round.
        values = (values.astype(np.float64) * steps.scale).astype(np.float32)
    values = np.tile(values + np.float32(steps.offset), (3, 1))
    if steps.mean is None:
        return values
    mean, std = (np.array(v, np.float32)[:, None] for v in (steps.mean, steps.std))
    return (values - mean) / std


def _size(processor: Mapping[str, Any]) -> int | tuple[int, int]:
    size = processor["size"]
    if "shortest_edge" in size:
        return int(size["shortest_edge"])
    if "height" in size and "width" in size:
        return int(size["height"]), int(size["width"])
    raise InputError(f"preprocessor_config.json gives a size that ctseq does not know: {size}.")


def _target(shape: tuple[int, ...], resize: int | tuple[int, int]) -> tuple[int, int]:
    """Give height and width; the longer side is rounded down, as the processors do."""
    if not isinstance(resize, int):
        return resize
    height, width = shape
    if height <= width:
        return resize, int(resize * width / height)
    return int(resize * height / width), resize
