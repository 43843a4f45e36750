"""Plain label tables: a row for each patient, scan, slice or image."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.readers.labels.cells import NO, YES, Row, flag, open_cells, whole_number
from ctseq.readers.labels.columns import Columns
from ctseq.readers.labels.layout import Layout, layout_of
from ctseq.readers.labels.meanings import counted, meanings, meanings_words
from ctseq.readers.labels.offer import offer
from ctseq.readers.labels.spelling import cell_key
from ctseq.readers.labels.starts import start_of
from ctseq.readers.labels.titles import doubled_labels, known_titles, unknown_titles
from ctseq.readers.names import ROUNDED, patient_key, patient_text
from ctseq.readers.subtypes import deciding_flags

# A share of rows with other cells than yes and no: more is no slip of the pen but another scheme.
_MOST_SLIPS = 0.1
_SHOWN = 8  # rows that a message names
_MOST_WORDS = 3  # of a class's name
_WORD = re.compile(r"[^\W_]")
# A number between 0 and 1.
_FRACTION = re.compile(r"0?[.,](?=[0-9]*[1-9])[0-9]+(?:e-[0-9]+)?", re.IGNORECASE)
# What programs write for a blank cell.
_UNKNOWN = ("nan", "na", "none", "null", "unknown")


def holds_probability(layout: Layout, first: Row | None) -> bool:
    """Tell by its first row whether a table holds a model's predictions and no labels."""
    flags = layout.flags.values()
    return first is not None and any(_FRACTION.fullmatch(first[1][at]) for at in flags)


def read_plain(
    layout: Layout, rows: Iterable[Row], target: str, known: Mapping[str, int] | None = None
) -> Iterator[dict[str, Any]]:
    """Read one row for each patient, scan, slice or image.

    `known` is what the cells of the asked flag mean, as `meanings.meanings` returns it, if the
    usual words do not say it.
    """
    header, whose = layout.header, layout.whose

    def flags_of(cells: list[str]) -> dict[str, Any]:
        flags = {name: flag(cells[at]) for name, at in layout.flags.items()}
        if known is not None:
            cell = cells[layout.flags[layout.asked]]
            flags[layout.asked] = known.get(cell_key(cell), pd.NA) if cell else pd.NA
        return flags

    for number, cells in rows:
        flags = flags_of(cells)
        invalid = [
            f"{header[at]} is {cells[at]!r}"
            for name, at in layout.flags.items()
            if flags[name] is pd.NA and name in deciding_flags(target)
        ]
        row: dict[str, Any] = {
            f"{name}_id": patient_text(cells[whose[name]]) if name in whose else ""
            for name in ("scan", "patient")
        }
        if layout.kind == "image":
            row["image"] = cells[whose["image"]] or "a row without image"
        elif "slice" in whose:
            row["slice_number"] = whole_number(cells[whose["slice"]])
        yield {"row": number, **row, **flags, "invalid": ", ".join(invalid)}


def check_plain(path: Path, target: str, columns: Columns) -> tuple[dict[str, int] | None, str]:
    """Return what the cells of the label mean, if `columns` says it, and that in words.

    Raises
    ------
    InputError
        If a plain table's rows are not what its titles seem to say: if several columns could be the
        label, if cells are words or numbers of several classes, or if most patients have several
        rows and nothing tells these apart.
    """
    with open_cells(path) as (header, rows):
        layout = layout_of(header, target, columns)
        _check_one_label(path, layout, target, columns)
        kind, whose = layout.kind, layout.whose.get(layout.kind)
        deciding = [at for name, at in layout.flags.items() if name in deciding_flags(target)]
        seen: dict[str, list[int]] = defaultdict(list)
        found: dict[int, dict[str, int]] = {at: defaultdict(int) for at in deciding}
        count = 0
        for number, cells in rows:
            count += 1
            for at in deciding:
                if cells[at]:
                    found[at][cells[at]] += 1
            # What a spreadsheet rounded names several patients, which is said later.
            if kind in ("patient", "scan") and cells[whose] and not ROUNDED.fullmatch(cells[whose]):
                seen[patient_key(cells[whose])].append(number)
    own = layout.flags.get(layout.asked) if columns.positive else None
    for at, values in found.items():
        odd = {value: n for value, n in values.items() if _WORD.search(value)}
        odd = {value: n for value, n in odd.items() if flag(value) is pd.NA}
        if at != own and sum(odd.values()) > _MOST_SLIPS * count and _are_classes(odd):
            raise InputError(_classes(path, header[at], values, target, columns))
    several = {name: numbers for name, numbers in seen.items() if len(numbers) > 1}
    if len(several) > len(seen) / 2:
        raise InputError(_not_about(path, layout, several, target, columns))
    if own is None:
        return None, ""
    title = columns.titles.get("label", header[own])
    known = meanings(found[own], columns, path, title)
    return known, meanings_words(found[own], known, path, title)


def _check_one_label(path: Path, layout: Layout, target: str, columns: Columns) -> None:
    """Raise `InputError` if several columns could be the label, or none has the positive cells."""
    if columns.positive and layout.asked not in layout.flags:
        raise InputError(
            f"{path} has no column for the cells of {columns.key}.positive: name it as "
            f"{columns.key}.label."
        )
    if "label" in columns.titles or "hemorrhage" not in deciding_flags(target):
        return
    doubled = doubled_labels(layout.header)
    if doubled and layout.header[layout.flags["hemorrhage"]] in doubled:
        raise InputError(
            f"{path} has several columns that could be the label: {', '.join(doubled)}. Keep one "
            f"of them, or name it as {columns.key}.label, or set the dataset's `target` to the "
            "title of another column."
        )


def _are_classes(values: dict[str, int]) -> bool:
    """Tell whether cells are those of several classes, and not a slip: numbers, or words."""
    words = [value for value in values if _are_words(value) and value.casefold() not in _UNKNOWN]
    numbers = [value for value in values if whole_number(value) is not pd.NA]
    return bool(numbers) or sum(values[word] for word in words) > 1


def _are_words(value: str) -> bool:
    """Tell whether a cell is one word or few, such as `no hemorrhage`, and no note or number."""
    words = re.split(r"[\W_]+", value)
    return len(words) <= _MOST_WORDS and all(word.isalpha() for word in words)


def _classes(path: Path, title: str, values: dict[str, int], target: str, columns: Columns) -> str:
    shown = {value: count for value, count in values.items() if _WORD.search(value)}
    return (
        f"{path}: the column {title} holds {counted(shown, title)}, which is not yes or no alone: "
        f"its cells may be 1 and 0, or {', '.join(YES)} and {', '.join(NO)} in any letter case. "
        f"{offer(start_of(path, target, columns), columns.key, title)}"
        "Or add a column that is 1 where the class is what you look for and 0 elsewhere, and set "
        f"the dataset's `target` to its title (now {target!r})."
    )


def _not_about(
    path: Path, layout: Layout, several: dict[str, list[int]], target: str, columns: Columns
) -> str:
    name, rows = next(iter(several.items()))
    shown = ", ".join(map(str, rows[:_SHOWN])) + " and more" * (len(rows) > _SHOWN)
    unknown = unknown_titles(layout.header, target)
    told = f"the columns {', '.join(unknown)} were not understood" if unknown else (
        "no other column tells them apart"
    )  # fmt: skip
    return (
        f"{path} names most {layout.kind}s in several rows ({name.lstrip('0') or name} in rows "
        f"{shown}), so a row is not about a {layout.kind}, and {told}. Titles that are known are, "
        f"{known_titles()}. Name the column that says which slice, image or scan a row is about as "
        f"{columns.key}.slice, .image or .scan, or leave one row a {layout.kind}."
    )
