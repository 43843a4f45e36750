"""The pixels of a DICOM file, in Hounsfield units."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pydicom
from pydicom.pixels import pixel_array

from ctseq.core.errors import InputError
from ctseq.imaging.hounsfield import padding_of, rim_of, unwrapped
from ctseq.readers.dicom.detection import read_dataset
from ctseq.readers.dicom.headers import exchanged, header_of, heights
from ctseq.readers.dicom.stored import check_pixels, padding_in, rescale_of
from ctseq.readers.walk import is_regular

# Signed values of 12 bits with an intercept of -1024 reach from -3072 to 1023 HU. Below -2048 there
# is padding, which is one value; several values there are bone, denser than 1023.
_ONLY_PADDING_BELOW = -2048
# Halfway between air and a head.
_NO_AIR = -500


def read_hu(path: Path, number: int) -> np.ndarray:
    """Return the Hounsfield units of one slice: stored value times slope plus intercept.

    Negative values that were stored modulo a power of 2 are put right. MONOCHROME1, low values
    shown white, does not change values, except in a file whose air is brighter than the head: its
    values are inverted, and are inverted back within the range of its bits.

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
        hu = _decoded(image, int(frame), path)
    except InputError as error:
        raise InputError(f"{path} cannot be decoded: {error}") from None
    except Exception as error:  # noqa: BLE001 (damaged files raise what they like)
        # The error's own message is left out: it may quote the file.
        kind = type(error).__name__
        raise InputError(f"{path} cannot be decoded: the file is damaged ({kind}).") from None
    return _face_upwards(hu, header.orientation)


def _decoded(image: pydicom.Dataset, frame: int, path: Path) -> np.ndarray:
    check_pixels(image, path, frame)
    slope, intercept = rescale_of(image, frame)
    stored = _stored(image, frame)
    padded, beyond = padding_in(image, frame)
    bits, signed = int(image.BitsStored), bool(image.PixelRepresentation)

    def hu_of(values: np.ndarray) -> np.ndarray:
        if slope == 1 and not signed:
            values = unwrapped(values, bits, intercept)
        if beyond is not None:
            values = np.where(padded, beyond, values)
        return values.astype(np.float32) * slope + intercept

    hu = hu_of(stored)
    if image.PhotometricInterpretation == "MONOCHROME1" and _inverted(hu, padded):
        lowest_and_highest = -1 if signed else 2**bits - 1
        hu = np.where(padded, hu, hu_of(lowest_and_highest - stored.astype(np.int64)))
    # Padding is one value, or two where programs added their own; lossy compression changes it.
    several = np.unique(hu[hu < _ONLY_PADDING_BELOW]).size > 2
    lossy = str(image.get("LossyImageCompression")) == "01"
    if several and slope == 1 and signed and bits == 12 and not lossy:
        raise InputError(
            "it says that its values are signed (PixelRepresentation 1), and by their range they "
            "are unsigned: bone would be darker than air."
        )
    return hu.astype(np.float32)


def _stored(image: pydicom.Dataset, frame: int) -> np.ndarray:
    syntax = image.file_meta.TransferSyntaxUID
    try:
        return pixel_array(image, index=frame)
    except Exception as error:
        if not syntax.is_encapsulated:
            raise
        # The decoder's own message is left out: it may quote the file.
        raise InputError(
            f"its pixel data is cut short or damaged: it is no {syntax.name} of "
            f"{image.Columns} x {image.Rows} pixels."
        ) from error


def _inverted(hu: np.ndarray, padded: np.ndarray) -> bool:
    """Tell whether the rim, which is air around a head, is brighter than air and than the mean."""
    seen = ~(padded | padding_of(hu))
    return bool(seen.any()) and np.median(hu[rim_of(seen)]) > max(hu[seen].mean(), _NO_AIR)


def _face_upwards(hu: np.ndarray, orientation: Sequence[float]) -> np.ndarray:
    """Turn a slice so that columns run to the patient's left and rows to the back."""
    if not orientation:
        return hu
    columns, rows = np.reshape(orientation, (2, 3))
    if exchanged(orientation):
        hu, columns, rows = hu.T, rows, columns
    return hu[:: 1 if rows[1] >= 0 else -1, :: 1 if columns[0] >= 0 else -1]
