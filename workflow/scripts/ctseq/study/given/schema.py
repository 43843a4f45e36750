"""The schema of a configuration: names that are extended elsewhere, and defaults."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ctseq.encoders.registry import ENCODER_TYPES, SIGHTS
from ctseq.families.registry import FAMILIES
from ctseq.readers.formats import FORMATS

Schema = Mapping[str, Any]


def with_names(schema: Schema, *, metrics: Sequence[str]) -> dict[str, Any]:
    """Return a schema in which every list of names is filled in from the table that has them.

    `metrics` are the names that the section `comparison` may use.
    """
    names = {
        "format": ["auto", *FORMATS, "phantom"],
        "layout": [*FORMATS],
        "encoder_type": [*ENCODER_TYPES],
        "sees": [*SIGHTS],
        "family": [*FAMILIES],
        "pool": [*dict.fromkeys(pool for family in FAMILIES.values() for pool in family.pools)],
        "metric": [*metrics],
    }
    listed = {name: schema["$defs"][name] | {"enum": values} for name, values in names.items()}
    return {**schema, "$defs": schema["$defs"] | listed}


def filled(config: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """Return a configuration with the schema's defaults for all that it leaves out.

    A part whose default is an empty mapping, such as a model's own `training`, stays as it is.
    """
    return _filled(config, schema, schema)


def properties(part: Schema, schema: Schema) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and the schema of each key of a part, with references followed."""
    for name, its in part.get("properties", {}).items():
        yield name, followed(its, schema)


def followed(part: Schema, schema: Schema) -> dict[str, Any]:
    """Return a part with what it refers to in `$defs`; its own words win."""
    reference = part.get("$ref", "").removeprefix("#/$defs/")
    if not reference:
        return dict(part)
    own = {name: value for name, value in part.items() if name != "$ref"}
    return followed(schema["$defs"][reference], schema) | own


def _filled(value: Mapping[str, Any], part: Schema, schema: Schema) -> dict[str, Any]:
    found = dict(value)
    for name, its in properties(part, schema):
        if "default" in its:
            found.setdefault(name, copy.deepcopy(its["default"]))
        elif "properties" in its:
            found[name] = _filled(found.get(name, {}), its, schema)
        elif isinstance(its.get("additionalProperties"), Mapping):  # a catalogue
            entry = followed(its["additionalProperties"], schema)
            found[name] = {
                key: _filled(one, entry, schema) for key, one in found.get(name, {}).items()
            }
    return found
