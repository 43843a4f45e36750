"""Significance levels, and p values adjusted for how many there are."""

import numpy as np

from ctseq.core.errors import InputError


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
