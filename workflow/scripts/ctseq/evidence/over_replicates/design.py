"""A study's replicates: how they were drawn, and how they are compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError
from ctseq.evidence.levels import check_level
from ctseq.evidence.over_replicates.samples import Replicates, replicates_of


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


@dataclass(frozen=True)
class ReplicatedStudy:
    """What the analyses of a study's replicates are computed from.

    Attributes
    ----------
    replicates
        Every metric in every replicate of every model.
    design
        How the replicates were drawn.
    alpha
        Significance level.
    undefined
        What is done with undefined values: ``exclude``, ``zero`` or ``error``.
    rope
        The largest difference of no practical consequence, in the metrics' units.
    """

    replicates: Replicates
    design: Design
    alpha: float
    undefined: str
    rope: float

    @property
    def corrected(self) -> dict[str, Any]:
        """Arguments of every analysis that allows for overlapping training sets."""
        ratio = self.design.test_train_ratio
        return {"undefined": self.undefined, "alpha": self.alpha, "test_train_ratio": ratio}


def replicated_study(
    metrics: pd.DataFrame, design: Design, settings: Mapping[str, Any]
) -> ReplicatedStudy:
    """Return a study's replicates and how they are compared.

    Parameters
    ----------
    metrics
        ``metrics.csv``: model, replicate, metric, value.
    design
        How the replicates were drawn.
    settings
        Keys models (in order), metrics, alpha, undefined, rope.

    Raises
    ------
    InputError
        If there are other splits than replicates, a value is missing, or a setting is wrong.
    """
    check_level(settings["alpha"], "comparison.alpha")
    replicates = replicates_of(
        metrics,
        models=settings["models"],
        metrics=settings["metrics"],
        shared_splits=design.shared_splits,
    )
    if design.n_splits not in (None, len(replicates.numbers)):
        raise InputError(
            f"There are {design.n_splits} splits but {len(replicates.numbers)} replicates in "
            "metrics.csv. Remake metrics.csv."
        )
    ways = {key: settings[key] for key in ("alpha", "undefined", "rope")}
    return ReplicatedStudy(replicates, design, **ways)


def design_of_splits(splits: Sequence[pd.DataFrame]) -> Design:
    """Return the design of a study from its splits, one a replicate and the same for every model.

    Parameters
    ----------
    splits
        Frames with the column ``subset``; ``test`` patients test, all others train.

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
