"""How the replicates of a study were drawn, as far as its tests must know."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError

# Nadeau and Bengio (2003) take replicates to correlate by n_test / n, which adds n_test/n_train to
# 1/J. No unbiased estimate of the correlation exists (Bengio and Grandvalet 2004), and theirs is
# too small for some metrics and learners: the AUC of any, and the recall of those that follow the
# prevalence of their training patients. In simulated studies without a difference, once as much
# lets the level rise to 18 %; twice as much keeps it at 6 % or less, but for the recall and the
# specificity of nearest neighbours over repeated folds, which have 6 to 7 %
# (`resources/levels.csv`, from benchmarks/false_alarms.py).
OVERLAP = 2


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

    @property
    def overlap(self) -> float:
        """What the overlap of training sets adds to 1/J in the variance of a mean.

        Of models that drew their own splits, the covariance of the two means is left out of a
        difference's variance, which makes up for the second n_test/n_train.
        """
        return self.test_train_ratio * (OVERLAP if self.shared_splits else 1)


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
