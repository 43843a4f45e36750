"""What a DICOM file says of its stored values: checked before anything is decoded.

Messages name the element and the cause. They quote numbers only: other values may name a person.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.encaps import get_frame
from pydicom.pixels import get_decoder, pixel_array
from pydicom.uid import UID, JPEGLSTransferSyntaxes, JPEGTransferSyntaxes

from ctseq.core.errors import InputError

_NEEDED = ("Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated")
_NEEDED += ("BitsStored", "PixelRepresentation")
_RESCALE = ("RescaleSlope", "RescaleIntercept")
# Modified units are Hounsfield units of one energy, and unspecified ones are judged by the values.
_UNITS = ("HU", "HU_MOD", "US")
_PIXEL_DATA = b"\xe0\x7f\x10\x00"  # its tag, in little endian
_END_OF_JPEG = b"\xff\xd9"


def check_pixels(image: pydicom.Dataset, path: Path, frame: int) -> None:
    """Raise `InputError` if a file's pixels cannot be decoded, or not to single grey values.

    `image` is as `detection.read_dataset` returns it, so that it tells its transfer syntax.
    """
    syntax = image.file_meta.TransferSyntaxUID
    if "PixelData" not in image:
        # pydicom drops compressed pixels without an end.
        if syntax.is_encapsulated and _PIXEL_DATA in path.read_bytes():
            raise InputError("its pixel data is cut short: the end is missing.")
        raise InputError("it has no pixel data.")
    lacking = [name for name in _NEEDED if _is_empty(image.get(name))]
    if lacking:
        raise InputError(f"it does not say its {', '.join(lacking)}.")
    allocated, stored, signed = (int(image[name].value) for name in _NEEDED[-3:])
    if allocated not in (8, 16, 32) or not 1 <= stored <= allocated or signed not in (0, 1):
        raise InputError(
            f"no values have BitsAllocated {allocated}, BitsStored {stored} and "
            f"PixelRepresentation {signed}."
        )
    grey = image.PhotometricInterpretation in ("MONOCHROME1", "MONOCHROME2")
    if not grey or image.SamplesPerPixel != 1:
        raise InputError("its PhotometricInterpretation or SamplesPerPixel say that it is colour.")
    _check_syntax(syntax)
    frames = int(image.get("NumberOfFrames") or 1)
    if syntax in JPEGTransferSyntaxes + JPEGLSTransferSyntaxes:
        # Decoders fill up what is missing. Nothing but zeros may follow the end.
        coded = get_frame(image.PixelData, frame, number_of_frames=frames).rstrip(b"\0")
        if not coded.endswith(_END_OF_JPEG):
            raise InputError("its pixel data is cut short: the end of the JPEG is missing.")
    if not syntax.is_encapsulated:
        expected = frames * image.Rows * image.Columns * allocated // 8
        if len(image.PixelData) < expected:
            raise InputError(
                f"its pixel data is cut short: {len(image.PixelData)} of {expected} bytes."
            )


def rescale_of(image: pydicom.Dataset, frame: int) -> tuple[float, float]:
    """Return a frame's slope and intercept, which make stored values Hounsfield units."""
    shared = image.get("SharedFunctionalGroupsSequence") or []
    per_frame = image.get("PerFrameFunctionalGroupsSequence") or []
    places = [
        (group.get("PixelValueTransformationSequence") or [group])[0]
        for group in (image, *shared[:1], *per_frame[frame : frame + 1])
    ]
    for values in places:
        if all(name in values for name in _RESCALE):
            if str(values.get("RescaleType") or "HU").strip().upper() not in _UNITS:
                raise InputError("its RescaleType says that its values are no Hounsfield units.")
            slope, intercept = (_number(values, name) for name in _RESCALE)
            if slope == 0:
                raise InputError("its RescaleSlope is 0, which makes all values one.")
            return slope, intercept
    lacking = [name for name in _RESCALE if not any(name in values for values in places)]
    raise InputError(
        f"it has no {' and '.join(lacking or _RESCALE)}, so its values are no Hounsfield units."
    )


def padding_in(image: pydicom.Dataset, frame: int) -> tuple[np.ndarray, float | None]:
    """Return which pixels have PixelPaddingValue, and its value if it is beyond the stored bits.

    Some files have a padding of 16 bits, such as -2000, beside values of 12 bits. It may be written
    as signed or unsigned, whichever the values are.
    """
    none = np.zeros((int(image.Rows), int(image.Columns)), bool)
    told = image.get("PixelPaddingValue")
    if not isinstance(told, int) or image.BitsAllocated > 16:
        return none, None
    allocated, bits = int(image.BitsAllocated), int(image.BitsStored)
    whole = pixel_array(image, index=frame, correct_unused_bits=False)
    pixels = whole.astype(np.int64) % 2**allocated == told % 2**allocated
    lowest = -(2 ** (bits - 1)) if image.PixelRepresentation else 0
    half = 2 ** (allocated - 1)
    signed = (told + half) % 2**allocated - half
    inside = any(lowest <= value < lowest + 2**bits for value in (told, signed))
    return pixels, None if inside else float(signed)


def _check_syntax(syntax: UID) -> None:
    name = syntax.name if syntax.is_valid else "that is no UID"
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        raise InputError(
            f"its transfer syntax, {name}, is none that can be decoded: convert it to an "
            "uncompressed one."
        ) from None
    if not decoder.is_available:
        needed = "; or ".join(decoder.missing_dependencies)
        raise InputError(f"its transfer syntax, {name}, needs a plug-in of pydicom: {needed}.")


def _number(values: pydicom.Dataset, name: str) -> float:
    try:
        value = values[name].value
        number = float("nan") if _is_empty(value) else float(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"its {name} is no number.") from None
    if _is_empty(value):
        raise InputError(f"its {name} is empty, so its values are no Hounsfield units.")
    if not np.isfinite(number):
        raise InputError(f"its {name} is no number.")
    return number


def _is_empty(value: Any) -> bool:
    return value is None or value == ""
