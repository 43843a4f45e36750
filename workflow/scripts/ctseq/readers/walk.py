"""The files below a folder, each listed once, whatever their links and names."""

import os
import stat
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ctseq.core.errors import InputError
from ctseq.core.words import listed
from ctseq.readers.junk import is_junk


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


def walk(
    root: str | Path, links_into: Sequence[str] = (), *, lenient: bool = False
) -> Iterator[Found]:
    """Yield the files below `root`, folder by folder, in the order of their names.

    The root may be a link. Links to folders inside, or below those that `links_into` names, are
    followed, but no folder is entered twice, so loops end. A link that leads elsewhere is listed
    and not followed. A folder of an operating system or tool, such as ``.git``, is listed as if it
    were a file, and not entered: it may hold a hundred thousand.

    Raises
    ------
    InputError
        If a folder cannot be listed and the walk is not `lenient`.
    """
    homes = tuple(Path(os.path.realpath(folder)) for folder in (root, *links_into))
    entered, waiting = set(), [Path(root)]
    # Real folders first: a link to a folder inside the dataset must not lend it another name.
    while waiting:
        start = waiting.pop(0)
        if os.path.realpath(start) in entered:
            continue
        for parent, folders, names in os.walk(start, onerror=None if lenient else _closed):
            here = Path(parent)
            entered.add(os.path.realpath(here))
            links = sorted(name for name in folders if (here / name).is_symlink())
            inside = [name for name in links if _inside(here / name, homes) and not is_junk(name)]
            waiting += [here / name for name in inside]
            junk = [name for name in folders if is_junk(name)]
            for name in sorted({*names, *links, *junk} - {*inside}):
                yield _found(here / name, root, homes)
            unlinked = sorted({*folders} - {*links, *junk})
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


def first_files(root: str | Path, most: int, links_into: Sequence[str] = ()) -> Iterator[Path]:
    """Yield the first files below `root` that may be opened, as `walk` follows links."""
    may_be_opened = (found for found in walk(root, links_into, lenient=True) if not found.reason)
    for found in islice(may_be_opened, most):
        if is_regular(path := Path(root, found.path)):
            yield path


def _found(path: Path, root: str | Path, homes: Sequence[Path]) -> Found:
    name = path.relative_to(root).as_posix()
    plain = name.replace("\\", r"\\").encode("utf-8", "backslashreplace").decode()
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in plain)
    if shown != name:
        return Found(shown, "name")
    if is_junk(path.name):
        return Found(shown, "other")
    leaves = path.is_symlink() and not _inside(path, homes)
    return Found(shown, "outside" if leaves else "")


def _inside(path: Path, homes: Sequence[Path]) -> bool:
    return any(map(Path(os.path.realpath(path)).is_relative_to, homes))


def _closed(error: OSError) -> None:
    raise InputError(f"{error.filename} cannot be listed: {error.strerror}. Mend its permissions.")
