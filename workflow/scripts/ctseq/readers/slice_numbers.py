"""The slice's number in the names of pictures: that in which the pictures of a folder differ."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

_DIGITS = re.compile(r"[0-9]+")
_MOST_DIGITS = 9
# Where each number is written `0`: one with decimals, and no date or identifier of several parts.
_DECIMAL = re.compile(r"(?<![0.])0\.0(?![0.])")
_MINUS = re.compile(r"-(?=0)")
# Codes such as `3f9a12e`, whose digits are no number: hexadecimal, letters and digits in turns.
_HEX = re.compile(r"(?<![0-9a-z])(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{6,}(?![0-9a-z])")
_IN_TURNS = re.compile(r"[0-9]+[a-f]+[0-9]|[a-f]+[0-9]+[a-f]")
# What browsers and file managers add to the name of a copy.
_COPY = re.compile(r"(.+?) ?\([0-9]+\)")


def slice_numbers(stems: Sequence[str]) -> list[tuple[int | None, str]]:
    """Return the number of each picture of a folder, and in words why one has none.

    Of several numbers in names that are alike otherwise, it is the one that differs from picture to
    picture, so that neither `_512x512` nor a window or version counts. Numbers with decimals, and
    those with a minus where others of the folder have none, are positions: they are no slice's
    number, but must say the same order.

    Parameters
    ----------
    stems
        The names without suffix.
    """
    names = [unicodedata.normalize("NFC", stem).casefold() for stem in stems]
    known = set(names)
    copies = {name: match[1] for name in known if (match := _COPY.fullmatch(name))}
    names = [copies[name] if copies.get(name) in known else name for name in names]
    alike, signed = _alike(names)
    codes = set()
    if len(alike) > 1 and any(_is_code(name) for name in names):
        codes = {at for at, name in enumerate(names) if _HEX.search(name)}
    found: list[tuple[int | None, str]] = [(None, "a code is no number")] * len(names)
    for shape, group in alike.items():
        own = [at for at in group if at not in codes]
        columns = _columns(shape, [names[at] for at in own], [signed.get(at) for at in own])
        for at, number in zip(own, _numbers(columns, len(own)), strict=True):
            found[at] = number
    return found


def _alike(names: Sequence[str]) -> tuple[dict[str, list[int]], dict[int, int]]:
    """Return which names differ in their numbers alone, by their shape with `0` for each number.

    With them it is returned which of a name's numbers, counted from 0, has a minus that is a sign:
    the names of other pictures have none there.
    """
    alike = defaultdict(list)
    for at, name in enumerate(names):
        alike[_DIGITS.sub("0", name)].append(at)
    signed = {}
    for shape in sorted(alike, key=len, reverse=True):
        for minus in _MINUS.finditer(shape):
            other = shape[: minus.start()] + shape[minus.end() :]
            if other in alike:
                group = alike.pop(shape)
                signed |= dict.fromkeys(group, shape[: minus.start()].count("0"))
                alike[other] = sorted([*alike[other], *group])
                break
    return dict(alike), signed


def _columns(
    shape: str, names: Sequence[str], signed: Sequence[int | None]
) -> list[tuple[tuple[float, ...], bool]]:
    """Return the numbers in names of one shape, column by column, and whether they may be slices'.

    `signed` is which number of each name has a sign.
    """
    texts = list(zip(*map(_DIGITS.findall, names), strict=True))
    decimals = {shape[: found.start()].count("0") for found in _DECIMAL.finditer(shape)}
    columns: list[tuple[tuple[float, ...], bool]] = []
    at = 0
    while at < len(texts):
        signs = [-1 if minus == at else 1 for minus in signed]
        parts = texts[at : at + 2]
        decimal = at in decimals and all(len(set(part)) > 1 for part in parts)
        numbers = map(float, map(".".join, zip(*parts, strict=True))) if decimal else (
            map(int, texts[at])
        )  # fmt: skip
        values = tuple(sign * number for sign, number in zip(signs, numbers, strict=True))
        columns.append((values, not decimal and min(signs) > 0))
        at += 2 if decimal else 1
    return columns


def _is_code(name: str) -> bool:
    match = _HEX.search(name)
    return bool(match and _IN_TURNS.search(match[0]))


def _numbers(
    columns: Sequence[tuple[tuple[float, ...], bool]], n_names: int
) -> list[tuple[int | None, str]]:
    """Return the numbers of names that differ in their digits alone, by `_columns`."""
    if not columns:
        return [(None, "")] * n_names
    kinds = [len(set(values)) for values, _ in columns]
    most = [column for column, kind in zip(columns, kinds, strict=True) if kind == max(kinds)]
    # Where all differ, they must say the same order; the last one is the number.
    if max(kinds) > 1 and len({tuple(_ranks(values)) for values, _ in most}) > 1:
        return [(None, "several numbers differ, and not in one order")] * n_names
    whole = [values for values, is_whole in most if is_whole]
    if not whole:
        return [(None, "a number with a sign or decimals is a position")] * n_names
    short = [values for values in whole if max(values) < 10**_MOST_DIGITS]
    return [(int(number), "") for number in short[-1]] if short else [(None, "")] * n_names


def _ranks(column: Sequence[float]) -> list[int]:
    order = {value: rank for rank, value in enumerate(sorted(set(column)))}
    return [order[value] for value in column]
