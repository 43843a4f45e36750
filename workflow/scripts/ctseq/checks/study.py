"""The check of a whole study: all that can be known of it early, and all that is wrong."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ctseq.cache.shards import patients_of_shard
from ctseq.checks.asked import Asked
from ctseq.checks.current import is_described
from ctseq.checks.datasets import Examined, examine, window_problems
from ctseq.checks.encoders import check_trainable, describe
from ctseq.checks.estimate import estimated, missing_runs
from ctseq.checks.splits import Drawn, draw
from ctseq.core.errors import InputError, fail_on
from ctseq.core.files import read_json
from ctseq.core.words import size
from ctseq.families.needs import needs_of
from ctseq.readers.problems import BESIDE_SLICES

Descriptions = dict[tuple[str, str], Mapping[str, Any]]


def check_study(asked: Asked, *, threads: int) -> dict[str, Any]:
    """Return what a study has and what it will take, as check.json holds it.

    Parameters
    ----------
    asked
        What it asks for.
    threads
        How many its jobs have.

    Raises
    ------
    InputError
        With all that is wrong, if anything is.
    """
    problems: list[str] = []
    examined = _examined(asked, threads, problems)
    described = _described(asked, problems)
    problems += _trainable_problems(asked, described)
    for one in examined.values():
        problems += _dataset_problems(asked, one)
    drawn = None
    if asked.own in examined:
        folds = {its["folds"] for its in asked.models.values() if its["folds"]}
        options = {"replicates": asked.replicates, "folds": sorted(folds), "seed": asked.seed}
        drawn = draw(examined[asked.own].scans, asked.splits, **options)
        problems += drawn.problems
    _stop_on(problems)
    costs = estimated(asked, examined, described, threads=threads)
    _stop_on(_lack_of_space(costs))
    return {
        "study": Path(asked.results).name,
        "datasets": [_facts(one) for one in examined.values()],
        "splits": _subsets(drawn, asked.replicates),
        **costs,
    }


def _stop_on(problems: list[str]) -> None:
    fail_on(
        [problem.replace("\n", "\n    ") for problem in problems],
        title="The study cannot be run as it is",
        cure="Mend all of them, then look again: snakemake check. What is there stays as it was.",
    )


def _examined(asked: Asked, threads: int, problems: list[str]) -> dict[str, Examined]:
    """Return the datasets that can be used, by name, and append why others cannot."""
    found = {}
    study = Path(asked.results).name
    for name, its in asked.datasets.items():
        parts = {key: its[key] for key in ("folder", "settings", "code")} | {"study": study}
        try:
            found[name] = examine(name, **parts, threads=threads)
        except InputError as error:
            problems.append(_named(f"datasets.{name}", error))
    return found


def _described(asked: Asked, problems: list[str]) -> Descriptions:
    """Return what describes each encoder for each dataset, and append why there is nothing.

    A checkpoint is loaded once, though datasets may differ in their windows.
    """
    found: Descriptions = {}
    for name, its in asked.encoders.items():
        facts = None
        for dataset in asked.datasets:
            path, settings = asked.description(name, dataset), asked.encoder_settings(name, dataset)
            if is_described(path, settings, its["sources"]):
                found[name, dataset] = read_json(path)
                continue
            if problems and its["made"] and its["folder"] and not Path(its["folder"]).is_dir():
                break  # what a dataset lacks is said before anything is fetched
            try:
                facts = facts or describe(name, settings, its["folder"])
            except InputError as error:
                problems.append(_named(f"encoders.{name}", error))
                break  # it would be the same for others
            found[name, dataset] = {**facts, "settings": settings}
    return found


def _trainable_problems(asked: Asked, described: Descriptions) -> Iterator[str]:
    """Yield what encoders lack of the parts that models with runs to do train."""
    for name, its in asked.models.items():
        description = described.get((its["encoders"][0], asked.own))
        folder = asked.encoders[its["encoders"][0]]["folder"]
        # All weights and heads are always there, and a checkpoint that is gone is said later.
        if isinstance(its["trainable"], str) or description is None or not Path(folder).is_dir():
            continue
        if not missing_runs(name, asked):
            continue
        try:
            check_trainable(description, folder, its["trainable"])
        except InputError as error:
            yield _named(f"models.{name}", error)


def _named(key: str, error: InputError) -> str:
    """Return a message with the key of the configuration that it is about."""
    return str(error) if key in str(error) else f"{key}: {error}"


def _dataset_problems(asked: Asked, dataset: Examined) -> Iterator[str]:
    """Yield what a dataset lacks for the encoders, families and shards of a study."""
    windows = {
        name: asked.encoder_settings(name, dataset.name)["window"] for name in asked.encoders
    }
    yield from window_problems(dataset, windows)
    for name, model in asked.models.items():
        for need in needs_of(model["family"], model["labels"]):
            wanted = dataset.name == asked.own or not need.to_learn
            if wanted and not need.met(dataset.holdings):
                yield f"models.{name} needs {need.words}, which {dataset.name} lacks: {need.cure}."
    sizes = dataset.slices.groupby("patient_id", sort=False).size().to_dict()
    try:
        patients_of_shard(sizes, 1, len(asked.shards))
    except InputError as error:
        yield f"{dataset.name}: {error}"


def _lack_of_space(costs: Mapping[str, Any]) -> list[str]:
    """Say if pixels and features do not fit on the disk."""
    needed, free = costs["bytes"], costs["free_bytes"]
    if needed <= free:
        return []
    return [
        f"Pixels and features take {size(needed)}, but {size(free)} are free in {Path.cwd()}: free "
        "space, or work in a folder on another disk (snakemake --directory)."
    ]


def _facts(dataset: Examined) -> dict[str, Any]:
    """Return what the table says of a dataset."""
    keys = ("patients", "positive_patients", "scans", "positive_scans", "brain_slices")
    keys += ("positive_slices", "slices_per_scan", "masks")
    left_out = {
        part: {
            code: number
            for code, number in flow["excluded_by_reason"].items()
            if code not in BESIDE_SLICES
        }
        for part, flow in dataset.counts["flow"].items()
    }
    return {
        "name": dataset.name,
        "format": dataset.format,
        **{key: dataset.counts[key] for key in keys},
        "left_out": left_out,
    }


def _subsets(drawn: Drawn | None, replicates: int) -> dict[str, Any]:
    parts = ("train", "test", "positive")
    return {"replicates": replicates, **{part: list(getattr(drawn, part)) for part in parts}}
