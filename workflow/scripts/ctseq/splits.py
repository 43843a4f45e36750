"""Splits of the patients into subsets, and the check that keeps them apart."""

from pathlib import Path

import numpy as np
import pandas as pd

from ctseq.errors import InputError
from ctseq.tables import SPLIT, read_table

SUBSETS = ("train", "validation")


def split_patients(
    patients: pd.DataFrame,
    *,
    replicate: int,
    validation_proportion: float,
    stratify: bool,
    seed: int,
) -> pd.DataFrame:
    """Draw one replicate's subsets, by patient.

    Parameters
    ----------
    patients
        Columns ``patient_id`` and ``hemorrhage``; their order does not matter.
    replicate
        Number of the replicate. It seeds the draw together with `seed`, so a replicate's split
        does not depend on how many others there are.
    validation_proportion
        Share of the patients that validate; the number is rounded half up.
    stratify
        Draw the share from positive and negative patients separately.
    seed
        The study's seed.

    Returns
    -------
    DataFrame
        Columns ``patient_id`` and ``subset`` (``train`` or ``validation``), by patient id.

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
        n_validation = int(validation_proportion * len(group) + 0.5)
        subset[rng.permutation(group)[:n_validation]] = "validation"
    for name in SUBSETS:
        if not (subset == name).any():
            raise InputError(
                f"Replicate {replicate}: {len(patients)} patients with "
                f"splits.validation_proportion {validation_proportion} leave no {name} patient. "
                "Choose another proportion or add patients."
            )
    if len(set(truth[subset == "train"])) < 2:
        raise InputError(
            f"Replicate {replicate}: all training patients are of one class, so nothing can be "
            "learnt. Set splits.stratify to true or add patients."
        )
    return pd.DataFrame({"patient_id": patients["patient_id"], "subset": subset})


def read_split(path: str | Path) -> pd.DataFrame:
    """Read a split and refuse one that puts a patient into two subsets.

    Raises
    ------
    InputError
        Also if a subset has another name than ``train`` or ``validation``.
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
        ``train`` or ``validation``.
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
