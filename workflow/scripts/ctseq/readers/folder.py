"""Reader of plain folders: one for each patient, with a picture of each slice, and a label table.

``049/slice 1.png``, ``049/slice 2.png``: a slice's number is the one in which the names of a
folder's pictures differ. Patients' folders may lie deeper, if the label table names them.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import nan
from pathlib import Path, PurePosixPath
from typing import Any

from ctseq.core.errors import InputError
from ctseq.core.words import listed
from ctseq.readers.contents import DEMOGRAPHICS, Contents, File, file_without_slices
from ctseq.readers.images import open_sequence
from ctseq.readers.junk import in_junk, is_junk
from ctseq.readers.labels.columns import NO_COLUMNS, Columns
from ctseq.readers.labels.sheets import WORKBOOK
from ctseq.readers.labels.tables import find_table
from ctseq.readers.names import folder_text, patient_key
from ctseq.readers.patient_folders import by_patient, keys_of, naming_level, shared_patients
from ctseq.readers.problems import NOTHING, PATIENT, SLICE, problem
from ctseq.readers.slice_numbers import slice_numbers
from ctseq.readers.walk import Found, walk

__all__ = ["list_contents", "open_sequence", "recognises"]

# The pictures that are read, and others: left out in silence, their slices would be missing.
_IMAGE = re.compile(r"(?P<folder>.+)/(?P<stem>[^/]+)\.(?:png|jpe?g|tiff?)", re.IGNORECASE)
_FOREIGN = re.compile(
    r".+/[^/]+\.(?:bmp|gif|webp|jp2|j2k|heic|avif|p[gnp]m|tga|dcm)", re.IGNORECASE
)
# Folders that sort pictures by their label, and not by patient.
_CLASSES = {"positive", "negative", "pos", "neg", "yes", "no", "normal", "abnormal", "hemorrhage"}
_CLASSES |= {"hemorrhagic", "haemorrhage", "bleeding", "healthy", "nohemorrhage"}
_EXPECTED = "This layout is a folder of pictures for each patient, patient/1.png, and a label table"


def recognises(folder: str | Path, links_into: Sequence[str] = ()) -> str:
    """Return in words how folders of pictures are recognised: by the first picture in one.

    It may lie one folder deeper if a table lies beside the folders, whose patients they may be. A
    patient's folder may be a link, wherever it leads.
    """
    folder = Path(folder)
    tables = {path.name.casefold() for path in folder.iterdir()} - {DEMOGRAPHICS}
    deeper = any(name.endswith((".csv", ".tsv", WORKBOOK)) for name in tables)
    patterns = ["*/", "*/*/"] if deeper else ["*/"]
    for pattern in patterns:
        for below in sorted(path for path in folder.glob(pattern) if path.is_dir()):
            inside = below.relative_to(folder).as_posix()
            if in_junk(f"{inside}/"):
                continue
            names = sorted(path.name for path in below.iterdir() if path.is_file())
            names = [name for name in names if not is_junk(name)]
            pictures = [name for name in names if _IMAGE.fullmatch(f"{inside}/{name}")]
            # Deeper, pictures may be previews beside the slices.
            if pictures and (pattern == "*/" or len(pictures) > len(names) / 2):
                return f"its pictures in {inside}"
    return ""


def list_contents(
    folder: str | Path,
    table: Path | None = None,
    target: str = "hemorrhage",
    links_into: Sequence[str] = (),
    columns: Columns = NO_COLUMNS,
) -> Contents:
    """List files, slices and labels; `table` names the label table if its header does not."""
    try:
        labels = find_table(folder, table, target, columns)
    except InputError as error:
        raise InputError(f"{error}{_classes(Path(folder))}") from None
    problems: list[dict[str, Any]] = []
    found, pairs = list(walk(folder, links_into)), labels.names()
    pictures = _by_table(found, pairs, labels.path)
    files = _files(found, pictures, labels.path.name, problems)
    patient_of = shared_patients(pairs, pictures)
    files, rows, of = by_patient(files, labels.rows(), labels.of, patient_of)
    return Contents(files, rows, of, problems, notes=labels.notes)


def _by_table(
    found: Iterable[Found], pairs: Collection[tuple[str, str]], table: Path
) -> dict[str, dict[str, list[str]]]:
    """Return pictures by patient and folder, whose depth the label table decides."""
    all_ = [file.path for file in found if not file.reason]
    paths = [path for path in all_ if _IMAGE.fullmatch(path) or _FOREIGN.fullmatch(path)]
    named = keys_of(pairs)
    level = naming_level(paths, named)
    if not level.met:
        _check_no_pictures_named(paths, named, table)
    return _by_patient(paths, level.depth, deep=bool(level.met))


def _files(
    found: Iterable[Found],
    pictures: Mapping[str, Mapping[str, Sequence[str]]],
    table: str,
    problems: list[dict[str, Any]],
) -> Iterator[File]:
    """Describe every file; add a problem for each picture without a number, or of two folders."""
    taken = {path for places in pictures.values() for own in places.values() for path in own}
    for file in found:
        if file.path not in taken:
            yield file_without_slices(file, table)
    for patient, places in pictures.items():
        if len(places) > 1:
            detail = listed(places)
            first = next(iter(places.values()))[0]
            problems.append(problem("two-folders", PATIENT, first, patient, detail=detail))
            for path in (path for own in places.values() for path in own):
                yield File(path, "image", patient, patient)
        else:
            yield from _pictures(*places.values(), patient, problems)


def _pictures(paths: Sequence[str], patient: str, problems: list[dict[str, Any]]) -> Iterator[File]:
    """Describe a patient's pictures; add a problem for each one without a number, or not read.

    One that is not read and has the number of another picture is what that was made from.
    """
    read = [path for path in paths if _IMAGE.fullmatch(path)]
    stems = [PurePosixPath(path).stem for path in read]
    numbers = slice_numbers(stems)
    for path, (number, why) in zip(read, numbers, strict=True):
        slices = [] if number is None else [(number, number, nan)]
        if number is None:
            problems.append(problem("number", SLICE, path, patient, detail=why))
        yield File(path, "image", patient, patient, number, slices=slices)
    held = {number for number, _ in numbers}
    for path in (path for path in paths if path not in set(read)):
        number, _ = slice_numbers([*stems, PurePosixPath(path).stem])[-1]
        if number is None or number in held:
            yield File(path, "other", reason="other")
            continue
        detail = "it is no PNG, JPG or TIFF: save it as one"
        problems.append(problem("unreadable", NOTHING, path, patient, detail=detail))
        yield File(path, "image", patient, patient, number)


def _by_patient(paths: Iterable[str], depth: int, *, deep: bool) -> dict[str, dict[str, list[str]]]:
    """Return patients to their folders to the pictures in them.

    Of a patient with pictures in the folder at this depth, deeper ones are left out; if there are
    none, they are taken if `deep`.
    """
    direct: dict[str, dict[str, list[str]]] = {}
    below: dict[str, dict[str, list[str]]] = {}
    for path in paths:
        *folders, _ = path.split("/")
        if len(folders) > depth:
            group = direct if len(folders) == depth + 1 else below
            own = group.setdefault(folder_text(folders[depth]), {})
            own.setdefault("/".join(folders), []).append(path)
    return (below | direct) if deep else direct


def _check_no_pictures_named(paths: Sequence[str], named: Collection[str], table: Path) -> None:
    """Raise `InputError` if the table's patients are pictures, and no folders."""
    of_stem: dict[str, list[str]] = {}
    for path in paths:
        of_stem.setdefault(patient_key(PurePosixPath(path).stem), []).append(path)
    met = sorted(of_stem.keys() & set(named))
    # Slices are called alike in the folders of several patients, pictures of patients are not.
    if met and all(len(of_stem[key]) == 1 for key in met):
        (path,) = of_stem[met[0]]
        raise InputError(
            f"{table} names pictures, such as {path}, where it should name patients. "
            f"{_EXPECTED}. If each picture is another patient's, put it into a folder of its "
            f"own, {PurePosixPath(path).stem}/{PurePosixPath(path).name}; if they are slices, "
            "sort them into a folder for each patient."
        )


def _classes(folder: Path) -> str:
    """Return a sentence on folders that are called like classes; mostly empty."""
    names = sorted(path.name for path in folder.iterdir() if path.is_dir())
    if len(names) < 2 or not {name.casefold() for name in names} <= _CLASSES:
        return ""
    return (
        f" The folders {listed(names)} seem to sort pictures by label, which says nothing of whose "
        f"they are. {_EXPECTED}."
    )
