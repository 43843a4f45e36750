"""The pixels of a DICOM file, in Hounsfield units."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pydicom
from pydicom.pixels import pixel_array

from ctseq.core.errors import InputError
from ctseq.readers.dicom.detection import read_dataset
from ctseq.readers.dicom.headers import exchanged, header_of, heights
from ctseq.readers.walk import is_regular


def read_hu(path: Path, number: int) -> np.ndarray:
    """Return the Hounsfield units of one slice: stored value times slope plus intercept.

    MONOCHROME1, low values shown white, does not change them, except in a file whose air is
    brighter than the head: its values are inverted, and are inverted back within the range of its
    bits.

    Parameters
    ----------
    path, number
        The file, and which of its frames, from 1 at the feet; ignored if there is one frame only.

    Returns
    -------
    ndarray
        float32, (H, W): the face upwards, the patient's right on the left.

    Raises
    ------
    InputError
        If the file has no pixels, or ones that cannot be decoded to Hounsfield units.
    """
    if not is_regular(path):
        raise InputError(f"{path} is no plain file or does not exist.")
    try:
        image = read_dataset(path)
        header = header_of(image, "")
        several = len(header.positions) > 1
        frame = np.argsort(heights([header]), kind="stable")[number - 1] if several else 0
        hu = _decoded(image, int(frame))
    except InputError as error:
        raise InputError(f"{path} cannot be decoded: {error}") from None
    except Exception as error:  # noqa: BLE001 (damaged files raise what they like)
        raise InputError(f"{path} cannot be decoded: {type(error).__name__}.") from None
    return _face_upwards(hu, header.orientation)


def _decoded(image: pydicom.Dataset, frame: int) -> np.ndarray:
    if "PixelData" not in image:
        raise InputError("it has no pixel data.")
    slope, intercept = _rescale(image, frame)
    stored = pixel_array(image, index=frame).astype(np.float32)
    hu = stored * slope + intercept
    if image.PhotometricInterpretation == "MONOCHROME1" and _inverted(hu):
        lowest_and_highest = -1 if image.PixelRepresentation else 2 ** int(image.BitsStored) - 1
        hu = (lowest_and_highest - stored) * slope + intercept
    if not np.isfinite(hu).all():
        raise InputError("it holds values that are no numbers.")
    return hu.astype(np.float32)


def _rescale(image: pydicom.Dataset, frame: int) -> tuple[float, float]:
    shared = image.get("SharedFunctionalGroupsSequence") or []
    per_frame = image.get("PerFrameFunctionalGroupsSequence") or []
    for group in (image, *shared[:1], *per_frame[frame : frame + 1]):
        values = (group.get("PixelValueTransformationSequence") or [group])[0]
        if "RescaleSlope" in values and "RescaleIntercept" in values:
            return float(values.RescaleSlope), float(values.RescaleIntercept)
    raise InputError(
        "it has no RescaleSlope and RescaleIntercept, so its values are no Hounsfield units."
    )


def _inverted(hu: np.ndarray) -> bool:
    """Tell whether the rim, which is air around a head, is brighter than the slice's mean."""
    rim = np.concatenate([hu[0], hu[-1], hu[:, 0], hu[:, -1]])
    return bool(np.median(rim) > hu.mean())


def _face_upwards(hu: np.ndarray, orientation: Sequence[float]) -> np.ndarray:
    """Turn a slice so that columns run to the patient's left and rows to the back."""
    if not orientation:
        return hu
    columns, rows = np.reshape(orientation, (2, 3))
    if exchanged(orientation):
        hu, columns, rows = hu.T, rows, columns
    return hu[:: 1 if rows[1] >= 0 else -1, :: 1 if columns[0] >= 0 else -1]
