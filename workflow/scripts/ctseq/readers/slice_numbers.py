"""The slice's number in the names of pictures: that in which the pictures of a folder differ."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

_DIGITS = re.compile(r"[0-9]+")
_MOST_DIGITS = 9
# Codes such as `3f9a12e`, whose digits are no number: hexadecimal, letters and digits in turns.
_HEX = re.compile(r"(?<![0-9a-z])(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{6,}(?![0-9a-z])")
_IN_TURNS = re.compile(r"[0-9]+[a-f]+[0-9]|[a-f]+[0-9]+[a-f]")
# What browsers and file managers add to the name of a copy.
_COPY = re.compile(r"(.+?) ?\([0-9]+\)")


def slice_numbers(stems: Sequence[str]) -> list[tuple[int | None, str]]:
    """Return the number of each picture of a folder, and in words why one has none.

    Of several numbers in names that are alike otherwise, it is the one that differs from picture to
    picture, so that neither `_512x512` nor a window or version counts.

    Parameters
    ----------
    stems
        The names without suffix.
    """
    names = [unicodedata.normalize("NFC", stem).casefold() for stem in stems]
    known = set(names)
    copies = {name: match[1] for name in known if (match := _COPY.fullmatch(name))}
    names = [copies[name] if copies.get(name) in known else name for name in names]
    alike = defaultdict(list)
    for at, name in enumerate(names):
        alike[_DIGITS.sub("0", name)].append(at)
    codes = set()
    if len(alike) > 1 and any(_is_code(name) for name in names):
        codes = {at for at, name in enumerate(names) if _HEX.search(name)}
    found: list[tuple[int | None, str]] = [(None, "a code is no number")] * len(names)
    for group in alike.values():
        own = [at for at in group if at not in codes]
        for at, number in zip(own, _numbers([names[at] for at in own]), strict=True):
            found[at] = number
    return found


def _is_code(name: str) -> bool:
    match = _HEX.search(name)
    return bool(match and _IN_TURNS.search(match[0]))


def _numbers(names: Sequence[str]) -> list[tuple[int | None, str]]:
    """Return the numbers of names that differ in their digits alone."""
    rows = [list(map(int, _DIGITS.findall(name))) for name in names]
    columns = list(zip(*rows, strict=True))
    if not columns:
        return [(None, "")] * len(names)
    kinds = [len(set(column)) for column in columns]
    most = [column for column, kind in zip(columns, kinds, strict=True) if kind == max(kinds)]
    # Where all differ, they must say the same order; the last one is the number.
    if max(kinds) > 1 and len({tuple(_ranks(column)) for column in most}) > 1:
        return [(None, "several numbers differ, and not in one order")] * len(names)
    short = [column for column in most if max(column) < 10**_MOST_DIGITS]
    return [(number, "") for number in short[-1]] if short else [(None, "")] * len(names)


def _ranks(column: Sequence[int]) -> list[int]:
    order = {value: rank for rank, value in enumerate(sorted(set(column)))}
    return [order[value] for value in column]
