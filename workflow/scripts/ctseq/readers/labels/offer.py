"""The line of configuration that would read a label table, guessed by its titles and first rows.

What is shown of a table's cells names nobody: an id without blanks, and the label. Cells of other
columns may be names or days of birth, and are left out.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from ctseq.readers.labels.cells import flag
from ctseq.readers.labels.columns import NAMED, WHOSE
from ctseq.readers.labels.layout import TITLES_OF
from ctseq.readers.labels.spelling import bare_title, cell_key
from ctseq.readers.labels.starts import HINTS, Start
from ctseq.readers.labels.titles import FLAGS, WEAK_PATIENT, column_of, is_private

_TITLES_SHOWN, _VALUES_SHOWN = 12, 4
# An id without blanks and with a digit, and a day, which may be one of birth.
_ID = re.compile(r"(?=\D*\d)[^\s,;@]{1,64}")
_DAY = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}|(?:19|20)\d\d(?:0[1-9]|1[0-2])[0-3]\d")
_YES = {"ja", "j", "oui", "si", "sí", "sim", "x", "+", "wahr", "vrai", "positiv", "positif"}
_YES |= {"positivo", "bleed", "bleeding", "blutung", "hemorrhage", "haemorrhage", "present"}
_YES |= {"vorhanden", "abnormal", "ich"}
_NO = {"nein", "non", "não", "kein", "keine", "-", "falsch", "faux", "negativ", "negatif"}
_NO |= {"negativo", "normal", "absent", "none", "no bleed", "no hemorrhage", "healthy", "gesund"}
# Text that YAML reads as it stands in a flow mapping, and words of which it makes something else.
_PLAIN = re.compile(r"[^\W\d_][\w ./()-]*")
_OTHERWISE = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}


def titles_words(titles: Sequence[str]) -> str:
    """Return the titles of a table's columns as they are written, the first ones of many."""
    told = [title for title in titles if title]
    more = len(told) - _TITLES_SHOWN
    return ", ".join(told[:_TITLES_SHOWN]) + f" and {more} more" * (more > 0)


def offer(start: Start, key: str, label: str = "") -> str:
    """Return the first row of a table, and the line of configuration that would read it.

    Parameters
    ----------
    start
        The start of the table.
    key
        Where the configuration has the dataset's `columns`.
    label
        The bare title of the column with the label, if that is known.
    """
    guessed = _guess(start, label)
    told = {name: _value(start.titles[at]) for name, at in guessed.items()}
    if not set(WHOSE) & set(told):
        told = {"patient": "...", **told}
    told.setdefault("label", "...")
    told |= {name: f"[{', '.join(own)}]" for name, own in _meanings(start, guessed)}
    line = ", ".join(f"{name}: {value}" for name, value in told.items())
    fill = ", with what belongs in place of the dots" if "..." in line else ""
    section = key.rpartition(".")[0]
    return (
        f"{_first_row(start, guessed)}If this is the label table, write in the "
        f"configuration, below {section}{fill}:\n  columns: {{{line}}}\n"
    )


def _guess(start: Start, label: str) -> dict[str, int]:
    """Return the columns that seem to be what, in the order of `NAMED`."""
    header = [bare_title(title) for title in start.titles]
    found: dict[str, int | None] = {"label": header.index(label) if label in header else None}
    if found["label"] is None:
        found["label"] = _label(start, header)
    for name in WHOSE:
        free = ["" if at == found["label"] else title for at, title in enumerate(header)]
        at = column_of(free, [title for title in TITLES_OF[name] if title not in WEAK_PATIENT])
        if at is None:
            hinted = [n for n, title in enumerate(free) if HINTS[name].search(title)]
            taken = [own for own in found.values() if own is not None]
            hinted = [n for n in hinted if n not in taken and not is_private(header[n])]
            weak = column_of(free, WEAK_PATIENT) if name == "patient" else None
            at = hinted[0] if hinted else weak
        found[name] = at
    if found["slice"] is not None:
        found["image"] = None  # a row is about one of them
        if found["scan"] is not None and found["patient"] is not None:
            found["scan"] = None
    return {name: at for name in NAMED if (at := found[name]) is not None}


def _label(start: Start, header: Sequence[str]) -> int | None:
    """Return the column that seems to be the label: by its title, or as the one of yes and no."""
    known = column_of(header, FLAGS["hemorrhage"])
    if known is not None:
        return known
    others = {title for name, own in FLAGS.items() if name != "hemorrhage" for title in own}
    titled = [(at, title) for at, title in enumerate(header) if title and title not in others]
    free = [at for at, title in titled if not is_private(title)]
    hinted = [at for at in free if HINTS["label"].search(header[at])]
    said = [at for at in free if _says_yes_or_no(start.cells(at))]
    both = [at for at in hinted if at in said]
    for candidates in (both, said, hinted):
        if len(candidates) == 1:
            return candidates[0]
    return both[0] if both else None


def _says_yes_or_no(cells: Sequence[str]) -> bool:
    keys = {cell_key(cell) for cell in cells}
    if not keys or len(keys) > _VALUES_SHOWN:
        return False
    words = {key for key in keys if key in _YES or key in _NO}
    return bool(words) or all(flag(cell) is not pd.NA for cell in cells)


def _meanings(start: Start, guessed: dict[str, int]) -> Iterator[tuple[str, list[str]]]:
    """Yield `positive`, and `negative` if it has to be said, with what seems to mean it."""
    cells = start.cells(guessed["label"]) if "label" in guessed else []
    found = {cell_key(cell): cell for cell in cells}
    if not found or all(flag(cell) is not pd.NA for cell in cells):
        return
    yes = [cell for key, cell in found.items() if key in _YES or _is_flag(cell, 1)]
    no = [cell for key, cell in found.items() if key in _NO or _is_flag(cell, 0)]
    yield "positive", [*map(_value, yes)] or ["..."]
    if len(found) - len(yes) > 1 or not yes:
        yield "negative", [*map(_value, no)] or ["..."]


def _is_flag(cell: str, value: int) -> bool:
    said = flag(cell)
    return said is not pd.NA and said == value


def _first_row(start: Start, guessed: dict[str, int]) -> str:
    if not start.rows:
        return f"{start.path.name} has no row below its titles. "
    number, cells = start.rows[0]
    shown = [
        f"{start.titles[at]} {cells[at]!r}"
        for at in sorted(guessed.values())
        if _may_be_shown(start.titles[at], cells[at], label=at == guessed.get("label"))
    ]
    hidden = sum(map(bool, start.titles)) - len(shown)
    told = f"Its first row, {number}, has {', '.join(shown)}" if shown else (
        f"Its first row is {number}"
    )  # fmt: skip
    rest = " (other cells are not shown: they may name a person)" * bool(hidden)
    return f"{told}{rest}. "


def _may_be_shown(title: str, cell: str, *, label: bool) -> bool:
    if is_private(bare_title(title)) or _DAY.fullmatch(cell):
        return False
    words = cell.split()
    return len(words) <= 3 and len(cell) <= 40 if label else bool(_ID.fullmatch(cell))


def _value(text: str) -> str:
    """Return a text as YAML reads it inside of braces."""
    plain = _PLAIN.fullmatch(text) and text.casefold() not in _OTHERWISE and text == text.rstrip()
    if plain or text.isdecimal():
        return text
    return "'" + text.replace("'", "''") + "'"


def best_of(starts: Iterable[Start]) -> Start | None:
    """Return the start of the table that looks most like labels, or None if there is none."""
    found = []
    for number, start in enumerate(starts):
        guessed = _guess(start, "")
        said = "label" in guessed and _says_yes_or_no(start.cells(guessed["label"]))
        found.append((-len({"label", "patient"} & {*guessed}) - said, number, start))
    return min(found)[2] if found else None
