"""Input formats: one module a format, all with the names of `Reader`."""

import contextlib
from pathlib import Path
from typing import Protocol

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.imaging.windows import Window
from ctseq.readers import ct_ich_jpg, ct_ich_nifti, dicom
from ctseq.readers import folder as folder_of_images
from ctseq.readers.scan import Pixels, Scan


class Reader(Protocol):
    """What a format's module offers.

    A new format is a module with these names and a line in `READERS`.
    """

    LOOKED_FOR: str
    """What tells this format from others, for the message when nothing is recognised."""

    GREY: Window | None
    """The window that its pictures have already, or None where they hold Hounsfield units."""

    def recognises(self, folder: str | Path) -> str:
        """Say how `folder` is known to be laid out in this format, or nothing if it is not."""
        ...

    def scan(self, folder: str | Path, table: Path | None = None) -> Scan:
        """Find files, slices and labels; `table` names the labels' where one is chosen."""
        ...

    def read_demographics(self, folder: str | Path) -> pd.DataFrame:
        """Read patient_id, age_years and sex, as far as the dataset tells them."""
        ...

    def open_sequence(
        self, folder: str | Path, slices: pd.DataFrame, windows: tuple[Window, ...] | None = None
    ) -> Pixels:
        """Give the function from a place in one patient's slices to pixels.

        These are uint8, (H, W) or (3, H, W), or with no windows whatever the file holds, (H, W).
        """
        ...


READERS: dict[str, Reader] = {
    "ct-ich-jpg": ct_ich_jpg,
    "ct-ich-nifti": ct_ich_nifti,
    "dicom": dicom,
    "folder": folder_of_images,
}

# An unzipped archive puts the dataset one or two folders down.
_DEPTH_SEARCHED = 2
_NAMES_SHOWN = 8


def reader_for(folder: str | Path, format: str = "auto") -> tuple[Reader, str]:
    """Choose the reader for a dataset folder.

    Parameters
    ----------
    folder
        The dataset's root.
    format
        A name in `READERS`, or ``auto`` to ask each of them.

    Returns
    -------
    reader : Reader
        The module that reads this dataset.
    how : str
        Its format, and how it was recognised, in words.

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
    try:
        said = {name: reader.recognises(folder) for name, reader in asked.items()}
    except OSError as error:
        raise InputError(f"{folder} cannot be listed: {error.strerror}.") from None
    fitting = [name for name, how in said.items() if how]
    if not fitting:
        raise InputError(_not_recognised(folder, asked))
    if len(fitting) > 1:
        raise InputError(
            f"{folder} could be any of {', '.join(fitting)}: name one as dataset.format."
        )
    return asked[fitting[0]], f"{fitting[0]}, by {said[fitting[0]]}"


def check_windows(reader: Reader, windows: tuple[Window, ...]) -> None:
    """Refuse a window where the pictures have theirs already.

    Raises
    ------
    InputError
        If `windows` is not the one that they have.
    """
    if reader.GREY is not None and windows != (reader.GREY,):
        raise InputError(
            "dataset.window asks for another window than the dataset's pictures have: JPG, PNG and "
            "TIFF hold grey values, of which no other window can be made. Set it to brain, which "
            "leaves them as they are, or use the scans in Hounsfield units (NIfTI or DICOM)."
        )


def _not_recognised(folder: Path, asked: dict[str, Reader]) -> str:
    looked_for = "; ".join(f"{reader.LOOKED_FOR} ({name})" for name, reader in asked.items())
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    found = ", ".join(names[:_NAMES_SHOWN]) or "nothing"
    if len(names) > _NAMES_SHOWN:
        found += f" and {len(names) - _NAMES_SHOWN} more"
    others = {name: reader for name, reader in READERS.items() if name not in asked}
    fitting = [
        f"{name}, by {how}" for name, reader in others.items() if (how := reader.recognises(folder))
    ]
    if fitting:
        cure = f"It looks like {fitting[0]}: set dataset.format to that."
    elif better := _neighbour(folder, asked):
        cure = f"{better} looks right: set dataset.path to it."
    else:
        cure = "Set dataset.path to the folder that holds it, or dataset.format to what it is."
    return f"{folder} is no dataset that is known. Looked for {looked_for}. Found {found}. {cure}"


def _neighbour(folder: Path, asked: dict[str, Reader]) -> Path | None:
    """Find the folder that was probably meant: the parent, or one a little further down."""
    level = [folder]
    candidates = [folder.absolute().parent]
    for _ in range(_DEPTH_SEARCHED):
        level = [path for parent in level for path in _subfolders(parent)]
        candidates += level
    # The readers that know their format by its very names come first.
    for reader in asked.values():
        for path in candidates:
            with contextlib.suppress(OSError):  # not ours to read
                if reader.recognises(path):
                    return path
    return None


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:  # not ours to read
        return []
