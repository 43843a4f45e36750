"""Input formats: one module a format, all with the functions of `Reader`."""

from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from ctseq.datasets import ct_ich_jpg
from ctseq.errors import InputError


class Reader(Protocol):
    """What a format's module offers.

    A new format is a module with these names and a line in `READERS`.
    """

    LOOKED_FOR: str
    """What tells this format from others, for the message when nothing is recognised."""

    def recognises(self, folder: str | Path) -> bool:
        """Whether `folder` is laid out in this format."""
        ...

    def list_files(self, folder: str | Path) -> pd.DataFrame:
        """Name every file once: path, kind, patient_id, slice_number."""
        ...

    def read_diagnosis(self, folder: str | Path) -> pd.DataFrame:
        """Read the labels, a row a slice, unchecked: see `ct_ich_jpg.read_diagnosis`."""
        ...

    def read_demographics(self, folder: str | Path) -> pd.DataFrame:
        """Read patient_id, age_years and sex, as far as the dataset tells them."""
        ...

    def read_slice(self, path: str | Path) -> np.ndarray:
        """Decode one slice to uint8 (H, W)."""
        ...


READERS: dict[str, Reader] = {"ct-ich-jpg": ct_ich_jpg}

# An unzipped archive puts the dataset one or two folders down.
_DEPTH_SEARCHED = 2
_NAMES_SHOWN = 8


def reader_for(folder: str | Path, format: str = "auto") -> Reader:
    """Choose the reader for a dataset folder.

    Parameters
    ----------
    folder
        The dataset's root.
    format
        A name in `READERS`, or ``auto`` to ask each of them.

    Returns
    -------
    Reader
        The module that reads this dataset.

    Raises
    ------
    InputError
        If the folder is missing, the format is unknown, or the folder is not laid out that way.
    """
    folder = Path(folder)
    if format != "auto" and format not in READERS:
        raise InputError(
            f"dataset.format is {format!r}; choose auto or one of {', '.join(READERS)}."
        )
    if not folder.is_dir():
        state = "is not a folder" if folder.exists() else "does not exist"
        raise InputError(f"dataset.path: {folder} {state}. Set it to the dataset's root folder.")
    asked = READERS if format == "auto" else {format: READERS[format]}
    fitting = [name for name, reader in asked.items() if reader.recognises(folder)]
    if not fitting:
        raise InputError(_not_recognised(folder, asked))
    if len(fitting) > 1:
        raise InputError(
            f"{folder} could be any of {', '.join(fitting)}: name one as dataset.format."
        )
    return asked[fitting[0]]


def _not_recognised(folder: Path, asked: dict[str, Reader]) -> str:
    looked_for = "; ".join(f"{reader.LOOKED_FOR} ({name})" for name, reader in asked.items())
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    found = ", ".join(names[:_NAMES_SHOWN]) or "nothing"
    if len(names) > _NAMES_SHOWN:
        found += f" and {len(names) - _NAMES_SHOWN} more"
    better = _neighbour(folder, asked)
    cure = (
        f"{better} looks right: set dataset.path to it."
        if better
        else "Set dataset.path to the folder that holds it, or dataset.format to what it is."
    )
    return f"{folder} is no dataset that is known. Looked for {looked_for}. Found {found}. {cure}"


def _neighbour(folder: Path, asked: dict[str, Reader]) -> Path | None:
    """Find the folder that was probably meant: the parent, or one a little further down."""
    level = [folder]
    candidates = [folder.absolute().parent]
    for _ in range(_DEPTH_SEARCHED):
        level = [path for parent in level for path in _subfolders(parent)]
        candidates += level
    for path in candidates:
        if any(reader.recognises(path) for reader in asked.values()):
            return path
    return None


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:  # not ours to read
        return []
