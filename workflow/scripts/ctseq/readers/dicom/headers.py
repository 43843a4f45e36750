"""One DICOM file: the part of its header that is used, and its pixels in Hounsfield units."""

import logging
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom import config as pydicom_config

from ctseq.core.errors import InputError
from ctseq.readers.dicom.detection import read_dataset

# pydicom's warnings quote values, which may name a patient.
pydicom_config.settings.reading_validation_mode = pydicom_config.IGNORE
logging.getLogger("pydicom").disabled = True

_TAGS = [
    *("Modality", "SOPClassUID", "ImageType", "BurnedInAnnotation", "PatientID", "PatientName"),
    *("StudyInstanceUID", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription"),
    *("ConvolutionKernel", "ContrastBolusAgent", "ImagePositionPatient", "ImageOrientationPatient"),
    *("PixelSpacing", "Rows", "Columns", "SamplesPerPixel", "NumberOfFrames"),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
]
_CT = ("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1")  # CT and enhanced CT storage
# More than any scanner makes: a header that says more is damaged.
_MOST_SIDE, _MOST_FRAMES = 4096, 5000
_MOST_LETTERS = 64  # of a description, as the standard has it
# A person's name as DICOM writes it, a date, or a number as long as an id.
_PERSONAL = re.compile(r"\^|[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}|[0-9]{5,}")


@dataclass(frozen=True, slots=True)
class Header:
    """The part of a file's header that decides which slices are used and in which order.

    Attributes
    ----------
    path
        Relative to the dataset.
    patient, study, series
        Identifiers, which are compared with each other only and never written.
    description
        Of the series, without anything that may name a person.
    reason
        A code of `problems.UNUSED_FILES` if the file alone cannot be a slice.
    orientation
        Cosines of the directions in which columns and rows are counted; empty if unknown.
    positions
        Of each frame's first pixel, its centre in mm; empty if unknown.
    pixel_mm
        Distances between neighbouring rows and columns as slices are shown; NaN if unknown.
    """

    path: str
    patient: str
    study: str
    series: str
    series_number: int
    description: str
    contrast: bool
    bone: bool
    reason: str
    orientation: tuple[float, ...]
    positions: tuple[tuple[float, ...], ...]
    pixel_mm: tuple[float, ...]


def read_header(path: Path, name: str) -> Header:
    """Read a file's header; `name` is its path relative to the dataset.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    try:
        header = read_dataset(path, stop_before_pixels=True, specific_tags=_TAGS)
        _check_whole(header)
        return header_of(header, name)
    except InputError as error:
        raise InputError(f"{path} cannot be read as DICOM: {error}.") from None
    except Exception as error:  # noqa: BLE001 (damaged files raise what they like)
        # The error's own message is left out: it may quote the file.
        raise InputError(f"{path} cannot be read as DICOM: {type(error).__name__}.") from None


def _check_whole(header: pydicom.Dataset) -> None:
    """Raise `InputError` if a CT image tells nothing of its size: the file is cut short."""
    # A file that is cut early has nothing but its description of itself.
    kind = header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID")
    if str(kind) in _CT and not header.get("Rows"):
        raise InputError("it is cut short: a CT image without rows")


def heights(headers: Sequence[Header]) -> np.ndarray:
    """Return each slice's position in mm along the normal of the first slice, up to the head."""
    columns, rows = np.reshape(headers[0].orientation, (2, 3))
    normal = np.cross(columns, rows)
    normal = normal if normal[2] >= 0 else -normal
    return np.array([np.dot(normal, p) for header in headers for p in header.positions])


def header_of(header: pydicom.Dataset, name: str) -> Header:
    """Return the part of a decoded header that is used; `name` is its path in the dataset."""
    per_frame = header.get("PerFrameFunctionalGroupsSequence") or []
    shared = (header.get("SharedFunctionalGroupsSequence") or [pydicom.Dataset()])[0]
    groups = [shared, *per_frame[:1]]
    orientation = header.get("ImageOrientationPatient") or _first(
        groups, "PlaneOrientationSequence", "ImageOrientationPatient"
    )
    pixel_mm = header.get("PixelSpacing") or _first(groups, "PixelMeasuresSequence", "PixelSpacing")
    positions = [header.get("ImagePositionPatient")]
    if per_frame:
        positions = [
            _first([group], "PlanePositionSequence", "ImagePositionPatient") for group in per_frame
        ]
    known = orientation and len(orientation) == 6 and all(p and len(p) == 3 for p in positions)
    words = f"{header.get('SeriesDescription')} {header.get('ConvolutionKernel')}".casefold()
    number = str(header.get("SeriesNumber") or 0)
    return Header(
        path=name,
        # The many files of a scan share their texts and tuples, to save memory.
        patient=sys.intern(str(header.get("PatientID") or "").strip()),
        study=sys.intern(str(header.get("StudyInstanceUID") or "")),
        series=sys.intern(str(header.get("SeriesInstanceUID") or "")),
        series_number=int(number) if number.lstrip("-").isdecimal() else 0,
        description=sys.intern(_description(header)),
        contrast=bool(header.get("ContrastBolusAgent")),
        bone="bone" in words,
        reason=_reason(header),
        orientation=_one_tuple(*map(float, orientation)) if known else (),
        positions=tuple(tuple(map(float, p)) for p in positions) if known else (),
        pixel_mm=_one_tuple(*_pixel_mm(pixel_mm, orientation if known else None)),
    )


def _description(header: pydicom.Dataset) -> str:
    """Return the description of a file's series; empty if anything in it may name a person."""
    text = " ".join(str(header.get("SeriesDescription") or "").split())[:_MOST_LETTERS]
    names = f"{header.get('PatientName') or ''} {header.get('PatientID') or ''}"
    words = set(re.split(r"[\W_]+", text.casefold()))
    personal = {part for part in re.split(r"[\W_]+", names.casefold()) if part}
    # Short parts, such as initials, may be in any word.
    inside = any(len(part) > 2 and part in text.casefold() for part in personal)
    named = inside or words & personal or _PERSONAL.search(text)
    return text if text.isprintable() and not named else ""


def _pixel_mm(told: Any, orientation: Sequence[float] | None) -> Sequence[float]:
    lengths = np.ravel(told or 0).astype(float).tolist()
    if len(lengths) != 2 or not orientation or not all(0 < one < np.inf for one in lengths):
        return np.nan, np.nan
    return lengths[::-1] if exchanged(orientation) else lengths


def exchanged(orientation: Sequence[float]) -> bool:
    """Tell whether rows and columns are stored exchanged."""
    return abs(orientation[0]) < abs(orientation[1])


@lru_cache
def _one_tuple(*values: float) -> tuple[float, ...]:
    return values


def _reason(header: pydicom.Dataset) -> str:
    rows, columns = header.get("Rows"), header.get("Columns")
    if not rows or not columns:
        return "no-pixels"
    is_ct = header.get("Modality", "") == "CT" or str(header.get("SOPClassUID")) in _CT
    frames = int(header.get("NumberOfFrames") or 1)
    large = max(int(rows), int(columns)) > _MOST_SIDE or frames > _MOST_FRAMES
    if not is_ct or header.get("SamplesPerPixel", 1) != 1 or large:
        return "not-ct"
    kinds = header.get("ImageType") or []
    if "LOCALIZER" in ([kinds] if isinstance(kinds, str) else list(kinds)):
        return "localizer"
    return "burnt-in" if header.get("BurnedInAnnotation", "").upper() == "YES" else ""


def _first(groups: Sequence[pydicom.Dataset], sequence: str, name: str) -> Any:
    for group in groups:
        if group.get(sequence):
            return group[sequence][0].get(name)
    return None
