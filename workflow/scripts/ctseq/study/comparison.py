"""The comparison that a configuration asks for, of a study or of the published one."""

from collections.abc import Iterator, Mapping
from typing import Any

from ctseq.core.words import unknown
from ctseq.study.models import label_of


def comparison_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that decide the comparison of models, with the contrasts spelled out."""
    keys = ("primary", "metrics", "alpha", "undefined", "margins")
    settings = {key: config["comparison"][key] for key in keys}
    return {"models": list(config["compare"]), "contrasts": contrasts_of(config), **settings}


def model_labels(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the label of each model that is compared, in the order of tables and figures."""
    return {name: label_of(name, config) for name in config["compare"]}


def contrasts_of(config: Mapping[str, Any]) -> list[list[str]]:
    """Return the pairs of models that the answer is about: by default all with the first."""
    first, *others = config["compare"]
    return config["comparison"]["contrasts"] or [[first, other] for other in others]


def comparison_problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the section `comparison`, whose metrics are known ones."""
    section = config["comparison"]
    for name in section["margins"]:
        if name not in section["metrics"]:
            yield (
                f"comparison.margins.{name} is of a metric that comparison.metrics does not list: "
                "name it there too, or remove the margin"
            )
    if section["primary"] not in section["metrics"]:
        yield (
            f"comparison.primary is {section['primary']!r}, which comparison.metrics does not "
            "list: name it there too"
        )
    models = list(config["compare"])
    for index, pair in enumerate(section["contrasts"]):
        yield from (
            unknown(f"comparison.contrasts.{index}", name, "compare", models)
            for name in pair
            if name not in models
        )
    pairs = [frozenset(pair) for pair in section["contrasts"]]
    for pair in sorted({pair for pair in pairs if pairs.count(pair) > 1}, key=sorted):
        yield f"comparison.contrasts has {' and '.join(sorted(pair))} twice: name the pair once"
