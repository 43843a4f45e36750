"""A configuration as text, and the digest by which it can be told that it was not changed."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

# A key that is written as it is; others are written as JSON, and so keep their type and their dots.
_PLAIN = re.compile(r"(?!(?:true|false|null)$)[A-Za-z_][\w-]*")
_PART = re.compile(r'("(?:[^"\\]|\\.)*"|[^".:]+)(\.|: )')


class _Plain(yaml.SafeDumper):
    """Writes what an anchor of YAML shares wherever it stands: text, and digest, are of values."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def spelled(config: Mapping[str, Any]) -> str:
    """Return a configuration as YAML, with its keys in their order."""
    return yaml.dump(dict(config), Dumper=_Plain, sort_keys=False, allow_unicode=True)


def sha256_of(config: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a configuration as it is spelled, in hexadecimal digits."""
    return hashlib.sha256(spelled(config).encode("utf-8")).hexdigest()


def flattened(config: Mapping[Any, Any], before: str = "") -> list[str]:
    """Return a configuration as lines, such as ``comparison.alpha: 0.05``, a value each.

    Values are JSON: numbers, text in quotes, lists as a whole, and mappings that are empty. As
    parameters of a rule, lines that are the same before and after a change are not shown.
    """
    lines = []
    for key, value in config.items():
        plain = isinstance(key, str) and _PLAIN.fullmatch(key)
        name = before + (key if plain else json.dumps(key, ensure_ascii=False))
        if isinstance(value, Mapping) and value:
            lines += flattened(value, f"{name}.")
        else:
            lines.append(f"{name}: {json.dumps(value, ensure_ascii=False)}")
    return lines


def restored(lines: Iterable[str]) -> dict[Any, Any]:
    """Return the configuration that was flattened to these lines, with its keys in their order."""
    config: dict[Any, Any] = {}
    for line in lines:
        section, position = config, 0
        while part := _PART.match(line, position):
            key = part[1] if _PLAIN.fullmatch(part[1]) else json.loads(part[1])
            position = part.end()
            if part[2] == ": ":
                section[key] = json.loads(line[position:])
                break
            section = section.setdefault(key, {})
    return config
