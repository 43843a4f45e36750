"""The formats of datasets: one module each, with the functions of `Reader`, and which one fits."""

import contextlib
from pathlib import Path
from typing import Protocol

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.imaging.windows import Window
from ctseq.readers import ct_ich_jpg, ct_ich_nifti, dicom
from ctseq.readers import folder as folder_of_images
from ctseq.readers.contents import Contents, Pixels


class Reader(Protocol):
    """What a format's module holds; a new format is such a module and a line in `READERS`.

    `LOOKED_FOR` names in a message by what the format is recognised. `OWN_WINDOW` is the window
    that its pictures have already, None where they hold Hounsfield units.
    """

    LOOKED_FOR: str
    OWN_WINDOW: Window | None

    def recognises(self, folder: str | Path) -> str:
        """Return in words how `folder` is recognised as this format; empty if it is not."""

    def list_contents(self, folder: str | Path, table: Path | None = None) -> Contents:
        """List files, slices and labels; `table` names the label table if one is chosen."""

    def open_sequence(
        self, folder: str | Path, slices: pd.DataFrame, windows: tuple[Window, ...] | None = None
    ) -> Pixels:
        """Return a function from the index of one of a patient's slices to its pixels.

        With windows they are grey values, uint8, (H, W) or (3, H, W); without windows, what the
        file holds, (H, W).
        """


READERS: dict[str, Reader] = {
    "ct-ich-jpg": ct_ich_jpg,
    "ct-ich-nifti": ct_ich_nifti,
    "dicom": dicom,
    "folder": folder_of_images,
}

_NAMES_SHOWN = 8


def recognise(folder: str | Path, format: str = "auto") -> tuple[str, str]:
    """Return the name of a dataset's format and in words how it was recognised.

    `folder` is the dataset's root; `format` is a name in `READERS`, or ``auto`` to try them all.

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
        how = {name: reader.recognises(folder) for name, reader in asked.items()}
    except OSError as error:
        raise InputError(f"{folder} cannot be listed: {error.strerror}.") from None
    fitting = [name for name in asked if how[name]]
    if not fitting:
        raise InputError(_not_recognised(folder, asked))
    if len(fitting) > 1:
        raise InputError(
            f"{folder} could be any of {', '.join(fitting)}: name one as dataset.format."
        )
    return fitting[0], how[fitting[0]]


def check_windows(reader: Reader, windows: tuple[Window, ...]) -> None:
    """Raise `InputError` if the pictures have a window already, and `windows` is another one."""
    if reader.OWN_WINDOW is not None and windows != (reader.OWN_WINDOW,):
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
    """Return the folder that was probably meant: the parent, or one up to two levels down."""
    # An unzipped archive puts the dataset one or two folders down.
    inside = [path for pattern in ("*/", "*/*/") for path in sorted(folder.glob(pattern))]
    candidates = [folder.absolute().parent, *inside]
    # In the order of `READERS`: formats that are recognised by a folder's name come first.
    for reader in asked.values():
        for path in candidates:
            with contextlib.suppress(OSError):  # a folder that may not be read
                if reader.recognises(path):
                    return path
    return None
