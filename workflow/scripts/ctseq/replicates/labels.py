"""The label that each row of a feature table learns."""

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError


def labels_of(
    rows: pd.DataFrame, slices: pd.DataFrame, patients: pd.DataFrame, *, labels: str
) -> np.ndarray:
    """Look up each row's label.

    Parameters
    ----------
    rows
        ``patient_id`` and ``slice_number`` a row: `tables.ROWS`.
    slices, patients
        The dataset's tables.
    labels
        ``slice`` for the slice's own label, ``patient`` for its patient's.

    Returns
    -------
    ndarray of int
        0 or 1, shape (rows,).

    Raises
    ------
    InputError
        If a row is not in the dataset's tables, or slices have no labels of their own.
    """
    key = ["patient_id", "slice_number"] if labels == "slice" else ["patient_id"]
    source = slices if labels == "slice" else patients
    if source["hemorrhage"].isna().any():
        raise InputError(
            "The dataset has labels of patients and none of slices, so a model cannot learn from "
            "its slices' own: set `labels: patient` for it, which teaches every slice its "
            "patient's label."
        )
    known = source.set_index(key)["hemorrhage"]
    found = known.reindex(pd.MultiIndex.from_frame(rows[key]) if len(key) > 1 else rows[key[0]])
    if found.isna().any():
        stranger = rows[key][found.isna().to_numpy()].iloc[0].to_dict()
        raise InputError(f"The dataset has no label for {stranger}; its tables were remade since.")
    return found.to_numpy().astype(int)
