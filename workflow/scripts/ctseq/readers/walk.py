"""The files below a folder, each listed once, whatever their links and names."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ctseq.core.errors import InputError
from ctseq.core.words import listed


class Found(NamedTuple):
    """A file below the root.

    Attributes
    ----------
    path
        Relative to the root, with ``/``. Odd characters are escaped, so that no two files have the
        same path.
    reason
        Why the file must not be opened, a code of `problems.UNUSED_FILES`; mostly empty.
    """

    path: str
    reason: str


def walk(root: str | Path) -> Iterator[Found]:
    """Yield the files below `root`, folder by folder, in the order of their names.

    The root may be a link. Links to folders inside are followed, but no folder is entered twice,
    so loops end. A link that leads outside is listed and not followed.

    Raises
    ------
    InputError
        If a folder cannot be listed.
    """
    real_root, entered, waiting = Path(os.path.realpath(root)), set(), [Path(root)]
    # Real folders first: a link to a folder inside the dataset must not lend it another name.
    while waiting:
        start = waiting.pop(0)
        if os.path.realpath(start) in entered:
            continue
        for parent, folders, names in os.walk(start, onerror=_closed):
            here = Path(parent)
            entered.add(os.path.realpath(here))
            links = sorted(name for name in folders if (here / name).is_symlink())
            inside = [name for name in links if _inside(here / name, real_root)]
            waiting += [here / name for name in inside]
            for name in sorted({*names, *links} - {*inside}):
                yield _found(here / name, root, real_root)
            unlinked = sorted({*folders} - {*links})
            folders[:] = [name for name in unlinked if os.path.realpath(here / name) not in entered]


def is_regular(path: str | Path) -> bool:
    """Tell whether `path` is a plain file: opening a pipe or a device could wait for ever."""
    try:
        return stat.S_ISREG(Path(path).stat().st_mode)
    except (OSError, ValueError):
        return False


def file_called(folder: str | Path, name: str) -> Path | None:
    """Return the file in `folder` whose name in lower case is `name`, or None.

    Several such files raise `InputError`.
    """
    found = sorted(path for path in Path(folder).iterdir() if path.name.casefold() == name)
    if len(found) > 1:
        raise InputError(
            f"{folder} has {listed(path.name for path in found)}: keep only the right one."
        )
    return found[0] if found else None


def first_files(root: str | Path, most: int) -> Iterator[Path]:
    """Yield the first plain files below `root` in the order of names, without following links."""
    for parent, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            if most <= 0:
                return
            most -= 1
            if is_regular(Path(parent, name)):
                yield Path(parent, name)


def _found(path: Path, root: str | Path, real_root: Path) -> Found:
    leaves = path.is_symlink() and not _inside(path, real_root)
    name = path.relative_to(root).as_posix()
    plain = name.replace("\\", r"\\").encode("utf-8", "backslashreplace").decode()
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in plain)
    return Found(shown, "name" if shown != name else "outside" if leaves else "")


def _inside(path: Path, real_root: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(real_root)


def _closed(error: OSError) -> None:
    raise InputError(f"{error.filename} cannot be listed: {error.strerror}. Mend its permissions.")
