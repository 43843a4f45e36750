"""The comparison that a configuration asks for, of a study or of the published one."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def comparison_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that decide the comparison of models, with the contrasts spelled out."""
    keys = ("primary", "metrics", "alpha", "undefined", "margins")
    settings = {key: config["comparison"][key] for key in keys}
    return {"models": list(config["models"]), "contrasts": contrasts_of(config), **settings}


def contrasts_of(config: Mapping[str, Any]) -> list[list[str]]:
    """Return the pairs of models that the answer is about: by default all with the first."""
    first, *others = config["models"]
    return config["comparison"]["contrasts"] or [[first, other] for other in others]


def comparison_problems(config: Mapping[str, Any], known: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with the section `comparison`, of whose metrics `known` may be named."""
    section = config["comparison"]
    for index, name in enumerate(section["metrics"]):
        if name not in known:
            yield not_among(f"comparison.metrics.{index}", name, known)
    for name in section["margins"]:
        if name not in known:
            yield not_among("comparison.margins names a metric, which", name, known)
        elif name not in section["metrics"]:
            yield (
                f"comparison.margins.{name} is of a metric that comparison.metrics does not list: "
                "name it there too, or remove the margin"
            )
    if section["primary"] not in known:
        yield not_among("comparison.primary", section["primary"], known)
    elif section["primary"] not in section["metrics"]:
        yield (
            f"comparison.primary is {section['primary']!r}, which comparison.metrics does not "
            "list: name it there too"
        )
    models = list(config["models"])
    for index, pair in enumerate(section["contrasts"]):
        yield from (
            not_among(f"comparison.contrasts.{index} names a model, which", name, models)
            for name in pair
            if name not in models
        )
    pairs = [frozenset(pair) for pair in section["contrasts"]]
    for pair in sorted({pair for pair in pairs if pairs.count(pair) > 1}, key=sorted):
        yield f"comparison.contrasts has {' and '.join(sorted(pair))} twice: name the pair once"


def not_among(key: str, value: Any, choices: Sequence[Any]) -> str:
    """Return the message on a value that is none of the choices, with the nearest of them."""
    near = difflib.get_close_matches(str(value), map(str, choices), n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{key} is {value!r} but must be one of {', '.join(map(str, choices))}{hint}"
