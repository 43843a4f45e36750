"""Checks of levels, Holm's adjustment, undefined values, and the notes column."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError
from ctseq.evidence.notes import Note, write_notes


def check_level(value: float, name: str) -> None:
    """Refuse a significance level that is no proportion between 0 and 1."""
    if not 0 < value < 1:
        raise InputError(f"{name} is {value!r} but must lie between 0 and 1, such as 0.05.")


def holm(p: np.ndarray) -> np.ndarray:
    """Return p values adjusted for their number (Holm 1979); NaN stays and is not counted."""
    from statsmodels.stats.multitest import multipletests

    adjusted = np.full(len(p), np.nan)
    defined = ~np.isnan(p)
    if defined.any():
        adjusted[defined] = multipletests(p[defined], method="holm")[1]
    return adjusted


def defined_rows(values: np.ndarray, undefined: str, *, name: str) -> tuple[np.ndarray, int]:
    """Return values without undefined ones, and how many rows had one.

    Parameters
    ----------
    values
        A row a replicate, shape (J,) or (J, columns); NaN is undefined.
    undefined
        ``exclude`` drops the rows, ``zero`` counts the values as 0, ``error`` refuses them.
    name
        What the values are, for the error.
    """
    missing = np.isnan(values)
    rows = missing.any(axis=tuple(range(1, values.ndim)))
    if undefined == "error" and rows.any():
        raise InputError(
            f"{name} is undefined (0/0) in some trainings and comparison.undefined is 'error'. "
            "Choose 'exclude' or 'zero', or another metric."
        )
    kept = values[~rows] if undefined == "exclude" else np.where(missing, 0.0, values)
    return kept, int(rows.sum())


def table_with_notes(
    rows: Sequence[Mapping[str, Any]], *, shared: Sequence[Note] = (), **counts: Any
) -> pd.DataFrame:
    """Return rows as a table whose last column holds their notes as text.

    `shared` are notes of every row; `counts` become columns of one value, before the notes.
    """
    frame = pd.DataFrame(rows)
    notes = [write_notes([*own, *shared]) for own in frame.pop("notes")]
    return frame.assign(**counts, notes=notes)
