"""Which of the folders on the way to a file names its patient: the label table decides."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

from ctseq.readers.names import patient_key

# Folders of a dataset lie at most so deep; more are not looked at.
_MOST_DEEP = 16


class Level(NamedTuple):
    """A depth of folders, and the keys of the patients that the label table names and has there.

    The first folder below the dataset's root is at depth 0.
    """

    depth: int
    met: frozenset[str]


def naming_level(paths: Iterable[str], named: Collection[str]) -> Level:
    """Return the depth at which most of the `named` patients have their folders.

    Of several, it is the first one; it is 0 if there are none.

    Parameters
    ----------
    paths
        Of files, relative to the dataset's root.
    named
        Keys of the patients or scans that the label table names.
    """
    folders: dict[int, set[str]] = defaultdict(set)
    for folder in {path.rpartition("/")[0] for path in paths}:
        for depth, name in enumerate(folder.split("/")[:_MOST_DEEP]):
            folders[depth].add(name)
    levels = [
        Level(depth, frozenset(map(patient_key, names)) & frozenset(named))
        for depth, names in sorted(folders.items())
    ]
    return max(levels, key=lambda level: len(level.met), default=Level(0, frozenset()))
