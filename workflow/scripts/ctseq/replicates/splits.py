"""Splits of the patients into subsets, and the check that keeps them apart."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError
from ctseq.core.tables import read_table
from ctseq.replicates.tables import SPLIT

SUBSETS = ("train", "test")


def random_split(
    patients: pd.DataFrame,
    *,
    replicate: int,
    test_proportion: float,
    stratify: bool,
    seed: int,
) -> pd.DataFrame:
    """Draw one replicate's subsets, by patient, independently of other replicates.

    Parameters
    ----------
    patients
        Columns ``patient_id`` and ``hemorrhage``; their order does not matter.
    replicate
        Number of the replicate. It seeds the draw together with `seed`, so a replicate's split
        does not depend on how many others there are.
    test_proportion
        Share of the patients that are tested on; the number is rounded half up.
    stratify
        Draw the share from positive and negative patients separately.
    seed
        The study's seed.

    Returns
    -------
    DataFrame
        Columns ``patient_id`` and ``subset`` (``train`` or ``test``), by patient id.

    Raises
    ------
    InputError
        If a subset would be empty or the training patients would be of one class.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, replicate]))
    patients = patients.sort_values("patient_id", ignore_index=True)
    truth = patients["hemorrhage"].to_numpy()
    groups = [np.flatnonzero(truth == label) for label in (0, 1)] if stratify else [
        np.arange(len(patients))
    ]  # fmt: skip
    subset = np.full(len(patients), "train", dtype=object)
    for group in groups:
        n_test = int(test_proportion * len(group) + 0.5)
        subset[rng.permutation(group)[:n_test]] = "test"
    for name in SUBSETS:
        if not (subset == name).any():
            raise InputError(
                f"Replicate {replicate}: {len(patients)} patients with "
                f"splits.test_proportion {test_proportion} leave no {name} patient. "
                "Choose another proportion or add patients."
            )
    if len(set(truth[subset == "train"])) < 2:
        raise InputError(
            f"Replicate {replicate}: all training patients are of one class, so nothing can be "
            "learnt. Set splits.stratify to true or add patients."
        )
    return pd.DataFrame({"patient_id": patients["patient_id"], "subset": subset})


def repeated_kfold_split(
    patients: pd.DataFrame, *, replicate: int, folds: int, seed: int
) -> pd.DataFrame:
    """Give one replicate's subsets by repeated stratified k-fold, by patient.

    Replicate r tests on fold (r - 1) mod `folds` of repetition (r - 1) div `folds`. Within a
    repetition every patient is tested on once, folds differ in size by at most one patient, and so
    do their numbers of positives.

    Parameters
    ----------
    patients
        Columns ``patient_id`` and ``hemorrhage``; their order does not matter.
    replicate
        Number of the replicate, from 1. Its repetition seeds the draw together with `seed`, so
        more replicates leave earlier ones as they are.
    folds
        From 2; at most the patients of either class.
    seed
        The study's seed.

    Returns
    -------
    DataFrame
        As `random_split`.

    Raises
    ------
    InputError
        If a class has fewer patients than there are folds.
    """
    repetition, fold = divmod(replicate - 1, folds)
    rng = np.random.default_rng(np.random.SeedSequence([seed, repetition]))
    patients = patients.sort_values("patient_id", ignore_index=True)
    truth = patients["hemorrhage"].to_numpy()
    dealt = _deal(truth, folds, rng=rng, key="splits.folds", other="splits.scheme: random")
    subset = np.where(dealt == fold, "test", "train")
    return pd.DataFrame({"patient_id": patients["patient_id"], "subset": subset})


def inner_folds(patients: pd.DataFrame, *, folds: int, seed: Sequence[int]) -> pd.Series:
    """Deal the training patients of a replicate over folds, to choose on without the test patients.

    Parameters
    ----------
    patients
        The training patients: columns ``patient_id`` and ``hemorrhage``; order does not matter.
    folds
        From 2; at most the patients of either class.
    seed
        Of the draw.

    Returns
    -------
    Series of int
        Fold from 0, by patient id; sizes differ by at most one, and so do numbers of positives.

    Raises
    ------
    InputError
        If a class has fewer patients than there are folds.
    """
    patients = patients.sort_values("patient_id", ignore_index=True)
    rng = np.random.default_rng(np.random.SeedSequence(list(seed)))
    truth = patients["hemorrhage"].to_numpy()
    dealt = _deal(truth, folds, rng=rng, key="tuning.folds", other="more training patients")
    return pd.Series(dealt, index=patients["patient_id"], name="fold")


def hold_out(
    split: pd.DataFrame, patients: pd.DataFrame, *, folds: int, seed: Sequence[int]
) -> pd.DataFrame:
    """Take one inner fold of a replicate's training patients out, to choose on.

    Parameters
    ----------
    split
        As `splits.read_split` gives it.
    patients
        The dataset's patients: ``patient_id`` and ``hemorrhage``.
    folds, seed
        Of `inner_folds`.

    Returns
    -------
    DataFrame
        The split; the patients taken out are in a third subset, ``held_out``.
    """
    training = patients[rows_of(split, "train", patients["patient_id"])]
    dealt = inner_folds(training, folds=folds, seed=seed)
    taken = dealt.index[dealt == 0]
    return split.assign(subset=split["subset"].mask(split["patient_id"].isin(taken), "held_out"))


def _deal(
    truth: np.ndarray, folds: int, *, rng: np.random.Generator, key: str, other: str
) -> np.ndarray:
    """Deal patients over folds, class after class, so that every fold has its share of both."""
    classes = [rng.permutation(np.flatnonzero(truth == label)) for label in (1, 0)]
    for name, members in zip(("with", "without"), classes, strict=True):
        if len(members) < folds:
            raise InputError(
                f"{key} is {folds} but only {len(members)} patients are {name} hemorrhage; "
                f"every fold needs one. Choose fewer folds, or {other}."
            )
    # Dealt one by one over the folds, neither the classes' nor the folds' sizes differ by more
    # than one; which folds get the larger share is drawn as well.
    dealt = np.empty(len(truth), dtype=int)
    dealt[np.concatenate(classes)] = np.arange(len(truth)) % folds
    return rng.permutation(folds)[dealt]


# `splits.scheme` to what draws a replicate's split.
SCHEMES = {"random": random_split, "repeated_kfold": repeated_kfold_split}


def read_split(path: str | Path) -> pd.DataFrame:
    """Read a split and refuse one that puts a patient into two subsets.

    Raises
    ------
    InputError
        Also if a subset has another name than ``train`` or ``test``.
    """
    split = read_table(path, SPLIT)
    unknown = sorted(set(split["subset"]) - set(SUBSETS))
    if unknown:
        raise InputError(f"{path} names the subset {unknown[0]!r}; known are {SUBSETS}.")
    return split


def rows_of(split: pd.DataFrame, subset: str, patient_ids: pd.Series) -> np.ndarray:
    """Tell which rows belong to patients of a subset.

    Parameters
    ----------
    split
        As `read_split` gives it.
    subset
        ``train`` or ``test``.
    patient_ids
        A patient id a row.

    Returns
    -------
    ndarray of bool
        Shape (rows,).

    Raises
    ------
    InputError
        If a row's patient is in no subset.
    """
    of_patient = split.set_index("patient_id")["subset"]
    strangers = sorted(set(patient_ids) - set(of_patient.index))
    if strangers:
        raise InputError(f"Patient {strangers[0]} has rows but is in no subset of the split.")
    return (patient_ids.map(of_patient) == subset).to_numpy()
