"""Plain label tables: a row for each patient, scan, slice or image."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.readers.labels import titles
from ctseq.readers.labels.cells import NO, YES, Row, flag, open_cells, whole_number
from ctseq.readers.names import ROUNDED, patient_key, patient_text
from ctseq.readers.subtypes import SUBTYPES, deciding_flags

# A share of rows with other cells than yes and no: more is no slip of the pen but another scheme.
_MOST_SLIPS = 0.1
_SHOWN = 8  # values or rows that a message names
_MOST_WORDS = 3  # of a class's name
_WORD = re.compile(r"[^\W_]")
# A number between 0 and 1.
_FRACTION = re.compile(r"0?[.,](?=[0-9]*[1-9])[0-9]+(?:e-[0-9]+)?", re.IGNORECASE)
# What programs write for a blank cell.
_UNKNOWN = ("nan", "na", "none", "null", "unknown")


def kind_of(header: list[str], target: str) -> str:
    """Return what a row of a plain table is about; empty if it does not know the target.

    It is a ``patient``, ``scan``, ``slice`` or ``image``.
    """
    flags = titles.flag_columns(header, target)
    if not ({"hemorrhage", "target"} & {*flags} or target in flags or {*SUBTYPES} <= {*flags}):
        return ""
    whose = [kind for kind, names in (("scan", titles.SCAN), ("patient", titles.PATIENT))
             if titles.column_of(header, names) is not None]  # fmt: skip
    if whose and titles.column_of(header, titles.SLICE) is not None:
        return "slice"
    if titles.column_of(header, titles.IMAGE) is not None:
        return "image"
    return whose[0] if whose else ""


def holds_probability(header: list[str], first: Row | None, target: str) -> bool:
    """Tell by its first row whether a table holds a model's predictions and no labels."""
    columns = titles.flag_columns(header, target).values()
    return first is not None and any(_FRACTION.fullmatch(first[1][at]) for at in columns)


def read_plain(header: list[str], rows: Iterable[Row], target: str) -> Iterator[dict[str, Any]]:
    """Read one row for each patient, scan, slice or image."""
    scan, patient, slice_, image = (
        titles.column_of(header, names)
        for names in (titles.SCAN, titles.PATIENT, titles.SLICE, titles.IMAGE)
    )
    columns = titles.flag_columns(header, target)
    by_image = kind_of(header, target) == "image"
    if by_image and patient is not None and header[patient] in titles.WEAK_PATIENT:
        patient = None  # rather the row's number
    for number, cells in rows:
        flags = {name: flag(cells[at]) for name, at in columns.items()}
        invalid = [
            f"{header[columns[name]]} is {cells[columns[name]]!r}"
            for name, value in flags.items()
            if value is pd.NA and name in deciding_flags(target)
        ]
        whose = {
            "scan_id": "" if scan is None else patient_text(cells[scan]),
            "patient_id": "" if patient is None else patient_text(cells[patient]),
        }
        if by_image:
            whose["image"] = cells[image] or "a row without image"
        elif slice_ is not None:
            whose["slice_number"] = whole_number(cells[slice_])
        yield {"row": number, **whose, **flags, "invalid": ", ".join(invalid)}


def check_plain(path: Path, target: str) -> None:
    """Raise `InputError` if a plain table's rows are not what its titles seem to say.

    So they are if several columns could be the label, if cells are words or numbers of several
    classes, or if most patients have several rows and nothing tells these apart.
    """
    with open_cells(path) as (header, rows):
        columns = titles.flag_columns(header, target)
        doubled = titles.doubled_labels(header) if "hemorrhage" in deciding_flags(target) else []
        if doubled and header[columns["hemorrhage"]] in doubled:
            raise InputError(
                f"{path} has several columns that could be the label: {', '.join(doubled)}. Keep "
                "one of them, or set the dataset's `target` to the title of another column."
            )
        kind = kind_of(header, target)
        whose = titles.column_of(header, titles.SCAN if kind == "scan" else titles.PATIENT)
        deciding = [at for name, at in columns.items() if name in deciding_flags(target)]
        seen: dict[str, list[int]] = defaultdict(list)
        found: dict[int, dict[str, int]] = {at: defaultdict(int) for at in deciding}
        count = 0
        for number, cells in rows:
            count += 1
            for at in deciding:
                if _WORD.search(cells[at]):
                    found[at][cells[at]] += 1
            # What a spreadsheet rounded names several patients, which is said later.
            if kind in ("patient", "scan") and cells[whose] and not ROUNDED.fullmatch(cells[whose]):
                seen[patient_key(cells[whose])].append(number)
    for at, values in found.items():
        odd = {value: own for value, own in values.items() if flag(value) is pd.NA}
        if sum(odd.values()) > _MOST_SLIPS * count and _are_classes(odd):
            raise InputError(_classes(path, header[at], values, target))
    several = {name: numbers for name, numbers in seen.items() if len(numbers) > 1}
    if len(several) > len(seen) / 2:
        raise InputError(_not_about(path, header, kind, several, target))


def _are_classes(values: dict[str, int]) -> bool:
    """Tell whether cells are those of several classes, and not a slip: numbers, or words."""
    words = [value for value in values if _are_words(value) and value.casefold() not in _UNKNOWN]
    numbers = [value for value in values if whole_number(value) is not pd.NA]
    return bool(numbers) or sum(values[word] for word in words) > 1


def _are_words(value: str) -> bool:
    """Tell whether a cell is one word or few, such as `no hemorrhage`, and no note or number."""
    words = re.split(r"[\W_]+", value)
    return len(words) <= _MOST_WORDS and all(word.isalpha() for word in words)


def _classes(path: Path, title: str, values: dict[str, int], target: str) -> str:
    found = sorted(values.items(), key=lambda item: -item[1])
    shown = ", ".join(f"{value!r} ({count})" for value, count in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return (
        f"{path}: the column {title} holds {shown}{more}, which is not yes or no alone: its cells "
        f"may be 1 and 0, or {', '.join(YES)} and {', '.join(NO)} in any letter case. Add a column "
        "that is 1 where the class is what you look for and 0 elsewhere, and set the dataset's "
        f"`target` to its title (now {target!r})."
    )


def _not_about(
    path: Path, header: list[str], kind: str, several: dict[str, list[int]], target: str
) -> str:
    name, rows = next(iter(several.items()))
    shown = ", ".join(map(str, rows[:_SHOWN])) + " and more" * (len(rows) > _SHOWN)
    unknown = titles.unknown_titles(header, target)
    columns = f"the columns {', '.join(unknown)} were not understood" if unknown else (
        "no other column tells them apart"
    )  # fmt: skip
    return (
        f"{path} names most {kind}s in several rows ({name.lstrip('0') or name} in rows {shown}), "
        f"so a row is not about a {kind}, and {columns}. Titles that are known are, "
        f"{titles.known_titles()}. Rename the column that says which slice, image or scan a row "
        f"is about, or leave one row a {kind}."
    )
