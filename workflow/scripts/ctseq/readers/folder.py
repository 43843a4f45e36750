"""Reader of plain folders: one for each patient, with a picture of each slice, and a label table.

``049/slice 1.png``, ``049/slice 2.png``: a slice's number is the last one in its file's name.
"""

import re
from collections.abc import Iterator
from math import nan
from pathlib import Path
from typing import Any

from ctseq.readers.contents import Contents, File, file_without_slices
from ctseq.readers.images import open_sequence
from ctseq.readers.labels.tables import find_table
from ctseq.readers.problems import SLICE, problem
from ctseq.readers.walk import Found, walk

__all__ = ["list_contents", "open_sequence", "recognises"]

_IMAGE = re.compile(r"(?P<patient>[^/]+)/(?P<stem>[^/]+)\.(?:png|jpe?g|tiff?)", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![0-9])([0-9]{1,9})[^0-9]*$")


def recognises(folder: str | Path) -> str:
    """Return in words how folders of pictures are recognised: by the first picture in one."""
    folder = Path(folder)
    for below in sorted(path for path in folder.iterdir() if path.is_dir()):
        for path in sorted(below.iterdir()):
            if _IMAGE.fullmatch(path.relative_to(folder).as_posix()):
                return f"its pictures in {below.name}"
    return ""


def list_contents(
    folder: str | Path, table: Path | None = None, target: str = "hemorrhage"
) -> Contents:
    """List files, slices and labels; `table` names the label table if its header does not."""
    labels, problems = find_table(folder, table, target), []
    files = _files(Path(folder), labels.path.name, problems)
    return Contents(files, labels.rows(), labels.of, problems)


def _files(folder: Path, table: str, problems: list[dict[str, Any]]) -> Iterator[File]:
    """Describe every file; add a problem for each picture without a number."""
    for found in walk(folder):
        file = _described(found, table)
        if file.kind == "image" and not file.slices:
            problems.append(problem("number", SLICE, file.path, file.patient_id))
        yield file


def _described(found: Found, table: str) -> File:
    match = None if found.reason else _IMAGE.fullmatch(found.path)
    if match is None:
        return file_without_slices(found, table)
    patient, digits = match["patient"], _NUMBER.search(match["stem"])
    if digits is None:
        return File(found.path, "image", patient, patient)
    number = int(digits[1])
    return File(found.path, "image", patient, patient, number, slices=[(number, number, nan)])
