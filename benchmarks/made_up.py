"""A reader of scans that are made up: 30 slices of 8 x 8 pixels, with another file beside each.

So tables are all there is, and nothing has to be drawn. A dataset is a folder whose file `patients`
says how many there are; paths and ids are as long as RSNA 2019's.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ctseq.readers.contents import Contents, File

SIDE, SLICES = 8, 30
_NUMBERS = range(1, SLICES + 1)


def recognises(folder: str | Path, links_into: Sequence[str] = ()) -> str:
    """Return in words how such a folder is recognised."""
    return "its file `patients`" if Path(folder, "patients").exists() else ""


def list_contents(
    folder: str | Path,
    table: Path | None = None,
    target: str = "hemorrhage",
    links_into: Sequence[str] = (),
) -> Contents:
    """List the files and labels."""
    patients = int(Path(folder, "patients").read_text(encoding="utf-8"))
    names = [f"ID_{number:08x}" for number in range(patients)]
    return Contents(_files(names), _labels(names))


def open_sequence(
    folder: str | Path, slices: pd.DataFrame, windows: Any = None
) -> Callable[[int], np.ndarray]:
    """Return the pixels of slices, of which no two have the same."""
    first = int(slices["patient_id"].iloc[0].removeprefix("ID_"), 16) * SLICES
    return lambda index: (
        np.arange(SIDE**2, dtype=np.uint8).reshape(SIDE, SIDE)
        ^ np.frombuffer(np.uint64(first + index).tobytes(), np.uint8)
    )


def _files(names: list[str]) -> Iterator[File]:
    for name in names:
        for number in _NUMBERS:
            path = f"{name}/Unknown Study/CT/ID_{number:08x}.dcm"
            place = (number, number, 5.0 * number)
            yield File(path, "slice", name, name, number, slices=[place])
            yield File(path.replace("CT", "bone"), "bone", name, name, number, reason="bone")


def _labels(names: list[str]) -> Iterator[tuple[Any, ...]]:
    """Label the slices: the last four of every other patient bleed."""
    rows = ((index, name, number) for index, name in enumerate(names) for number in _NUMBERS)
    for row, (index, name, number) in enumerate(rows, start=2):
        bleeds = int(index % 2 and number > SLICES - 5)
        flags = (bleeds, 0, 0, 0, 0, bleeds, 0, None)
        yield ("labels.csv", row, name, name, number, *flags, "", "")
