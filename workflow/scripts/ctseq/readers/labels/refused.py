"""Messages on label tables that are not there, or not known by their titles."""

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

from ctseq.core.words import listed
from ctseq.readers.junk import is_junk
from ctseq.readers.labels.cells import open_table
from ctseq.readers.labels.columns import Columns
from ctseq.readers.labels.offer import best_of, offer, titles_words
from ctseq.readers.labels.spelling import bare_title
from ctseq.readers.labels.starts import Start
from ctseq.readers.stores import absence

NOT_READ = (".xls", ".xlsm", ".xlsb", ".ods", ".numbers")
_EXPECTED = (
    "Known by their titles are RSNA 2019's stage_2_train.csv (ID,Label), CQ500's reads.csv (name, "
    "R1:ICH to R3:ICH), patient_id,label for patients, scan_id,label for scans, "
    "patient_id,slice_number,label for slices, or image,label; in place of label may stand a "
    "subtype, fracture or the target's column"
)


def none_fits(
    folder: Path, target: str, columns: Columns, starts: Sequence[Start], seen: Sequence[str]
) -> str:
    """Return the message on a folder without a label table that is known.

    `starts` are those of the tables that were read, and `seen` says of each what it is.
    """
    if columns and len(starts) == 1 and (message := _lacking(starts[0], columns)):
        return message
    if columns:
        named = listed(f"{name} {title!r}" for name, title in columns.titles.items())
        asked = f" with the columns of {columns.key}" + f" ({named})" * bool(named)
    else:
        asked = f" that knows the target, {target!r}"
    tables = f"Tables there, with their columns: {', '.join(seen) or 'none'}."
    below = [start for start in starts if start.known and start.heading]
    if below:
        return f"{folder} has no label table{asked}. {tables} {below[0].heading}".rstrip()
    likely = best_of(starts) if not columns else None
    line = likely.heading + offer(likely, columns.key) if likely else ""
    return (
        f"{folder} has no label table{asked}. {tables} {line}"
        f"{_EXPECTED}. Put one there, or name it as its `labels`.{_not_read(folder)}"
    )


def not_known(path: Path, columns: Columns, start: Start) -> str:
    """Return the message on a table that `labels` names, with its start, and that is not known."""
    if message := _lacking(start, columns):
        return message
    with open_table(path) as (titles, _):
        told = f"{path} is no label table that is known; its columns are {titles_words(titles)}. "
    if start.known and start.heading:
        return f"{told}{start.heading}".rstrip()
    return f"{told}{start.heading}{offer(start, columns.key)}{_EXPECTED}."


def not_there(path: Path, others: Iterable[Path]) -> str:
    """Return the message on a table that `labels` names and that is not there; `others` may be."""
    tables = sorted(one.name for one in others)
    there = f"There {'are' if len(tables) > 1 else 'is'} {listed(tables)}. " if tables else ""
    return (
        f"{path}, which `labels` names: {absence(path)}. {there}Name one that is there, or `auto`."
    )


def _not_read(folder: Path) -> str:
    """Return a sentence on spreadsheets that may be the labels; mostly empty."""
    names = sorted(path.name for path in folder.iterdir() if path.suffix.casefold() in NOT_READ)
    shown = [name for name in names if not is_junk(name)]
    return f" {listed(shown)} is not read: save it as .xlsx or CSV." if shown else ""


def _lacking(start: Start, columns: Columns) -> str:
    """Return the message on a table without a column that `columns` names; empty if all are."""
    path = start.path
    with open_table(path) as (titles, _):
        missing = columns.missing([bare_title(title) for title in titles])
    if not missing:
        return ""
    key, title = f"{columns.key}.{missing[0]}", columns.titles[missing[0]]
    fitting = [own for own in titles if bare_title(own) == bare_title(title)]
    if fitting:
        return (
            f"{path} has several columns {title!r}, which {key} names: call all but one of them "
            "otherwise."
        )
    near = difflib.get_close_matches(title, [own for own in titles if own], n=1)
    hint = start.heading or (f"Did you mean {near[0]}?" if near else "")
    return (
        f"{path} has no column {title!r}, which {key} names; its columns are "
        f"{titles_words(titles)}. {hint}"
    ).rstrip()
