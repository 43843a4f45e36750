"""A study's configuration, checked and with its defaults; messages name keys and say what to do."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ctseq.core.errors import fail_on
from ctseq.core.words import not_among, unknown
from ctseq.study import encoders, model_problems, models
from ctseq.study.comparison import comparison_problems
from ctseq.study.datasets import PHANTOM, dataset_problems, external_problems
from ctseq.study.further import further_problems
from ctseq.study.given.explained import schema_problems
from ctseq.study.given.origins import NOWHERE, Origins
from ctseq.study.given.schema import filled, with_names

Config = Mapping[str, Any]

# By whether a dataset is drawn, the key that it does not use.
_IDLE = {True: "path", False: "phantom"}
# Names of folders in results/ that are no study's.
_TAKEN = {"published": "the published study's folder", "data": "the folder of shared data"}


def resolved_config(
    config: Config,
    schema: Mapping[str, Any],
    *,
    metrics: Sequence[str],
    origins: Origins = NOWHERE,
) -> dict[str, Any]:
    """Return a merged configuration with all defaults, after checking it.

    The schema is a JSON schema, draft 2020-12, with a default for whatever may be left out;
    `metrics` are the names that the section `comparison` may use; `origins` tells which file
    brought a key.

    Raises
    ------
    InputError
        Listing every problem with its key.
    """
    schema = with_names(schema, metrics=metrics)
    _stop_at(schema_problems(config, schema), origins)
    full = models.with_own_labels(config, filled(config, schema))
    _stop_at(_naming_problems(full), origins)
    _stop_at(_idle_keys(config, full), origins)
    full = _without_idle_keys(full)
    problems = [*comparison_problems(full), *combination_problems(full)]
    _stop_at([*problems, *further_problems(full), *_registered(full["registered"])], origins)
    return full


def used_config(config: Config) -> dict[str, Any]:
    """Return a configuration whose catalogues hold only what its study uses.

    Two that differ in the rest of their catalogues describe one study.
    """
    names = {
        "datasets": [config["dataset"], *config["external"]],
        "encoders": [
            one for name in config["compare"] for one in models.encoder_names(name, config)
        ],
        "models": models.run_names(config),
    }
    own = {
        catalogue: {name: its for name, its in config[catalogue].items() if name in used}
        for catalogue, used in names.items()
    }
    return {**config, **own}


def in_order_of(config: Any, defaults: Any) -> Any:
    """Return a merged configuration with its keys in the order of its defaults, others last.

    Snakemake puts the keys of overlays first.
    """
    if not isinstance(config, Mapping) or not isinstance(defaults, Mapping):
        return config
    names = [name for name in defaults if name in config]
    names += [name for name in config if name not in defaults]
    return {name: in_order_of(config[name], defaults.get(name)) for name in names}


def combination_problems(config: Config) -> Iterator[str]:
    """Yield what is wrong with combinations of keys, in a configuration of right keys and names."""
    found = [*_problems(config)]
    yield from found
    if not found:  # and so windows can be read
        used = used_config(config)["encoders"]
        yield from encoders.clashes(used, config)
        yield from external_problems(config, used)


def _stop_at(problems: Sequence[str], origins: Origins) -> None:
    fail_on(
        [origins.located(problem) for problem in sorted(problems)],
        title="The configuration cannot be used",
        cure="config.yaml explains every key; overlays and --config change single ones.",
    )


def _problems(config: Config) -> Iterator[str]:
    """Yield what is wrong with each part of a configuration."""
    if config["study"] in _TAKEN:
        yield (
            f"study is {config['study']!r}, which names {_TAKEN[config['study']]}; choose another "
            "name"
        )
    for name, its in config["datasets"].items():
        yield from dataset_problems(name, its)
    for name in config["encoders"]:
        yield from encoders.encoder_problems(name, config)
    for name in used_config(config)["encoders"]:
        yield from encoders.view_problems(name, config)
    for name in models.run_names(config):
        yield from model_problems.model_problems(name, config)
    if config["evaluation"]["threshold"] == "chosen" and config["tuning"]["patients"] != "train":
        yield (
            "evaluation.threshold is 'chosen', for which tuning.patients must be train: "
            "choosing it on the patients that are reported would flatter the model"
        )
    labels = [models.label_of(name, config) for name in config["compare"]]
    for label in sorted({label for label in labels if labels.count(label) > 1}):
        yield f"models: the label {label!r} is used twice; tables could not tell them apart"


def _naming_problems(config: Config) -> list[str]:
    """Say which names are in no catalogue, and which models have no encoder that they can use."""
    datasets, own = [*config["datasets"]], config["dataset"]
    found = [] if own in datasets else [not_among("dataset", own, datasets)]
    external = [name for name in config["external"] if name not in datasets]
    found += [unknown("external", name, "datasets", datasets) for name in external]
    if config["dataset"] in config["external"]:
        found.append(
            f"external names {config['dataset']}, the dataset that the study develops on: what is "
            "chosen on it cannot be tested on it"
        )
    for name in config["compare"]:
        if name in config["models"]:
            found += model_problems.naming_problems(name, config)
        else:
            found.append(unknown("compare", name, "models", [*config["models"]]))
    return found


def _idle_keys(given: Config, full: Config) -> list[str]:
    """Say which keys of encoders and compared models have no effect on them."""
    found = [
        encoders.idle_key(name, full["encoders"][name], key)
        for name, its in given["encoders"].items()
        for key in its
        if not encoders.has_key(full["encoders"][name], key)
    ]
    found += [
        models.idle_key(name, full, key)
        for name in models.run_names(full)
        for key in given["models"][name]
        if not models.has_key(name, full, key)
    ]
    return found


def _without_idle_keys(config: Config) -> dict[str, Any]:
    """Return a configuration whose entries have no defaults that have no effect on them."""
    own = {
        name: {key: value for key, value in its.items() if encoders.has_key(its, key)}
        for name, its in config["encoders"].items()
    }
    learned = {
        name: {key: value for key, value in its.items() if models.has_key(name, config, key)}
        if name in models.run_names(config)
        else its
        for name, its in config["models"].items()
    }
    # What is drawn has no folder of its own, and what is read is not drawn.
    read = {
        name: {k: v for k, v in its.items() if k != _IDLE[its["format"] == PHANTOM]}
        for name, its in config["datasets"].items()
    }
    return {**config, "datasets": read, "encoders": own, "models": learned}


def _registered(registered: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with the date of a registration."""
    date = registered.get("date")
    if date is not None and not _is_date(date):
        yield (
            f"registered.date is {date!r}, which is no date of the calendar: write it as "
            "year-month-day, such as 2026-02-28"
        )


def _is_date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
