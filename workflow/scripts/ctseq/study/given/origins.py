"""Which file, and which line of it, brought a key of the configuration."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ctseq.study.given.files import nodes_of, shown

COMMAND_LINE = "--config"
# What a message on the configuration begins with.
_KEY = re.compile(r"[A-Za-z0-9_.-]*[A-Za-z0-9_-]")


@dataclass(frozen=True)
class Source:
    """Keys that one file, or the command line, gives.

    Attributes
    ----------
    name
        As messages say it.
    lines
        Dotted key to the line of it, from 1; None where it has none.
    """

    name: str
    lines: Mapping[str, int | None]

    @classmethod
    def of_file(cls, path: Path) -> "Source":
        """Return the keys of a YAML file; none where it cannot be read."""
        return cls(shown(path), dict(_lines(nodes_of(path))))

    @classmethod
    def of_values(cls, name: str, config: Mapping[str, Any]) -> "Source":
        """Return the keys of a mapping that has no lines."""
        return cls(name, dict.fromkeys(_keys(config)))

    def where(self, key: str) -> str:
        """Return the name, with the line if there is one."""
        line = self.lines[key]
        return self.name if line is None else f"{self.name}, line {line}"


@dataclass(frozen=True)
class Origins:
    """Where the keys of a merged configuration come from, which is read when it is asked for.

    Attributes
    ----------
    files
        Configuration files; the later ones win.
    given
        Name to keys that were given without a file; they win over files.
    """

    files: tuple[Path, ...] = ()
    given: tuple[tuple[str, Mapping[str, Any]], ...] = ()

    def where(self, key: str) -> str:
        """Return which source brought a dotted key, or a part above it; empty for none."""
        sources = self._sources()
        while key:
            for source in reversed(sources):
                if key in source.lines:
                    return source.where(key)
            key = key.rpartition(".")[0]
        return ""

    def located(self, message: str) -> str:
        """Return a message that begins with a key, with its origin behind the key."""
        found = _KEY.match(message)
        where = self.where(found[0]) if found else ""
        return f"{found[0]} ({where}){message[found.end() :]}" if found and where else message

    def _sources(self) -> list[Source]:
        return [
            *map(_source_of_file, self.files),
            *(Source.of_values(name, its) for name, its in self.given),
        ]


# Of a configuration whose files are not known.
NOWHERE = Origins()


@cache  # a configuration may have many problems
def _source_of_file(path: Path) -> Source:
    return Source.of_file(path)


def _lines(node: yaml.Node | None, before: str = "") -> Iterator[tuple[str, int]]:
    """Yield the dotted keys below a node with their lines."""
    if isinstance(node, yaml.MappingNode):
        parts = [(key.value, key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        parts = [(str(index), value, value) for index, value in enumerate(node.value)]
    else:
        return
    for name, at, value in parts:
        yield f"{before}{name}", at.start_mark.line + 1
        yield from _lines(value, f"{before}{name}.")


def _keys(value: Any, before: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        parts = [*value.items()]
    elif isinstance(value, list):
        parts = [*enumerate(value)]
    else:
        return
    for name, its in parts:
        yield f"{before}{name}"
        yield from _keys(its, f"{before}{name}.")
