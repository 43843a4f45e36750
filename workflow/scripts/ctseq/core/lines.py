"""Nested settings as lines of text, a value each, and back."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# A key that is written as it is; others are written as JSON, and so keep their type and their dots.
_PLAIN = re.compile(r"(?!(?:true|false|null)$)[A-Za-z_][\w-]*")
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
