"""Trainings beyond the study's own, in memory, on features that are read once."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.contracts import Table
from ctseq.core.errors import InputError
from ctseq.core.progress import progress
from ctseq.core.seeds import FEWER
from ctseq.evidence.evaluation import evaluate
from ctseq.evidence.further import tables
from ctseq.families.features import Labelled
from ctseq.families.learning import learn
from ctseq.replicates.splits import draw_split, positive_patients

# Replicate to its split, `replicates.tables.SPLIT`.
Splits = Mapping[int, pd.DataFrame]


def train_seeds(
    data: Labelled,
    splits: Splits,
    *,
    seeds: int,
    metrics: Sequence[str],
    learning: Mapping[str, Any],
    evaluation: Mapping[str, Any],
) -> pd.DataFrame:
    """Train on every split with each of the numbers 1 to `seeds`, and return `tables.SEEDED`.

    A replicate of the study is seeded by its own number, so those runs that have equal numbers
    are the study's.

    Parameters
    ----------
    metrics
        Names of those that are kept.
    learning, evaluation
        What `learn` and `evaluate` take besides.
    """
    pairs = [(replicate, number) for replicate in splits for number in range(1, seeds + 1)]
    rows = []
    for replicate, number in progress(pairs, total=len(pairs), unit="trainings"):
        scores = learn(data, splits[replicate], replicate=number, **learning)
        names = {"replicate": replicate, "seed": number}
        rows += _measured(scores, data.scans, evaluation, metrics, names)
    return pd.DataFrame(rows, columns=_without_model(tables.SEEDED))


def train_fewer(
    data: Labelled,
    splits: Splits,
    *,
    shares: Sequence[float],
    metrics: Sequence[str],
    learning: Mapping[str, Any],
    evaluation: Mapping[str, Any],
) -> pd.DataFrame:
    """Train on shares of each split's training patients, and return `tables.FEWER`.

    Parameters are those of `train_seeds`. A share that leaves fewer patients of a class than there
    are inner folds is left out.
    """
    needed = learning["folds"] or 1
    parts = []
    for replicate, split in splits.items():
        order = [learning["seed"], replicate, FEWER]
        for share in shares:
            part = fewer_patients(split, data.scans, share=share, seed=order)
            if min(_class_sizes(part, data.scans)) >= needed:
                parts.append((replicate, share, part))
    rows = []
    for replicate, share, part in progress(parts, total=len(parts), unit="trainings"):
        scores = learn(data, part, replicate=replicate, **learning)
        n_train = int((part["subset"] == "train").sum())
        names = {"share": share, "replicate": replicate, "n_train": n_train}
        rows += _measured(scores, data.scans, evaluation, metrics, names)
    return pd.DataFrame(rows, columns=_without_model(tables.FEWER))


def fewer_patients(
    split: pd.DataFrame, scans: pd.DataFrame, *, share: float, seed: Sequence[int]
) -> pd.DataFrame:
    """Return a split with a share of its training patients; the others are in no subset.

    Of either class the share is taken, rounded half up, from one random order: with the same seed,
    a larger share holds the patients of a smaller one.

    Parameters
    ----------
    split
        `replicates.tables.SPLIT`.
    scans
        As for `splits.positive_patients`.
    share
        Between 0 and 1.
    seed
        Seed of the order.

    Returns
    -------
    DataFrame
        As `split`, by patient id; ``subset`` is empty where a patient is left out.
    """
    split = split.sort_values("patient_id", ignore_index=True)
    truth = split["patient_id"].map(positive_patients(scans))
    rng = np.random.default_rng(seed)
    subset = split["subset"].to_numpy(dtype=object, copy=True)
    for label in (0, 1):
        members = np.flatnonzero((subset == "train") & (truth == label))
        subset[rng.permutation(members)[int(share * len(members) + 0.5) :]] = ""
    return split.assign(subset=subset)


def train_cells(
    data: Labelled,
    trainings: Sequence[Mapping[str, Any]],
    *,
    replicates: Sequence[int],
    metric: str,
    seed: int,
) -> pd.DataFrame:
    """Train a model under every protocol, and return `tables.CELLS` of one metric.

    Parameters
    ----------
    trainings
        As `study.multiverse.trainings_of` returns them.
    replicates
        Numbers of the replicates, which seed splits and trainings as in the study.

    Raises
    ------
    InputError
        If a protocol's split, or its inner folds, cannot be drawn; before anything is trained.
    """
    runs = []
    for training, replicate in product(trainings, replicates):
        split = draw_split(data.scans, training["splits"], replicate=replicate, seed=seed)
        _check_folds(split, data.scans, training, replicate)
        runs.append((training, replicate, split))
    rows = []
    for training, replicate, split in progress(runs, total=len(runs), unit="trainings"):
        learning = {key: training[key] for key in ("model", "folds", "repeats")}
        scores = learn(data, split, **learning, seed=seed, replicate=replicate)
        for evaluation in training["evaluations"]:
            chosen = {key: evaluation[key] for key in ("sequence_rule", "threshold")}
            for cell in evaluation["cells"]:
                names = {"cell": cell, "replicate": replicate}
                rows += _measured(scores, data.scans, chosen, [metric], names)
    return pd.DataFrame(rows, columns=_without_model(tables.CELLS))


def _measured(
    scores: pd.DataFrame,
    scans: pd.DataFrame,
    evaluation: Mapping[str, Any],
    metrics: Sequence[str],
    names: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    measured = evaluate(scores, scans, **evaluation).metrics
    return ({**names, "metric": name, "value": measured[name]} for name in metrics)


def _check_folds(
    split: pd.DataFrame, scans: pd.DataFrame, training: Mapping[str, Any], replicate: int
) -> None:
    folds, fewest = training["folds"], min(_class_sizes(split, scans))
    if folds and fewest < folds:
        raise InputError(
            f"tuning.folds is {folds}, but replicate {replicate} with splits.scheme "
            f"{training['splits']['scheme']} has only {fewest} training patients of one class; "
            "every inner fold needs one. Choose fewer folds, or leave protocols that choose on "
            "training patients out of the section multiverse."
        )


def _class_sizes(split: pd.DataFrame, scans: pd.DataFrame) -> list[int]:
    train = split.loc[split["subset"] == "train", "patient_id"]
    truth = positive_patients(scans).loc[train]
    return [int((truth == label).sum()) for label in (0, 1)]


def _without_model(table: Table) -> list[str]:
    """Return a table's columns but for the model, which whoever writes it names."""
    return [name for name in table.columns if name != "model"]
