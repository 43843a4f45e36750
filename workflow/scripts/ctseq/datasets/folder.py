"""Reader of plain folders: one a patient, with a PNG, JPG or TIFF a slice, and a label table.

``049/slice 1.png``, ``049/slice 2.png``: a slice's number is the last one in its file's name.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ctseq.datasets.ct_ich_tables import DEMOGRAPHICS, read_demographics
from ctseq.datasets.images import read_image
from ctseq.datasets.label_tables import find_table, read_table, resolve
from ctseq.datasets.scan import FILES, SLICES, Pixels, Scan, checksum_file, frame
from ctseq.datasets.walk import Found, walk
from ctseq.problems import SLICE, problem
from ctseq.windows import PRESETS, Window

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
    labels = read_table(find_table(folder, table))
    files = frame((_described(found, labels.path.name) for found in walk(folder)), FILES)
    order = ["patient_id", "slice_number"]
    files = files.sort_values(order, na_position="first", ignore_index=True)
    images = files[files["reason"] == ""]
    unnumbered = images[images["slice_number"].isna()]
    slices = images.dropna(subset="slice_number")[list(SLICES)].astype(SLICES)
    found, problems = resolve(labels, files, slices.reset_index(drop=True))
    problems += [
        problem("number", SLICE, file.path, file.patient_id) for file in unnumbered.itertuples()
    ]
    return Scan(files, slices.reset_index(drop=True), found, labels.per_patient, problems)


def open_sequence(
    folder: str | Path, slices: pd.DataFrame, windows: Sequence[Window] | None = None
) -> Pixels:
    """Give the function from a place in a patient's slices to grey values, uint8 (H, W).

    The pictures have their window already, so `windows` changes nothing.
    """
    paths = [Path(folder) / path for path in slices["path"]]
    return lambda place: read_image(paths[place])


def _described(found: Found, table: str) -> tuple[str, str, str, int | None, str]:
    match = None if found.reason else _IMAGE.fullmatch(found.path)
    if match is None:
        tables = (table, DEMOGRAPHICS)
        is_table = found.path in tables or checksum_file(found)
        kind = "table" if is_table and not found.reason else "other"
        return found.path, kind, "", None, found.reason or kind
    number = _NUMBER.search(match["stem"])
    return found.path, "image", match["patient"], int(number[1]) if number else None, ""
