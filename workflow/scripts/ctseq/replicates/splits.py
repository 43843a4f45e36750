"""Splits of the patients into training and test patients, and inner folds of the former."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError
from ctseq.core.tables import read_table
from ctseq.replicates.tables import SPLIT

SUBSETS = ("train", "test")


def positive_patients(scans: pd.DataFrame) -> pd.Series:
    """Return whether any scan of a patient is positive, 0 or 1, by patient id.

    `scans` has the columns ``patient_id`` and ``target``; the order of rows does not matter.
    """
    return scans.groupby("patient_id")["target"].max()


def random_split(
    scans: pd.DataFrame,
    *,
    replicate: int,
    test_proportion: float,
    stratify: bool,
    seed: int,
) -> pd.DataFrame:
    """Draw the training and test patients of one replicate at random.

    Parameters
    ----------
    scans
        As for `positive_patients`.
    replicate, seed
        Number of the replicate and the study's seed. Together they seed the draw, so a replicate's
        split does not depend on the number of replicates.
    test_proportion
        Proportion of test patients; their number is rounded half up.
    stratify
        Whether the proportion is drawn from positive and negative patients separately.

    Returns
    -------
    DataFrame
        Columns ``patient_id`` and ``subset`` (``train`` or ``test``), by patient id.

    Raises
    ------
    InputError
        If a subset would be empty or the scans of the training patients would be of one class.
    """
    rng = np.random.default_rng([seed, replicate])
    patients = positive_patients(scans)
    truth = patients.to_numpy()
    strata = [truth == 0, truth == 1] if stratify else [truth >= 0]
    subset = np.full(len(patients), "train", dtype=object)
    for stratum in strata:
        n_test = int(test_proportion * stratum.sum() + 0.5)
        subset[rng.permutation(np.flatnonzero(stratum))[:n_test]] = "test"
    for name in SUBSETS:
        if not (subset == name).any():
            raise InputError(
                f"Replicate {replicate}: {len(patients)} patients with "
                f"splits.test_proportion {test_proportion} leave no {name} patient. "
                "Choose another proportion or add patients."
            )
    training = truth[subset == "train"]
    learned = scans["patient_id"].isin(patients.index[subset == "train"])
    if scans.loc[learned, "target"].nunique() < 2:
        raise InputError(
            f"Replicate {replicate}: {training.sum()} of {len(training)} training patients are "
            f"positive, and {truth.sum()} of all {len(truth)}, so nothing can be learnt. "
            "Set splits.stratify to true, choose another target or add patients."
        )
    return pd.DataFrame({"patient_id": patients.index, "subset": subset})


def repeated_kfold_split(
    scans: pd.DataFrame, *, replicate: int, folds: int, seed: int
) -> pd.DataFrame:
    """Return the training and test patients of one replicate of a repeated stratified k-fold.

    Replicate r, from 1, tests on fold (r - 1) mod `folds` of repetition (r - 1) div `folds`, whose
    number seeds the draw together with `seed`. Within a repetition every patient is tested on once.
    Scans and result are as in `random_split`, folds and errors as in `inner_folds`.
    """
    repetition, fold = divmod(replicate - 1, folds)
    folds_of = _stratified_folds(
        scans, folds, [seed, repetition], key="splits.folds", remedy="or splits.scheme: random"
    )
    subset = np.where(folds_of == fold, "test", "train")
    return pd.DataFrame({"patient_id": folds_of.index, "subset": subset})


def inner_folds(scans: pd.DataFrame, *, folds: int, seed: Sequence[int]) -> pd.Series:
    """Return the inner fold, from 0, of each training patient of a replicate, by patient id.

    Fold sizes differ by at most one patient, and so do the folds' numbers of positive patients.

    Parameters
    ----------
    scans
        Those of the training patients, as for `positive_patients`.
    folds
        Number of folds, from 2 to the number of patients of the rarer class.
    seed
        Seed of the draw.

    Raises
    ------
    InputError
        If a class has fewer patients than there are folds.
    """
    remedy = "set splits.stratify to true, or add patients"
    return _stratified_folds(scans, folds, seed, key="tuning.folds", remedy=remedy)


def _stratified_folds(
    scans: pd.DataFrame, folds: int, seed: Sequence[int], *, key: str, remedy: str
) -> pd.Series:
    """Return a random fold a patient such that every fold has its share of both classes."""
    rng = np.random.default_rng(seed)
    truth = positive_patients(scans)
    classes = [rng.permutation(np.flatnonzero(truth == label)) for label in (1, 0)]
    for name, members in zip(("positive", "negative"), classes, strict=True):
        if len(members) < folds:
            raise InputError(
                f"{key} is {folds} but only {len(members)} of {len(truth)} patients are {name}; "
                f"every fold needs one. Choose fewer folds or another target, {remedy}."
            )
    # One patient after the other goes to the next fold, so neither the classes' nor the folds'
    # sizes differ by more than one. Which folds are larger is random as well (scikit-learn's
    # `StratifiedKFold` makes them the first ones).
    fold = np.empty(len(truth), dtype=int)
    fold[np.concatenate(classes)] = np.arange(len(truth)) % folds
    return pd.Series(rng.permutation(folds)[fold], index=truth.index, name="fold")


# `splits.scheme` to the function that draws a replicate's split.
SCHEMES = {"random": random_split, "repeated_kfold": repeated_kfold_split}


def draw_split(
    scans: pd.DataFrame, settings: Mapping[str, Any], *, replicate: int, seed: int
) -> pd.DataFrame:
    """Return the split of a replicate under the settings of its ``scheme``, a key of `SCHEMES`."""
    options = {key: value for key, value in settings.items() if key != "scheme"}
    return SCHEMES[settings["scheme"]](scans, replicate=replicate, seed=seed, **options)


def read_split(path: str | Path) -> pd.DataFrame:
    """Read the split of a replicate.

    Raises
    ------
    InputError
        If a patient is in two subsets, or a subset is neither ``train`` nor ``test``.
    """
    split = read_table(path, SPLIT)
    unknown = sorted(set(split["subset"]) - set(SUBSETS))
    if unknown:
        raise InputError(f"{path} names the subset {unknown[0]!r}; known are {SUBSETS}.")
    return split


def never_tested(splits: Sequence[pd.DataFrame]) -> set[str]:
    """Return the ids of the patients that none of the splits tests."""
    return set.intersection(
        *(set(split.loc[split["subset"] != "test", "patient_id"]) for split in splits)
    )


def rows_of(split: pd.DataFrame, subset: str, patient_ids: pd.Series) -> np.ndarray:
    """Return which rows belong to patients of a subset, bool, shape (rows,).

    Parameters
    ----------
    split, subset
        As `read_split` returns it, and ``train`` or ``test``.
    patient_ids
        The patient of each row.

    Raises
    ------
    InputError
        If a row's patient is in no subset.
    """
    subsets = split.set_index("patient_id")["subset"]
    unknown = sorted(set(patient_ids) - set(subsets.index))
    if unknown:
        raise InputError(f"Patient {unknown[0]} has rows but is in no subset of the split.")
    return (patient_ids.map(subsets) == subset).to_numpy()
