"""Reader of plain folders: one for each patient, with a picture of each slice, and a label table.

``049/slice 1.png``, ``049/slice 2.png``: a slice's number is the last one in its file's name.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from math import nan
from pathlib import Path, PurePosixPath
from typing import Any

from ctseq.readers.contents import Contents, File, file_without_slices
from ctseq.readers.images import open_sequence
from ctseq.readers.junk import in_junk
from ctseq.readers.labels.tables import find_table
from ctseq.readers.problems import NOTHING, SLICE, problem
from ctseq.readers.walk import Found, walk

__all__ = ["list_contents", "open_sequence", "recognises"]

_IMAGE = re.compile(r"(?P<patient>[^/]+)/(?P<stem>[^/]+)\.(?:png|jpe?g|tiff?)", re.IGNORECASE)
# Pictures that are not read: left out in silence, they would be missing from their scan.
_FOREIGN = re.compile(
    r"[^/]+/[^/]+\.(?:bmp|gif|webp|jp2|j2k|heic|avif|p[gnp]m|tga|dcm)", re.IGNORECASE
)
_NUMBER = re.compile(r"(?<![0-9])([0-9]{1,9})[^0-9]*$")


def recognises(folder: str | Path, links_into: Sequence[str] = ()) -> str:
    """Return in words how folders of pictures are recognised: by the first picture in one.

    A patient's folder may be a link, wherever it leads.
    """
    folder = Path(folder)
    for below in sorted(path for path in folder.iterdir() if path.is_dir()):
        for path in sorted(below.iterdir()):
            name = path.relative_to(folder).as_posix()
            if _IMAGE.fullmatch(name) and not in_junk(name):
                return f"its pictures in {below.name}"
    return ""


def list_contents(
    folder: str | Path,
    table: Path | None = None,
    target: str = "hemorrhage",
    links_into: Sequence[str] = (),
) -> Contents:
    """List files, slices and labels; `table` names the label table if its header does not."""
    labels, problems = find_table(folder, table, target), []
    files = _files(walk(folder, links_into), labels.path.name, problems)
    return Contents(files, labels.rows(), labels.of, problems)


def _files(found: Iterable[Found], table: str, problems: list[dict[str, Any]]) -> Iterator[File]:
    """Describe every file; add a problem for each picture without a number, or of a foreign kind.

    A foreign picture beside one of the same number is what that was made from.
    """
    foreign, held = [], set()
    for one in found:
        if not one.reason and _FOREIGN.fullmatch(one.path):
            foreign.append(one)
            continue
        file = _described(one, table)
        if file.kind == "image" and not file.slices:
            problems.append(problem("number", SLICE, file.path, file.patient_id))
        held.add((file.patient_id, file.slice_number))
        yield file
    for one in foreign:
        patient, _, name = one.path.partition("/")
        digits = _NUMBER.search(PurePosixPath(name).stem)
        if digits is None or (patient, int(digits[1])) in held:
            yield file_without_slices(one, table)
            continue
        detail = "it is no PNG, JPG or TIFF: save it as one"
        problems.append(problem("unreadable", NOTHING, one.path, patient, detail=detail))
        yield File(one.path, "image", patient, patient, int(digits[1]))


def _described(found: Found, table: str) -> File:
    match = None if found.reason else _IMAGE.fullmatch(found.path)
    if match is None:
        return file_without_slices(found, table)
    patient, digits = match["patient"], _NUMBER.search(match["stem"])
    if digits is None:
        return File(found.path, "image", patient, patient)
    number = int(digits[1])
    return File(found.path, "image", patient, patient, number, slices=[(number, number, nan)])
