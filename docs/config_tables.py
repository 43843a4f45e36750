"""The generated table of docs/configuration.md: every key, its values and its default."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from ctseq.evidence.metrics import comparable_metrics
from ctseq.study.given.schema import followed, properties, with_names

ROOT = Path(__file__).parents[1]
# What a value is, by its type in the schema.
TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` or `false`",
    "array": "list",
    "object": "mapping",
    "null": "`null`",
}
# How the bounds of a number are put, by the schema's words for them.
BOUNDS = {
    "minimum": "from {}",
    "exclusiveMinimum": "above {}",
    "maximum": "to {}",
    "exclusiveMaximum": "and below {}",
}


def config_tables() -> dict[str, str]:
    """Return the page's table, by the name that the page has for it."""
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text("utf-8"))
    return {"keys": _keys(with_names(schema, metrics=comparable_metrics()))}


def _keys(schema: dict[str, Any]) -> str:
    lines = ["| key | values | default | what it is |", "|---|---|---|---|"]
    for path, part, default in config_keys(schema, schema):
        cells = [f"`{path}`", values_of(part), default, part["description"]]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def config_keys(
    part: dict[str, Any], schema: dict[str, Any], *, above: str = "", filled: bool = True
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the path, the schema and the default, as it is shown, of every key that has words.

    An entry of a catalogue is called ``<name>`` in paths.

    Parameters
    ----------
    part, schema
        The part of the schema that is looked at, and the whole of it.
    above
        The path of that part, with a dot behind it.
    filled
        Whether the part's defaults are filled in where a configuration leaves them out.
    """
    for name, its in properties(part, schema):
        path = f"{above}{name}"
        default = _shown(its["default"]) if filled and "default" in its else ""
        if "description" in its:
            yield path, its, "required" if name in part.get("required", []) else default
        if (entry := its.get("additionalProperties")) and "$ref" in entry:  # a catalogue
            inner = followed(entry, schema)
            yield from config_keys(inner, schema, above=f"{path}.<name>.", filled=filled)
        # What repeats another part in words of its own has that one's keys.
        elif not ({"$ref", "description"} <= part["properties"][name].keys()):
            own = filled and "default" not in its
            yield from config_keys(its, schema, above=f"{path}.", filled=own)


def values_of(part: dict[str, Any]) -> str:
    """Return what a key may be, in words."""
    if "anyOf" in part:
        return " or ".join(dict.fromkeys(map(values_of, part["anyOf"])))
    if "else" in part:  # a number, or one of some words
        return f"{values_of(part['if'] | part['then'])}, or {values_of(part['else'])}"
    if "enum" in part:
        return named(part["enum"])
    kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
    bounds = [words.format(part[bound]) for bound, words in BOUNDS.items() if bound in part]
    first, *others = [TYPES[kind] for kind in kinds]
    return ", or ".join([" ".join([first, *bounds]), *others])


def named(values: Iterable[str]) -> str:
    """Return names, each as it stands in a configuration."""
    return ", ".join(f"`{value}`" for value in values)


def _shown(value: Any) -> str:
    """Return a value as it stands in a configuration."""
    text = yaml.safe_dump(value, default_flow_style=True, width=1000)
    return f"`{text.splitlines()[0]}`"  # behind a word or a number stands a line of dots
