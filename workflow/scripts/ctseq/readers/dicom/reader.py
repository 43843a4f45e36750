"""Reader of DICOM: a tree of CT series, and a label table.

Each study of a patient is a scan, of one series, chosen by `series.choose_series`; its slices
are numbered from 1 by their position along the normal, from the feet up, whatever their files are
called. Nothing of a header that names a patient is written: a patient's id is the folder's name,
or the label table's, or a number.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError
from ctseq.imaging.digests import pixel_digest
from ctseq.imaging.geometry import orientation_words
from ctseq.imaging.windows import Window, apply_windows
from ctseq.readers.contents import LABELS, Contents, File, Pixels, Series, file_without_slices
from ctseq.readers.dicom.companions import fault_of, suffix_of
from ctseq.readers.dicom.detection import is_dicom
from ctseq.readers.dicom.headers import Header, heights, read_header
from ctseq.readers.dicom.instances import with_paths
from ctseq.readers.dicom.patients import group_by_patient
from ctseq.readers.dicom.pixels import read_hu
from ctseq.readers.dicom.series import Labelled, Study, studies_of
from ctseq.readers.dicom.stacks import spacing_of
from ctseq.readers.labels.columns import NO_COLUMNS, Columns
from ctseq.readers.labels.tables import LabelTable, find_table
from ctseq.readers.names import image_path
from ctseq.readers.patient_folders import by_patient
from ctseq.readers.problems import NOTHING, SCAN, problem
from ctseq.readers.walk import Found, first_files, walk

__all__ = ["list_contents", "open_sequence", "recognises"]

_SCAN, _IMAGE = (list(LABELS).index(name) for name in ("scan_id", "image"))
# Files that are opened to see whether a folder holds DICOM at all.
_FILES_TRIED = 300


def recognises(folder: str | Path, links_into: Sequence[str] = ()) -> str:
    """Return in words how a folder of DICOM is recognised: by the first DICOM file."""
    for path in first_files(folder, _FILES_TRIED, links_into):
        with suppress(OSError):  # a file that may not be read
            if is_dicom(path):
                return f"the DICOM file {path.relative_to(folder).as_posix()}"
    return ""


def list_contents(
    folder: str | Path,
    table: Path | None = None,
    target: str = "hemorrhage",
    links_into: Sequence[str] = (),
    columns: Columns = NO_COLUMNS,
) -> Contents:
    """List files, slices and labels; `table` names the label table if its header does not."""
    labels = find_table(folder, table, target, columns)
    if labels.counts_instances():
        raise InputError(
            f"{labels.path} names slices by InstanceNumber, which scanners count from the head or "
            "the feet; slices are numbered from 1 at the feet here. Name them so in a column "
            "slice_number, or name images by file or SOPInstanceUID."
        )
    headers, others, problems = _read_headers(Path(folder), labels.path.name, links_into)
    patients = group_by_patient(headers, labels.names())
    problems += patients.problems
    series: list[Series] = []
    scan_of_study: dict[str, str] = {}
    digest = partial(_digest, Path(folder))
    labelled = _named_images(labels) if labels.names_images else None
    studies = partial(studies_of, digest=digest, labelled=labelled)
    files = chain(others, _files(patients.groups, studies, problems, series, scan_of_study))
    rows = labels.rows()
    if labels.kind == "image":
        rows = with_paths(rows, headers)
    files, rows, of = by_patient(files, rows, labels.of, patients.patient_of)
    rows = _rows_of_scans(rows, scan_of_study)
    notes = [*labels.notes, *patients.notes]
    return Contents(files, rows, of, problems, series, notes, counted=True)


def open_sequence(
    folder: str | Path, slices: pd.DataFrame, windows: Sequence[Window] | None = None
) -> Pixels:
    """Return a function from the index of one of a scan's slices to its pixels.

    Without windows they are Hounsfield units, float32.
    """
    names = list(zip(slices["path"], slices["slice_number"], strict=True))

    def pixels(index: int) -> np.ndarray:
        path, number = names[index]
        hu = read_hu(Path(folder) / path, number)
        return apply_windows(hu, windows) if windows else hu

    return pixels


def _files(
    patients: dict[str, list[Header]],
    studies_of: Callable[[str, list[Header]], list[Study]],
    problems: list[dict[str, Any]],
    series: list[Series],
    scan_of_study: dict[str, str],
) -> Iterator[File]:
    """Describe the patients' files; add what the files say of each scan, and its study's id.

    A patient without a usable series is a problem, which is added too, and so is a scan of which
    no series is of the head.
    """
    for patient_id, own in patients.items():
        studies = studies_of(patient_id, own)
        for study in studies:
            yield from _files_of(study, patient_id)
            chosen = study.choice
            if chosen.series:
                if study.uid:  # label rows that name none are of no study
                    scan_of_study[study.uid] = study.scan_id
                series.append(_series(study, patient_id))
            if chosen.part:
                found = (SCAN, chosen.series[0].path, patient_id)
                told = {"scan_id": study.scan_id, "detail": chosen.part}
                problems.append(problem("body-part", *found, **told))
        if any(study.choice.series for study in studies):
            problems += [_unordered(one, patient_id) for one in studies if one.choice.doubt]
            problems += [_burnt_in(one, patient_id) for one in studies if one.burnt_in]
        else:
            why = sorted({reason for study in studies for reason in study.choice.reasons.values()})
            # Other folders of the patient, which are scans of their own, may be sound.
            found = (SCAN, own[0].path, patient_id)
            problems.append(problem("no-slices", *found, detail=", ".join(why)))


def _unordered(study: Study, patient_id: str) -> dict[str, Any]:
    """Return the problem of slices that no position puts in order."""
    chosen = study.choice
    whole = SCAN if chosen.series else NOTHING  # without a series, there is no scan to leave out
    path = next(path for path, why in chosen.reasons.items() if why == "position")
    told = {"scan_id": study.scan_id, "detail": chosen.doubt}
    return problem("unordered", whole, path, patient_id, **told)


def _burnt_in(study: Study, patient_id: str) -> dict[str, Any]:
    """Return the problem of a study whose slices may have text in them, beside a sound one.

    A label of the patient may be that study's alone.
    """
    reasons = study.choice.reasons
    path = next(path for path, why in reasons.items() if why == "burnt-in")
    detail = f"in one of the studies: {', '.join(sorted({*reasons.values()}))}"
    return problem("no-slices", NOTHING, path, patient_id, scan_id=study.scan_id, detail=detail)


def _files_of(study: Study, patient_id: str) -> Iterator[File]:
    """Describe a study's files; slices are numbered from 1 at the feet."""
    chosen = study.choice
    z = np.round(heights(chosen.series), 3).tolist() if chosen.series else []
    slices: dict[str, list[tuple[int, int, float]]] = {}
    for number, header in enumerate(chosen.series, start=1):
        slices.setdefault(header.path, []).append((number, number, z[number - 1]))
    for header in study.headers:
        held = slices.get(header.path, [])
        number = held[0][0] if len(held) == 1 else None
        reason = chosen.reasons.get(header.path, "")
        yield File(header.path, "slice", study.scan_id, patient_id, number, reason, held)


def _series(study: Study, patient_id: str) -> Series:
    chosen = study.choice
    first = chosen.series[0]
    # Without positions it is not known how slices lie.
    cosines = () if first.place else first.orientation
    return Series(
        *(study.scan_id, patient_id, spacing_of(chosen.series), *first.pixel_mm),
        orientation_words(cosines[:3], cosines[3:]) if cosines else "",
        first.facts.description,
        chosen.words,
        chosen.note,
    )


def _named_images(labels: LabelTable) -> Labelled:
    """Return a function that tells whether a label table names an image, by its name alone."""

    def name_of(path: str) -> str:
        return image_path(path).rpartition("/")[2].casefold()

    @cache  # the table is read once, if at all
    def names() -> set[str]:
        return {name_of(row[_IMAGE]) for row in labels.rows()}

    return lambda path: name_of(path) in names()


def _digest(folder: Path, path: str) -> str:
    """Return a digest of a file's pixels in Hounsfield units; empty if they cannot be decoded."""
    try:
        return pixel_digest(read_hu(folder / path, 1))
    except InputError:
        return ""


def _rows_of_scans(
    rows: Iterable[tuple[Any, ...]], scan_of_study: Mapping[str, str]
) -> Iterator[tuple[Any, ...]]:
    """Yield label rows, those that name a study with the id of its scan."""
    for row in rows:
        scan_id = scan_of_study.get(row[_SCAN], row[_SCAN])
        yield (*row[:_SCAN], scan_id, *row[_SCAN + 1 :])


def _read_headers(
    folder: Path, table: str, links_into: Sequence[str]
) -> tuple[list[Header], list[File], list[dict[str, Any]]]:
    """Return the headers of all DICOM images, the other files, and problems of damaged ones."""
    headers, others, problems, no_dicom = [], [], [], []
    damaged: list[tuple[str, str]] = []
    for found in walk(folder, links_into):
        path = folder / found.path
        try:
            if found.reason or not is_dicom(path):
                no_dicom.append(found)
                continue
            header = read_header(path, found.path)
        except InputError as error:
            damaged.append((found.path, str(error).removeprefix(f"{path} ").rstrip(".")))
        except OSError as error:
            damaged.append((found.path, f"it cannot be opened: {error.strerror}"))
        else:
            if header.reason == "no-pixels":
                others.append(File(found.path, "other", reason=header.reason))
            else:
                headers.append(header)
    companions, called_images = _without_dicom(folder, no_dicom, headers, table)
    for path, detail in sorted([*damaged, *called_images]):
        others.append(File(path, "slice"))
        # Whose slice it was is not known, so nothing else is left out for it.
        problems.append(problem("unreadable", NOTHING, path, detail=detail))
    return headers, [*others, *companions], problems


def _without_dicom(
    folder: Path, found: Iterable[Found], headers: Iterable[Header], table: str
) -> tuple[list[File], list[tuple[str, str]]]:
    """Return the companions of images, and with its fault each file that should be an image."""
    suffixes = {suffix_of(header.path) for header in headers}
    folders = {PurePosixPath(header.path).parent for header in headers}
    companions, faults = [], []
    for file in found:
        described = file_without_slices(file, table)
        fault = ""
        if described.reason == "other" and not file.reason:
            among = PurePosixPath(file.path).parent in folders
            fault = fault_of(folder / file.path, suffixes=suffixes, among_images=among)
        if fault:
            faults.append((file.path, fault))
        else:
            companions.append(described)
    return companions, faults
