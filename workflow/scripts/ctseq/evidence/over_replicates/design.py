"""How the replicates of a study were drawn, as far as its tests must know."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError


@dataclass(frozen=True)
class Design:
    """How the replicates of a study were drawn.

    Attributes
    ----------
    test_train_ratio
        n_test / n_train, the mean over replicates.
    n_patients
        Patients of the study, of both subsets.
    shared_splits
        Whether a replicate is the same split for every model, so that models can be paired.
    n_splits
        Number of splits; None where they are not known one by one.
    """

    test_train_ratio: float
    n_patients: int
    shared_splits: bool = True
    n_splits: int | None = None


def design_of_splits(splits: Sequence[pd.DataFrame]) -> Design:
    """Return the design of a study from its splits, one a replicate and the same for every model.

    Patients whose ``subset`` is not ``test`` train.

    Raises
    ------
    InputError
        If there is no split or a subset is empty.
    """
    ratios = []
    for split in splits:
        n_test = int((split["subset"] == "test").sum())
        n_train = len(split) - n_test
        if not n_test or not n_train:
            raise InputError(
                f"A split has {n_train} training and {n_test} test patients; both subsets "
                "need patients. Remake the splits."
            )
        ratios.append(n_test / n_train)
    if not ratios:
        raise InputError("The corrected test needs the replicates' splits; none was given.")
    return Design(float(np.mean(ratios)), len(splits[0]), n_splits=len(ratios))


def design_without_splits(*, n_train: int, n_test: int) -> Design:
    """Return the design of a study whose models drew a split each, of which sizes are known."""
    return Design(n_test / n_train, n_train + n_test, shared_splits=False)
