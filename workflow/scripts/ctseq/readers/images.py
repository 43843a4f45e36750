"""Decoding of pictures: PNG, JPEG and TIFF, as grey values."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageOps, UnidentifiedImageError

from ctseq.core.errors import InputError
from ctseq.imaging.windows import Window
from ctseq.readers.contents import Pixels
from ctseq.readers.stores import absence, pointer
from ctseq.readers.walk import is_regular

# Pillow's other formats stay closed: some start programs, and no dataset is made of them.
_FORMATS = ("JPEG", "PNG", "TIFF")
# Sixteen times the largest matrix of a CT scanner; more is a mistake or a decompression bomb.
_MOST_PIXELS = 4096 * 4096
_DEEP = ("I", "F")  # modes of more than 8 bits
# Twice what the channels of a tinted picture differ by; those of what was drawn differ by 255.
_MOST_COLOUR = 64


def open_sequence(
    folder: str | Path, slices: pd.DataFrame, windows: Sequence[Window] | None = None
) -> Pixels:
    """Return a function from the index of one of a scan's slices to grey values, uint8 (H, W).

    Pictures have their window already, so `windows` changes nothing.
    """
    paths = [Path(folder) / path for path in slices["path"]]
    return lambda index: read_image(paths[index])


def read_image(path: str | Path) -> np.ndarray:
    """Return the grey values of an 8-bit picture, uint8 (H, W), turned as its EXIF data say.

    Of a picture in colour they are the channels if these agree, of a tinted one the luminance.

    Raises
    ------
    InputError
        If the file is missing, empty, cut short, no image, or one whose grey values would have to
        be guessed: more than 8 bits or 1, coloured, transparent, of several pages, or too large.
    """
    path = Path(path)
    if not is_regular(path):
        raise InputError(f"{path} cannot be read as an image: {absence(path)}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on odd metadata
            # From a file: Pillow maps one that it opens itself, and scrambles a turned TIFF's rows.
            with path.open("rb") as file, Image.open(file, formats=_FORMATS) as image:
                if problem := _problem(image):
                    raise InputError(f"{path} cannot be read as an image: {problem}.")
                upright = _upright(image, path)
                if upright.mode == "L":
                    return np.asarray(upright, dtype=np.uint8)
                colour = upright.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        # Pillow's own message shows an open file.
        unknown = isinstance(error, UnidentifiedImageError)
        state = pointer(path) or ("cannot identify the kind of image" if unknown else str(error))
        state = state if path.stat().st_size else "it is empty"
        raise InputError(f"{path} cannot be read as an image: {state}.") from None
    pixels = np.asarray(colour)
    apart = pixels.max(axis=-1) - pixels.min(axis=-1)
    if not apart.any():
        return np.ascontiguousarray(pixels[..., 0])
    if (apart > _MOST_COLOUR).any():
        raise InputError(
            f"{path} cannot be read as an image: parts of it are coloured, such as marks that were "
            "drawn; save it without them, as 8-bit grey."
        )
    return np.asarray(colour.convert("L"))


def _upright(image: Image.Image, path: Path) -> Image.Image:
    """Return a picture as viewers show it. Pillow turns TIFF itself and drops its orientation."""
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001 (damaged metadata raise what they like)
        raise InputError(
            f"{path} cannot be read as an image: its EXIF data are damaged, so how it is turned is "
            "unknown; save it again."
        ) from None


def _problem(image: Image.Image) -> str:
    """Return why a picture's grey values would have to be guessed, without decoding it."""
    if image.width * image.height > _MOST_PIXELS:
        return f"{image.width} x {image.height} pixels are more than a CT slice has"
    if getattr(image, "n_frames", 1) > 1:
        return f"it holds {image.n_frames} pictures; save a file a slice"
    if image.mode.startswith(_DEEP):
        return "it has more than 8 bits and no window; save it as 8-bit grey"
    if image.mode == "1":
        return "it is black and white without grey; save it as 8-bit grey"
    if image.mode in ("CMYK", "LAB", "HSV"):
        return f"its colours are {image.mode}; save it as 8-bit grey"
    if "transparency" in image.info or "A" in image.getbands():
        lowest = image.convert("RGBA").getchannel("A").getextrema()[0]
        return "parts of it are transparent; save it as 8-bit grey" if lowest < 255 else ""
    return ""
