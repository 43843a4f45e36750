"""Nested settings as lines of text, a value each, and back."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# A key that is written as it is; others are written as JSON, and so keep their type and their dots.
_PLAIN = re.compile(r"(?!(?:true|false|null)$)[A-Za-z_][\w-]*")
# Text that is no number, and needs no quotes to be read as text.
_TEXT = re.compile(r"(?=.*[A-Za-z_/])[\w./-]+")
# Of a list or a mapping, what tells it from another; text, such as a path, may differ at its end.
_MOST_CHARACTERS = 60
_PART = re.compile(r'("(?:[^"\\]|\\.)*"|[^".:]+)(\.|: )')


def dotted(nested: Mapping[Any, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted key of each value, such as ``comparison.alpha``, and the value.

    Lists are values as a whole, and so are mappings that are empty.
    """
    for key, value in nested.items():
        plain = isinstance(key, str) and _PLAIN.fullmatch(key)
        name = before + (key if plain else json.dumps(key, ensure_ascii=False))
        if isinstance(value, Mapping) and value:
            yield from dotted(value, f"{name}.")
        else:
            yield name, value


def differing(made: Mapping[str, Any], asked: Mapping[str, Any], before: str = "") -> list[str]:
    """Return in words which settings differ, such as ``comparison.alpha 0.05 -> 0.01``.

    A key that one of them lacks is unset there. The order is that of `asked`, and `before` stands
    before each key.
    """
    found = []
    for key in [*asked, *(key for key in made if key not in asked)]:
        both = made.get(key), asked.get(key)
        if all(isinstance(one, Mapping) for one in both):
            found += differing(*both, f"{before}{key}.")
        elif (key in made) != (key in asked) or both[0] != both[1]:
            found.append(f"{before}{key} {_spelled(key, made)} -> {_spelled(key, asked)}")
    return found


def _spelled(key: str, values: Mapping[str, Any]) -> str:
    """Return a value as it is shown: text without quotes where that is clear, and cut if long."""
    if key not in values:
        return "unset"
    value = values[key]
    if isinstance(value, str) and _TEXT.fullmatch(value):
        return value
    shown = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) or len(shown) <= _MOST_CHARACTERS:
        return shown
    return f"{shown[: _MOST_CHARACTERS - 3]}..."


def flattened(nested: Mapping[Any, Any]) -> list[str]:
    """Return nested settings as lines such as ``comparison.alpha: 0.05``, with values as JSON."""
    return [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in dotted(nested)]


def restored(lines: Iterable[str]) -> dict[Any, Any]:
    """Return the settings that were flattened to these lines, with their keys in their order."""
    nested: dict[Any, Any] = {}
    for line in lines:
        section, position = nested, 0
        while part := _PART.match(line, position):
            key = part[1] if _PLAIN.fullmatch(part[1]) else json.loads(part[1])
            position = part.end()
            if part[2] == ": ":
                section[key] = json.loads(line[position:])
                break
            section = section.setdefault(key, {})
    return nested
