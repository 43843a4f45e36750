"""What a checkpoint wants done to an image: geometry (resize, crop) and intensity.

Geometry is applied once a slice and keeps 8-bit grey. Intensity (rescale, normalise) is a table of
256 values a colour channel, looked up when a batch is made.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
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
    scale, offset
        Factor from 0..255 to the model's range, and what is then added: -1 where that is -1..1.
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
    def from_json(cls, value: Mapping[str, Any]) -> "Preprocessing":
        """Read what `to_json` returned."""
        return cls(**{key: tuple(v) if isinstance(v, list) else v for key, v in value.items()})

    def to_json(self) -> dict[str, Any]:
        """Return plain values for a JSON file."""
        return asdict(self)


def with_side(steps: Preprocessing, side: int) -> Preprocessing:
    """Return the steps that show the same part of a slice as a square of another side, in pixels.

    What is resized to 256 pixels and cropped to 224 is, with a side of 448, resized to 512 first:
    a slice keeps its proportions to the crop, as the checkpoint was pretrained.

    Raises
    ------
    InputError
        If the steps do not resize, or make no squares: what a slice shows would be another thing.
    """
    sides = steps.crop or steps.resize
    height, width = (sides, sides) if isinstance(sides, int) else (sides or (0, 0))
    if steps.resize is None:
        raise InputError("its image processor does not resize slices")
    if height != width:
        raise InputError(f"its images of {width} x {height} pixels are no squares")

    def grown(pixels: int) -> int:
        return round(pixels * side / height)

    resize = steps.resize
    resize = grown(resize) if isinstance(resize, int) else tuple(map(grown, resize))
    return replace(steps, resize=resize, crop=steps.crop and (side, side))


def shape_slice(grey: np.ndarray, steps: Preprocessing) -> np.ndarray:
    """Resize and crop one slice, uint8, shape (height, width), by the checkpoint's steps.

    Raises
    ------
    InputError
        If the crop is larger than the resized slice.
    """
    image = Image.fromarray(grey)
    if steps.resize is not None:
        height, width = _resized_shape(grey.shape, steps.resize)
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
    """Return the model's input value for each grey value, float32, shape (3, 256).

    A row is a colour channel; grey slices feed all three.
    """
    values = np.arange(256)
    if steps.scale is None:
        values = values.astype(np.float32)
    else:
        # Scaled in double, rounded once: the order in which transformers rounds.
        values = (values.astype(np.float64) * steps.scale).astype(np.float32)
    values = np.tile(values + np.float32(steps.offset), (3, 1))
    if steps.mean is None:
        return values
    mean, std = (np.array(v, np.float32)[:, None] for v in (steps.mean, steps.std))
    return (values - mean) / std


def _resized_shape(shape: tuple[int, ...], resize: int | tuple[int, int]) -> tuple[int, int]:
    """Return height and width; the longer side is rounded down, as transformers does."""
    if not isinstance(resize, int):
        return resize
    height, width = shape
    if height <= width:
        return resize, int(resize * width / height)
    return int(resize * height / width), resize
