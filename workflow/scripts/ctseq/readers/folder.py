"""Reader of plain folders: one a patient, with a PNG, JPG or TIFF a slice, and a label table.

``049/slice 1.png``, ``049/slice 2.png``: a slice's number is the last one in its file's name.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.imaging.windows import PRESETS, Window
from ctseq.readers.ct_ich_tables import DEMOGRAPHICS, read_demographics
from ctseq.readers.images import read_image
from ctseq.readers.label_tables import find_table, open_table
from ctseq.readers.problems import SLICE, problem
from ctseq.readers.scan import File, Pixels, Scan, checksum_file
from ctseq.readers.walk import Found, walk

__all__ = ["GREY", "LOOKED_FOR", "open_sequence", "read_demographics", "recognises", "scan"]

LOOKED_FOR = "a folder of PNG, JPG or TIFF for each patient"
GREY = PRESETS["brain"]

_IMAGE = re.compile(r"(?P<patient>[^/]+)/(?P<stem>[^/]+)\.(?:png|jpe?g|tiff?)", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![0-9])([0-9]{1,9})[^0-9]*$")


def recognises(folder: str | Path) -> str:
    """Say how a folder is known to be one of folders of pictures: by the first such."""
    folder = Path(folder)
    for below in sorted(path for path in folder.iterdir() if path.is_dir()):
        for path in sorted(below.iterdir()):
            if _IMAGE.fullmatch(path.relative_to(folder).as_posix()):
                return f"its pictures in {below.name}"
    return ""


def scan(folder: str | Path, table: Path | None = None) -> Scan:
    """List files, slices and labels; `table` names the labels' where it is not found by header."""
    labels, problems = open_table(find_table(folder, table)), []
    files = _files(Path(folder), labels.path.name, problems)
    return Scan(files, labels.rows(), labels.per_patient, problems)


def open_sequence(
    folder: str | Path, slices: pd.DataFrame, windows: Sequence[Window] | None = None
) -> Pixels:
    """Give the function from a place in a patient's slices to grey values, uint8 (H, W).

    The pictures have their window already, so `windows` changes nothing.
    """
    paths = [Path(folder) / path for path in slices["path"]]
    return lambda place: read_image(paths[place])


def _files(folder: Path, table: str, problems: list[dict[str, Any]]) -> Iterator[File]:
    """Describe every file; of pictures without a number, add a problem."""
    for found in walk(folder):
        file = _described(found, table)
        if file.kind == "image" and not file.slices:
            problems.append(problem("number", SLICE, file.path, file.patient_id))
        yield file


def _described(found: Found, table: str) -> File:
    match = None if found.reason else _IMAGE.fullmatch(found.path)
    if match is None:
        is_table = found.path in (table, DEMOGRAPHICS) or checksum_file(found)
        kind = "table" if is_table and not found.reason else "other"
        return File(found.path, kind, reason=found.reason or kind)
    number = _NUMBER.search(match["stem"])
    if number is None:
        return File(found.path, "image", match["patient"])
    place = int(number[1])
    return File(found.path, "image", match["patient"], place, slices=[(place, place)])
