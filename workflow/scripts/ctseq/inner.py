"""Folds of the training patients, to choose on without looking at the validation patients."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ctseq.errors import InputError


def inner_folds(
    patients: Sequence[str], labels: np.ndarray, *, folds: int, seed: Sequence[int]
) -> np.ndarray:
    """Deal the training patients of a replicate over folds, stratified by their label.

    Parameters
    ----------
    patients
        Ids, each once. Their order does not matter: the draw is made over sorted ids.
    labels
        Whether each has a hemorrhage, 0 or 1, shape (patients,).
    folds
        From 2; at most the patients of either class.
    seed
        Of the draw.

    Returns
    -------
    ndarray of int
        Fold of each patient, from 0, shape (patients,), in the order of `patients`. Neither the
        sizes of folds nor their numbers of positives differ by more than one.

    Raises
    ------
    InputError
        If a class has fewer patients than there are folds.
    """
    patients, labels = np.asarray(patients), np.asarray(labels)
    rng = np.random.default_rng(np.random.SeedSequence(list(seed)))
    by_id = np.argsort(patients)
    classes = [rng.permutation(by_id[labels[by_id] == label]) for label in (1, 0)]
    for name, members in zip(("with", "without"), classes, strict=True):
        if len(members) < folds:
            raise InputError(
                f"selection.folds is {folds} but only {len(members)} training patients are {name} "
                "hemorrhage; every fold needs one. Choose fewer folds, or let validation patients "
                "choose (selection.patients)."
            )
    # Dealt one by one over the folds, class after class; which folds get the larger share is
    # drawn as well.
    dealt = np.empty(len(patients), dtype=int)
    dealt[np.concatenate(classes)] = np.arange(len(patients)) % folds
    return rng.permutation(folds)[dealt]


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
        The split; the patients taken out are in a third subset, ``inner``.
    """
    train = split[split["subset"] == "train"]["patient_id"].to_numpy()
    labels = patients.set_index("patient_id")["hemorrhage"].loc[train].to_numpy()
    taken = train[inner_folds(train, labels, folds=folds, seed=seed) == 0]
    return split.assign(subset=split["subset"].mask(split["patient_id"].isin(taken), "inner"))
