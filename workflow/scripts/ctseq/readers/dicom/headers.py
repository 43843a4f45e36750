"""The part of a DICOM file's header that decides which slices are used, and in which order."""

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom import config as pydicom_config

from ctseq.core.errors import InputError
from ctseq.readers.dicom.detection import read_dataset
from ctseq.readers.dicom.facts import TAGS, Facts, facts_of, number_of, whole_of

# pydicom's warnings quote values, which may name a patient.
pydicom_config.settings.reading_validation_mode = pydicom_config.IGNORE
logging.getLogger("pydicom").disabled = True

_TAGS = [
    *TAGS,
    *("Modality", "SOPClassUID", "SOPInstanceUID", "BurnedInAnnotation", "StudyInstanceUID"),
    *("ImagePositionPatient", "ImageOrientationPatient", "InstanceNumber", "SliceLocation"),
    *("AcquisitionNumber", "SpecificCharacterSet"),
    *("PixelSpacing", "Rows", "Columns", "SamplesPerPixel", "NumberOfFrames"),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
]
_CT = ("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1")  # CT and enhanced CT storage
# More than any scanner makes: a header that says more is damaged.
_MOST_SIDE, _MOST_FRAMES = 4096, 5000
# A gantry is tilted by 30 degrees at most; at 45 a series is as coronal as it is axial.
_AXIAL = np.cos(np.pi / 4)


@dataclass(frozen=True, slots=True)
class Header:
    """The part of a file's header that decides which slices are used and in which order.

    Attributes
    ----------
    path
        Relative to the dataset.
    patient, study
        Identifiers, which are compared with each other only and never written.
    acquisition
        Its number, 0 if unknown.
    instance
        As `instance_digest` returns it; never written.
    facts
        What it says of its series.
    reason
        A code of `problems.UNUSED_FILES` if the file alone cannot be a slice.
    orientation
        Cosines of the directions in which columns and rows are counted; empty if unknown.
    positions
        Of each frame's first pixel, its centre in mm; empty if unknown.
    place
        InstanceNumber and SliceLocation, by which slices without a position are ordered; empty if
        it has a position, or one of the two is unknown.
    size
        Numbers of rows and columns.
    pixel_mm
        Distances between neighbouring rows and columns as slices are shown; NaN if unknown.
    """

    path: str
    patient: str
    study: str
    acquisition: int
    instance: bytes
    facts: Facts
    reason: str
    orientation: tuple[float, ...]
    positions: tuple[tuple[float, ...], ...]
    place: tuple[float, ...]
    size: tuple[float, ...]
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
        raise InputError(f"{path} cannot be read as DICOM: its header is damaged.") from error


def _check_whole(header: pydicom.Dataset) -> None:
    """Raise `InputError` if a file ends before it tells what it is, or the size of a CT image."""
    kind = str(header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID") or "")
    # A value that is cut is the beginning of another one; none at all begins every other.
    sized = header.get("Rows") and header.get("Columns")
    if not sized and any(own.startswith(kind) for own in _CT):
        raise InputError("it is cut short: it ends within its header")


def heights(headers: Sequence[Header]) -> np.ndarray:
    """Return each slice's position in mm along the normal of the slices, up to the head."""
    # The median, so that noise in a slice's cosines moves none.
    several = list({header.orientation for header in headers})
    cosines = several[0]
    if len(several) > 1:
        cosines = np.median([header.orientation for header in headers], axis=0)
    columns, rows = np.reshape(cosines, (2, 3))
    normal = np.cross(columns, rows)
    normal = (normal if normal[2] >= 0 else -normal) / (np.linalg.norm(normal) or 1)
    return np.array([at for header in headers for at in header.positions]) @ normal


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
    known = known and np.isfinite(np.hstack([orientation, *positions]).astype(float)).all()
    kernel = _first(groups, "CTReconstructionSequence", "ConvolutionKernel")
    facts = facts_of(header, kernel)
    place = (number_of(header.get("InstanceNumber")), number_of(header.get("SliceLocation")))
    across = not known and len(orientation or ()) == 6 and not is_axial(orientation)
    placed = not any(positions) and None not in place and not across
    return Header(
        path=name,
        # The many files of a scan share their texts and tuples, to save memory.
        patient=sys.intern(str(header.get("PatientID") or "").strip()),
        study=sys.intern(str(header.get("StudyInstanceUID") or "")),
        acquisition=whole_of(header.get("AcquisitionNumber")),
        instance=instance_digest(str(header.get("SOPInstanceUID") or "")),
        facts=facts,
        reason=_reason(header, facts),
        orientation=_one_tuple(*map(float, orientation)) if known else (),
        positions=tuple(tuple(map(float, p)) for p in positions) if known else (),
        place=place if placed else (),
        size=_one_tuple(header.get("Rows") or 0, header.get("Columns") or 0),
        pixel_mm=_one_tuple(*_pixel_mm(pixel_mm, orientation if known else None)),
    )


def instance_digest(uid: str) -> bytes:
    """Return a digest of an image's SOPInstanceUID; empty if it has none.

    The identifiers themselves, of every file, would take much more memory.
    """
    return blake2b(uid.strip().encode(), digest_size=8).digest() if uid else b""


def is_axial(orientation: Sequence[float]) -> bool:
    """Tell whether slices of these cosines are nearer to axial than to coronal or sagittal."""
    columns, rows = np.reshape(orientation, (2, 3)).astype(float)
    return bool(abs(np.cross(columns, rows)[2]) >= _AXIAL)


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


def _reason(header: pydicom.Dataset, facts: Facts) -> str:
    rows, columns = header.get("Rows"), header.get("Columns")
    if not rows or not columns:
        return "no-pixels"
    is_ct = header.get("Modality", "") == "CT" or str(header.get("SOPClassUID")) in _CT
    frames = int(header.get("NumberOfFrames") or 1)
    large = max(int(rows), int(columns)) > _MOST_SIDE or frames > _MOST_FRAMES
    if not is_ct or (header.get("SamplesPerPixel") or 1) != 1 or large:
        return "not-ct"
    kinds = header.get("ImageType") or []
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    if "LOCALIZER" in kinds:
        return "localizer"
    if "SCREEN SAVE" in kinds:
        return "not-ct"
    if facts.computed:
        return "derived"
    return "burnt-in" if header.get("BurnedInAnnotation", "").upper() == "YES" else ""


def _first(groups: Sequence[pydicom.Dataset], sequence: str, name: str) -> Any:
    for group in groups:
        if group.get(sequence):
            return group[sequence][0].get(name)
    return None
