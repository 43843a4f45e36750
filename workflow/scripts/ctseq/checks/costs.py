"""What a study has still to do, and the time and disk that this takes."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from statistics import mean
from typing import Any

from ctseq.checks.datasets import Examined
from ctseq.checks.encoders import pixels_of
from ctseq.core.errors import InputError
from ctseq.encoders.registry import SIGHTS
from ctseq.imaging.preprocessing import Preprocessing, shape_slice
from ctseq.imaging.windows import parse_windows
from ctseq.readers.registry import reader_of

# Rules of thumb, measured on two cores of an older server processor (docs/performance.md): seconds
# to start a training on features and to evaluate it, most of which import PyTorch ...
FIT_S = 4.5
# ... and of an epoch, for each row that is learned from: 1,739 slices took 2.24 s in 20 epochs.
ROW_EPOCH_S = 65e-6
# What is not trained in epochs takes about as long as so many.
EPOCHS = 5
# Learning from pixels takes a pass forwards and, at twice its cost, one backwards.
LEARNING_PASSES = 3
# Import of PyTorch and loading of a checkpoint, before a pass.
LOAD_S = 5.0
# Indexing, selection, analyses, figures and the page.
REST_S = 40.0
# Bytes of a feature, float32.
_FEATURE = 4
# Slices that are decoded to learn how long one takes.
_PROBED = 8


@dataclass(frozen=True)
class Pass:
    """What an encoder has still to do for a dataset.

    Attributes
    ----------
    encoder, dataset
        Their names.
    rows
        Rows of features to compute: slices or scans, in every order that models ask for.
    slices
        Slices to decode and pack before.
    bytes
        What both take on the disk.
    """

    encoder: str
    dataset: str
    rows: int
    slices: int
    bytes: int


def rows_of_pass(lengths: Iterable[int], settings: Mapping[str, Any]) -> int:
    """Return how many rows an encoder makes of scans with so many slices."""
    if SIGHTS[settings["sees"]].row == "scan":
        return len([*lengths])
    first = settings["first_slices"]
    return sum(length if first is None else min(length, first) for length in lengths)


def variants_of(
    encoder: str, models: Iterable[Mapping[str, Any]], *, external: bool, seed: int, replicates: int
) -> list[str]:
    """List the endings of the names of all features that models read of an encoder.

    Only what is learned from is mirrored, and only fine-tuning reads no features.
    """
    found: dict[str, None] = {}
    for model in models:
        if encoder not in model["encoders"] or model["finetuned"]:
            continue
        orders = [""]
        if encoder in model["shuffled_encoders"]:
            numbers = range(1, replicates + 1)
            orders = [f"-shuffled-{seed}-replicate-{number:02d}" for number in numbers]
        mirrored = ["", "-mirrored"] if model["mirror"] and not external else [""]
        found |= dict.fromkeys(f"{order}{ending}" for order in orders for ending in mirrored)
    return [*found]


def pass_of(
    dataset: Examined,
    folder: str | Path,
    encoder: str,
    description: Mapping[str, Any],
    *,
    variants: Sequence[str],
    shards: Sequence[str],
    current: bool,
) -> Pass:
    """Return what an encoder has still to do for a dataset.

    Parameters
    ----------
    dataset, folder
        The dataset, and the folder of what is made of it.
    encoder, description
        Its name, and what describes it.
    variants, shards
        Endings of the names of features, and of the shards of each.
    current
        Whether the features and pixels that are there are of these settings.
    """
    made = Path(folder)

    def is_there(kind: str, variant: str, suffix: str) -> bool:
        paths = (made / kind / f"{encoder}{variant}{shard}{suffix}" for shard in shards)
        return current and all(path.is_file() for path in paths)

    missing = [one for one in variants if not is_there("features", one, ".safetensors")]
    lengths = dataset.lengths.values()
    rows = len(missing) * rows_of_pass(lengths, description["settings"])
    wanted = bool(missing) or not variants  # fine-tuning reads the pixels
    slices = sum(lengths) if wanted and not is_there("pixels", "", ".npy") else 0
    packed = slices * prod(pixels_of(description))
    size = packed + rows * int(description["width"]) * _FEATURE
    return Pass(encoder, dataset.name, rows, slices, size)


def decoding_seconds(dataset: Examined, description: Mapping[str, Any]) -> float:
    """Return the seconds that decoding and packing a slice of a dataset takes one thread.

    Raises
    ------
    InputError
        If the raw dataset is gone, though its index is there.
    """
    if not Path(dataset.path).is_dir():
        raise InputError(
            f"datasets.{dataset.name}.path is {dataset.path}, which does not exist, but its slices "
            "have still to be packed. Set it to where the dataset is now."
        )
    steps = Preprocessing.from_json(description["preprocessing"])
    windows = parse_windows(description["settings"]["window"])
    own = dataset.slices[dataset.slices["scan_id"] == dataset.slices["scan_id"].iloc[0]]
    began = time.monotonic()
    sequence = reader_of(dataset.format).open_sequence(Path(dataset.path), own, windows)
    probed = min(len(own), _PROBED)
    for index in range(probed):
        grey = sequence(index)
        for channel in grey if len(windows) > 1 else [grey]:
            shape_slice(channel, steps)
    return (time.monotonic() - began) / probed


def measured_seconds(results: str | Path, rule: str, model: str) -> float | None:
    """Return the mean time of a model's earlier trainings in any study; None if there are none.

    `results` is the folder of all studies' results.
    """
    files = Path(results).glob(f"*/benchmarks/{rule}/{model}/*.tsv")
    lines = (file.read_text(encoding="utf-8").splitlines() for file in files)
    found = [float(line[1].split("\t")[0]) for line in lines if len(line) > 1]
    return mean(found) if found else None


def thumb_seconds(model: Mapping[str, Any], *, rows: int, row_seconds: float | None) -> float:
    """Return the time of a model's training by the rules of thumb.

    `rows` are learned from, and a pass over one takes its encoder `row_seconds`. On inner folds, a
    model learns once more for each fold, each time that these are drawn, and each of its settings.
    """
    if model["finetuned"]:
        return rows * (row_seconds or 0.0) * LEARNING_PASSES * model["epochs"]
    fits = (model["folds"] or 0) * model["repeats"]
    times = model["seeds"] * (1 + fits * model["candidates"])
    return FIT_S + times * rows * (model["epochs"] or EPOCHS) * ROW_EPOCH_S
