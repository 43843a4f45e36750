"""Reader of CT-ICH's NIfTI release (PhysioNet, 1.3.1), and of volumes laid out like it.

``ct_scans/049.nii`` in Hounsfield units, ``masks/049.nii`` and two tables. A volume's slices are
numbered from 1 along the third axis of the stored array, as in the table. The affine says where
front and right are, so that slices are turned as in the JPG release, and whether the third axis
goes up or down.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pandas as pd

from ctseq.core.errors import InputError
from ctseq.imaging.geometry import orientation_words
from ctseq.imaging.windows import Window, apply_windows
from ctseq.readers.contents import Contents, File, Pixels, Series, file_without_slices
from ctseq.readers.ct_ich_tables import named_folder, read_diagnosis
from ctseq.readers.problems import SCAN, problem
from ctseq.readers.stores import absence, pointer
from ctseq.readers.walk import Found, is_regular, walk

__all__ = ["list_contents", "open_sequence", "recognises"]

_DIAGNOSIS = "hemorrhage_diagnosis_raw_ct.csv"
_VOLUME = re.compile(r"(ct_scans|masks)/([0-9]{1,9})\.nii(?:\.gz)?", re.IGNORECASE)
# A head CT has tens of slices, at 0.5 mm some hundreds; a header that says more is damaged.
_MOST_SLICES, _MOST_PIXELS = 2000, 4096
# Of a voxel: quaternions and affines have 7 digits, and programs round distances to 2 or 3.
_ROUNDING = 0.01
# Slices of a gantry tilted by 30 degrees lie 1.15 times as far apart along the table.
_TILTED = 1.2

recognises = partial(named_folder, name="ct_scans")


def list_contents(
    folder: str | Path,
    table: Path | None = None,
    target: str = "hemorrhage",
    links_into: Sequence[str] = (),
) -> Contents:
    """List files, slices and labels; the release has its own label table."""
    problems: list[dict[str, Any]] = []
    series: list[Series] = []
    labels = read_diagnosis(folder, _DIAGNOSIS, table, target)
    files = _files(Path(folder), walk(folder, links_into), problems, series)
    return Contents(files, labels, problems=problems, series=series)


def open_sequence(
    folder: str | Path, slices: pd.DataFrame, windows: Sequence[Window] | None = None
) -> Pixels:
    """Return a function from the index of one of a scan's slices to its pixels.

    Without windows they are Hounsfield units, float32. The volume is read at once. `InputError` is
    raised if that fails, and by the function for a slice that holds NaN or infinity.
    """
    volumes = {}
    for path in slices["path"].unique():
        file = Path(folder) / path
        image, _ = _open(file)
        try:
            hu = np.asarray(image.dataobj, dtype=np.float32).reshape(image.shape[:3])
        except (OSError, EOFError, ValueError, MemoryError) as error:
            raise InputError(f"{file} cannot be read as a volume: {error}.") from None
        volumes[path] = _face_upwards(hu, image.affine)
    names = list(zip(slices["path"], slices["slice_number"], strict=True))

    def pixels(index: int) -> np.ndarray:
        path, number = names[index]
        hu = volumes[path][number - 1]
        if not np.isfinite(hu).all():
            raise InputError(
                f"{Path(folder) / path} holds {(~np.isfinite(hu)).sum()} values that are no "
                f"numbers in slice {number}."
            )
        return apply_windows(hu, windows) if windows else hu

    return pixels


def _files(
    folder: Path,
    found: Iterable[Found],
    problems: list[dict[str, Any]],
    series: list[Series],
) -> Iterator[File]:
    """Describe every file; add each volume's geometry, or the problem why it cannot be used."""
    for file in map(_described, found):
        if file.kind != "volume":
            yield file
            continue
        try:
            volume, up = _open(folder / file.path)
        except InputError as error:
            detail = str(error).removeprefix(f"{folder / file.path} ").rstrip(".")
            problems.append(problem("volume", SCAN, file.path, file.patient_id, detail=detail))
            yield file
        else:
            series.append(_series(file, volume.affine))
            z = _heights(volume.affine, volume.shape[2])
            slices = [(n, n if up else -n, at) for n, at in enumerate(z, start=1)]
            yield file._replace(slices=slices)


def _described(found: Found) -> File:
    match = None if found.reason else _VOLUME.fullmatch(found.path)
    if match is None:
        return file_without_slices(found, _DIAGNOSIS)
    if match[1].casefold() == "masks":
        return File(found.path, "mask", match[2], match[2], reason="mask")
    return File(found.path, "volume", match[2], match[2])


def _open(path: Path) -> tuple[nibabel.spatialimages.SpatialImage, bool]:
    """Return a volume, of which only the header is read yet, and whether its third axis goes up."""
    if not is_regular(path):
        raise InputError(f"{path} cannot be read as a volume: {absence(path)}.")
    try:
        image = nibabel.load(path)
        shape, kind, affine = image.shape, image.get_data_dtype(), np.asarray(image.affine)
        codes = [int(image.header[f"{form}_code"]) for form in ("sform", "qform")]
        image.header.get_qform()
    except Exception as error:  # noqa: BLE001 (damaged headers raise what they like)
        # Only the first line: nibabel's messages list every format that it tried.
        state = pointer(path) or str(error).split("\n")[0]
        state = state if path.stat().st_size else "it is empty"
        raise InputError(f"{path} cannot be read as a volume: {state}.") from None
    if len(shape) < 3 or any(length != 1 for length in shape[3:]):
        raise InputError(f"{path} has {len(shape)} dimensions, {shape}; a volume has three.")
    if max(shape[:2]) > _MOST_PIXELS or shape[2] > _MOST_SLICES or min(shape) < 1:
        raise InputError(f"{path} says that it has {shape} voxels, which no head CT has.")
    if kind.fields or kind.kind not in "iuf":
        raise InputError(f"{path} holds {kind} and no Hounsfield units.")
    if not any(codes):
        raise InputError(
            f"{path} does not tell where right, front and top are (sform_code and qform_code are "
            "0): convert the scan again from its source."
        )
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-6:  # mm³
        raise InputError(f"{path} has an affine that describes no volume: convert the scan again.")
    if all(codes) and (contradiction := _contradiction(image.header)):
        raise InputError(
            f"{path} lies {contradiction}: convert the scan again from its source, or set both to "
            "the right one."
        )
    axes = nibabel.aff2axcodes(affine)
    if axes[2] not in ("S", "I"):
        raise InputError(
            f"{path} is stored along {''.join(axes)}, so its third axis does not count axial "
            "slices as the table does: reorient it."
        )
    return image, axes[2] == "S"


def _contradiction(header: nibabel.Nifti1Header) -> str:
    """Return in words how a header's sform and qform differ; empty if by rounding only.

    A qform has right angles only. So of a tilted gantry's volume, it is the nearest to its sform
    that has, or has the rows and columns of it. Where a volume begins is not compared.
    """
    sform, qform = header.get_sform(), header.get_qform()
    nearest = header.copy()
    nearest.set_qform(sform, strip_shears=True)
    distances = [abs(_normal(form) @ form[:3, 2]) for form in (sform, qform)]
    same_plane = _differ(sform[:3, :2], qform[:3, :2]) <= _ROUNDING and max(
        distances
    ) <= _TILTED * min(distances)
    if same_plane or _differ(nearest.get_qform()[:3, :3], qform[:3, :3]) <= _ROUNDING:
        return ""
    axes = ["".join(map(str, nibabel.aff2axcodes(form))) for form in (sform, qform)]
    if axes[0] != axes[1]:
        return f"along {axes[0]} by its sform, and along {axes[1]} by its qform"
    sizes = [
        " x ".join(f"{one:.3g}" for one in nibabel.affines.voxel_sizes(form))
        for form in (sform, qform)
    ]
    if sizes[0] != sizes[1]:
        return f"in voxels of {sizes[0]} mm by its sform, and of {sizes[1]} mm by its qform"
    return "turned otherwise by its sform than by its qform"


def _differ(one: np.ndarray, other: np.ndarray) -> float:
    """Return by how much of their length the vectors of two affines differ at most."""
    lengths = np.maximum(np.linalg.norm(one, axis=0), np.linalg.norm(other, axis=0))
    return float((np.linalg.norm(one - other, axis=0) / lengths).max())


def _series(file: File, affine: np.ndarray) -> Series:
    """Return the distances in a volume, between slices along their normal, and how it lies."""
    axes = [int(axis) for axis in nibabel.io_orientation(affine)[:2, 0]]
    columns, rows = affine[:3, axes.index(0)], affine[:3, axes.index(1)]
    lengths = abs(_normal(affine) @ affine[:3, 2]), np.linalg.norm(rows), np.linalg.norm(columns)
    rounded = (round(float(length), 3) for length in lengths)
    return Series(file.scan_id, file.patient_id, *rounded, orientation_words(columns, rows))


def _heights(affine: np.ndarray, n_slices: int) -> list[float]:
    """Return each slice's position in mm along the normal, which points to the head."""
    first, step = _normal(affine) @ affine[:3, 3], _normal(affine) @ affine[:3, 2]
    return np.round(first + step * np.arange(n_slices), 3).tolist()


def _normal(affine: np.ndarray) -> np.ndarray:
    normal = np.cross(affine[:3, 0], affine[:3, 1])
    return normal / (np.linalg.norm(normal) * np.copysign(1, normal[2]))


def _face_upwards(hu: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Turn (i, j, k) into (k, row, column): the face upwards, the patient's right on the left."""
    orientation = nibabel.io_orientation(affine)
    orientation[2] = (2, 1)  # slices stay in the order in which they are numbered
    # Along the first axis to the right, along the second to the front.
    right_front = nibabel.apply_orientation(hu, orientation)
    return right_front[::-1, ::-1].transpose(2, 1, 0)
