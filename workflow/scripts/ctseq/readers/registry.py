"""Which format a dataset has, and the module that reads it."""

import contextlib
import importlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.imaging.windows import PRESETS, Window
from ctseq.readers.contents import Contents, Pixels
from ctseq.readers.formats import FORMATS
from ctseq.readers.junk import in_junk
from ctseq.readers.labels.columns import NO_COLUMNS, Columns
from ctseq.readers.stores import check_stores, is_archive, other_pictures, where_files_are

# In messages, where nobody says which dataset it is.
KEY = "datasets.<name>"
_NAMES_SHOWN = 8


class Reader(Protocol):
    """What a format's module holds; a new format is such a module and a line in `FORMATS`."""

    def recognises(self, folder: str | Path, links_into: Sequence[str] = ()) -> str:
        """Return in words how `folder` is recognised as this format; empty if it is not.

        `links_into` are folders outside that its links may lead into.
        """

    def list_contents(
        self,
        folder: str | Path,
        table: Path | None = None,
        target: str = "hemorrhage",
        links_into: Sequence[str] = (),
        columns: Columns = NO_COLUMNS,
    ) -> Contents:
        """List files, slices and labels, with links followed as `walk.walk` does.

        `table` names the label table if one is chosen; `target` is what the labels are asked for,
        and `columns` says how the table is read: formats with tables of their own lack it.
        """

    def open_sequence(
        self, folder: str | Path, slices: pd.DataFrame, windows: tuple[Window, ...] | None = None
    ) -> Pixels:
        """Return a function from the index of one of a scan's slices to its pixels.

        With windows they are grey values, uint8, (H, W) or (3, H, W); without windows, what the
        file holds, (H, W).
        """


def reader_of(format: str) -> Reader:
    """Return the module that reads a format, a key of `FORMATS`; it is imported only now."""
    return importlib.import_module(FORMATS[format].module)


def recognise(
    folder: str | Path, format: str = "auto", *, links_into: Sequence[str] = (), key: str = KEY
) -> tuple[str, str]:
    """Return the name of a dataset's format and in words how it was recognised.

    `folder` is the dataset's root, and `links_into` are folders outside that its links may lead
    into; `format` is a name in `FORMATS`, or ``auto`` to try them all. `key` is where the
    configuration has the dataset.

    Raises
    ------
    InputError
        If a folder is missing, the format is unknown, or the dataset is not laid out that way.
    """
    folder = Path(folder)
    if format != "auto" and format not in FORMATS:
        raise InputError(f"{key}.format is {format!r}; choose auto or one of {', '.join(FORMATS)}.")
    if not folder.is_dir():
        state = "is not a folder" if folder.exists() else "does not exist"
        packed = f" Unpack {folder.name} first." if is_archive(folder.name) else ""
        raise InputError(
            f"{key}.path: {folder} {state}. Set it to the dataset's root folder.{packed}"
        )
    check_stores(links_into, key)
    asked = list(FORMATS) if format == "auto" else [format]
    try:
        how = {name: reader_of(name).recognises(folder, links_into) for name in asked}
    except OSError as error:
        raise InputError(f"{folder} cannot be listed: {error.strerror}.") from None
    fitting = [name for name in asked if how[name]]
    if not fitting:
        raise InputError(_not_recognised(folder, asked, links_into, key))
    if len(fitting) > 1:
        raise InputError(
            f"{folder} could be any of {', '.join(fitting)}: name one as {key}.format."
        )
    return fitting[0], how[fitting[0]]


def check_windows(format: str, windows: tuple[Window, ...]) -> None:
    """Raise `InputError` if the pictures have a window already, and `windows` is another one."""
    if not FORMATS[format].hounsfield and windows != (PRESETS["brain"],):
        raise InputError(
            f"{KEY}.window or encoders.<name>.window asks for another window than the dataset's "
            "pictures have: JPG, PNG and TIFF hold grey values, of which no other window can be "
            "made. Set it to brain, which leaves them as they are, or use the scans in Hounsfield "
            "units (NIfTI or DICOM)."
        )


def _not_recognised(folder: Path, asked: list[str], links_into: Sequence[str], key: str) -> str:
    looked_for = "; ".join(f"{FORMATS[name].looked_for} ({name})" for name in asked)
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    found = ", ".join(names[:_NAMES_SHOWN]) or "nothing"
    if len(names) > _NAMES_SHOWN:
        found += f" and {len(names) - _NAMES_SHOWN} more"
    others = [name for name in FORMATS if name not in asked]
    how = {name: reader_of(name).recognises(folder, links_into) for name in others}
    fitting = [f"{name}, by {how[name]}" for name in others if how[name]]
    if fitting:
        cure = f"It looks like {fitting[0]}: set {key}.format to that."
    elif better := _neighbour(folder, asked):
        cure = f"{better} looks right: set {key}.path to it."
    else:
        cure = f"Set {key}.path to the folder that holds it, or {key}.format to what it is."
        seen = where_files_are(folder, links_into, key) + other_pictures(folder, links_into)
        cure = seen.strip() or cure
    return f"{folder} is no dataset that is known. Looked for {looked_for}. Found {found}. {cure}"


def _neighbour(folder: Path, asked: Iterable[str]) -> Path | None:
    """Return the folder that was probably meant: the parent, or the one up to two levels down.

    Where several folders at one level fit, none of them has all that is in the given one.
    """
    # An unzipped archive puts the dataset one or two folders down.
    levels = [_folders_in(folder, pattern) for pattern in ("*/", "*/*/")]
    # In the order of `FORMATS`: formats that are recognised by a folder's name come first.
    for reader in map(reader_of, asked):
        with contextlib.suppress(OSError):
            if _makes_dataset(folder, reader):
                return folder.absolute().parent
        for level in levels:
            fitting = [path for path in level if _fits(path, reader)]
            if fitting:
                return fitting[0] if len(fitting) == 1 else None
    return None


def _folders_in(folder: Path, pattern: str) -> list[Path]:
    found = sorted(folder.glob(pattern))
    return [path for path in found if not in_junk(path.relative_to(folder).as_posix())]


def _fits(folder: Path, reader: Reader) -> bool:
    try:
        return bool(reader.recognises(folder))
    except OSError:  # a folder that may not be read
        return False


def _makes_dataset(folder: Path, reader: Reader) -> bool:
    """Tell whether a folder alone makes the one that holds it a dataset, whatever else is there.

    A parent that only other folders in it make a dataset is not what was meant.
    """
    with TemporaryDirectory() as parent:
        Path(parent, folder.absolute().name).symlink_to(folder.resolve())
        return bool(reader.recognises(Path(parent)))
