"""Paths that a configuration names: each exists, or is the one that results were made from."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ctseq.core.errors import InputError
from ctseq.core.words import listed
from ctseq.study.datasets import Dataset
from ctseq.study.encoders import Encoder, catalogue_name, settings_in
from ctseq.study.given.origins import Origins
from ctseq.study.made.standing import differences


def check_paths(
    config: Mapping[str, Any],
    datasets: Iterable[Dataset],
    encoders: Iterable[Encoder],
    *,
    origins: Origins,
) -> None:
    """Raise `InputError` that lists all paths that do not exist and that results do not go back to.

    `datasets` and `encoders` are those that a study uses, of the checked configuration.
    """
    datasets = [*datasets]
    of_data = {one.name: [*missing_of_dataset(one)] for one in datasets}
    of_encoders = [line for one in encoders for line in missing_of_encoder(one, datasets, config)]
    problems = [*(line for its in of_data.values() for line in its), *of_encoders]
    if not problems:
        return
    located = [origins.located(line) for line in problems]
    hints = [f"A relative path starts at the working directory, {Path.cwd()}."]
    for one in datasets:
        hints += _hints(one) if of_data[one.name] and not Path(one.record).exists() else []
    if of_encoders:
        hints.append(
            "A checkpoint is a folder that save_pretrained wrote, or an id of the Hugging Face "
            "hub, owner/name, where no folder here is called as the owner."
        )
    if any(" was made with other settings: " in line for line in problems):
        hints.append("Set each key as it was, or to what is there; results stay as they are.")
    title = f"{len(located)} paths of the configuration do not exist:"
    head = [f"{located[0]}."] if len(located) == 1 else [title, *(f"  - {one}" for one in located)]
    bullet = "  - " * (len(located) == 1)
    raise InputError("\n".join([*head, *(f"{bullet}{hint}" for hint in hints)]))


def missing_of_dataset(dataset: Dataset) -> Iterator[str]:
    """Yield which paths of a dataset do not exist, unless its index was made with these settings.

    One that was indexed may be gone.
    """
    other = differences(dataset.record, dataset.settings)
    if dataset.synthetic or (Path(dataset.record).exists() and not other):
        return
    key, made = f"datasets.{dataset.name}", partial(_made, dataset.folder, other)
    root = Path(dataset.path)
    if not root.exists():
        yield f"{key}.path is {dataset.path}, which does not exist{made('path')}"
    elif dataset.labels and not Path(root, dataset.labels).exists():
        yield (
            f"{key}.labels is {dataset.labels}, a table that {dataset.path} does not hold"
            f"{made('labels')}"
        )
    for index, folder in enumerate(dataset.links_into):
        if not Path(folder).is_dir():
            yield (
                f"{key}.links_into.{index} is {folder}, a folder that does not exist"
                f"{made('links_into')}"
            )


def missing_of_encoder(
    encoder: Encoder, datasets: Iterable[Dataset], config: Mapping[str, Any]
) -> Iterator[str]:
    """Yield what an encoder's local checkpoint lacks, unless all features were made with it.

    An id of the hub whose owner is the name of a folder here, and that was never fetched, is taken
    for a folder that was mistyped: fetching it would fail later, and say less.
    """
    owner, slash, _ = (encoder.checkpoint or "").rpartition("/")
    beside = bool(slash) and Path(owner).is_dir() and not Path(encoder.hub_folder).exists()
    if encoder.local_folder is None and not beside:
        return
    folder = Path(encoder.local_folder or encoder.checkpoint or "")
    if Path(folder, encoder.subfolder).is_dir():
        return
    made = {}
    for dataset in datasets:
        described = Path(dataset.description(encoder.name))
        other = differences(described, settings_in(encoder, dataset))
        if other or not described.exists():
            made[described] = other
    if not made:
        return
    key = f"encoders.{catalogue_name(encoder.name, config)}"
    # Of several datasets, one says what there was.
    described = next((path for path, other in made.items() if other), next(iter(made)))
    what = partial(_made, described, made[described])
    if folder.is_dir():
        yield (
            f"{key}.subfolder is {encoder.subfolder}, which {encoder.checkpoint} does not have"
            f"{what('subfolder')}"
        )
    else:
        yield (
            f"{key}.checkpoint is {encoder.checkpoint}, a folder that does not exist"
            f"{what('checkpoint')}"
        )


def _made(what: str | Path, other: list[str], key: str) -> str:
    """Return the part of a message that says what results were made from; empty without any.

    If the key itself was another one, that is enough.
    """
    told = [line for line in other if line.startswith(f"{key} ")] or other
    return f", and {what} was made with other settings: {listed(told)}" if other else ""


def _hints(dataset: Dataset) -> list[str]:
    """Return how a dataset comes here that was never indexed."""
    of_paper = (
        "The paper's data, CT-ICH, are handed out by PhysioNet after registration: "
        "https://physionet.org/content/ct-ich (the JPG release, 1.2.0 or older)."
    )
    return [
        *[of_paper] * dataset.format.startswith("ct-ich"),
        "Unpack the dataset and set the key there, or on the command line:\n"
        f"    snakemake --config 'datasets={{{dataset.name}: {{path: /where/it/is}}}}'",
        "To see the workflow without any data: make demo",
    ]
