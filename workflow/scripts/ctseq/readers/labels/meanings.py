"""What the cells of a label mean, where the configuration says which are positive."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.readers.labels.cells import flag
from ctseq.readers.labels.columns import Columns
from ctseq.readers.labels.spelling import bare_title, cell_key
from ctseq.readers.labels.titles import is_private

# What people and programs write where they do not know: never what is negative.
_UNKNOWN = ("nan", "na", "n/a", "none", "null", "unknown", "unclear", "uncertain", "maybe")
_UNKNOWN += ("possible", "indeterminate", "equivocal", "missing")
_UNKNOWN += ("unklar", "unbekannt", "fraglich", "evtl.", "k.a.", "k. a.")
# More cells that differ than most labels have, and the share of the rows of one that is shown even
# where they are so many: a patient has less.
_SHOWN, _CLASS = 8, 0.1


def meanings(counts: Mapping[str, int], columns: Columns, path: Path, title: str) -> dict[str, int]:
    """Return the 1 or 0 of the cells of a column, by `spelling.cell_key`; others say nothing.

    Without `negative`, the known words for no are, or the one other value that there is.

    Parameters
    ----------
    counts
        How often the column has each cell; blank ones are left out.
    path, title
        The table and the title of the column, for messages.

    Raises
    ------
    InputError
        If no cell is one of those that are named, or it is unclear which are negative.
    """
    held = f"{path}: the column {title} holds {counted(counts, title)}"
    known = dict.fromkeys(columns.negative, 0) | dict.fromkeys(columns.positive, 1)
    found = {cell_key(cell): cell for cell in counts}
    if counts and not known.keys() & {*found}:
        raise InputError(
            f"{held}, of which {columns.key}.positive names none. Put the cells that mean yes "
            "there."
        )
    others = [key for key in found if key not in known]
    if columns.negative or not others:
        return known
    said = {flag(found[key]) for key in others}
    if said == {0} or (said == {pd.NA} and len(others) == 1 and _says_something(others[0])):
        return known | dict.fromkeys(others, 0)
    raise InputError(
        f"{held}: which of them mean no? List these as {columns.key}.negative; a cell that is in "
        "neither list is a problem of its row."
    )


def counted(counts: Mapping[str, int], title: str) -> str:
    """Return cells in words, the most frequent first, with how often each is there.

    Of many different cells the rare ones are not shown, and of a private column none: one that is
    named by mistake may hold names.
    """
    if is_private(bare_title(title)):
        return f"{len(counts)} different cells"
    shown = dict(sorted(counts.items(), key=lambda item: -item[1]))
    if len(counts) > _SHOWN:
        least = _CLASS * sum(counts.values())
        shown = {value: count for value, count in shown.items() if count >= least}
    more = len(counts) - len(shown)
    told = [f"{value!r} ({count})" for value, count in shown.items()]
    return ", ".join(told) + " and " * bool(told and more) + f"{more} different cells" * bool(more)


def meanings_words(
    counts: Mapping[str, int], known: Mapping[str, int], path: Path, title: str
) -> str:
    """Return a sentence on how often a column's cells were taken for yes and for no."""
    told = [
        {cell: count for cell, count in counts.items() if known.get(cell_key(cell)) == value}
        for value in (1, 0)
    ]
    yes, no = (counted(own, title) if own else "nothing" for own in told)
    return f"{path.name}: the column {title} is positive at {yes}, and negative at {no}."


def _says_something(key: str) -> bool:
    """Tell whether a cell is no question mark, no error of a spreadsheet and no `unknown`."""
    return key[0] not in "#?" and key not in _UNKNOWN and any(map(str.isalnum, key))
