"""Training on the features of a frozen encoder, whatever its way, in memory.

Rules run one way each, from the module that has it. What trains many times, such as a learning
curve, reads the features once and calls `learn`.
"""

from collections.abc import Mapping
from pkgutil import resolve_name
from typing import Any

import pandas as pd

from ctseq.families.frozen import Features, Learned
from ctseq.study.models import HEAD_FAMILIES

# By names, so that no way needs the libraries of another before it is taken.
_WAYS = {
    "linear": "ctseq.families.tuning:learn_linear",
    "sequence": "ctseq.families.sequence_heads:learn_sequence",
    "classical": "ctseq.families.classical:learn_classical",
}


def learn(
    data: Features,
    split: pd.DataFrame,
    model: Mapping[str, Any],
    *,
    folds: int | None,
    seed: int,
    replicate: int,
) -> Learned:
    """Learn from the training patients of a split and score its test patients.

    Parameters
    ----------
    data
        The features, read once for all trainings.
    split
        `replicates.tables.SPLIT`. Every patient with features is in it, in one subset.
    model
        Settings of the head, as `study.models.Model.head_settings` returns them.
    folds
        Number of inner folds of the training patients that choose; None if the test patients
        choose the epoch, which classical heads do not allow.
    seed, replicate
        The study's seed and the number of the replicate. Together they seed all that is random in
        a training: a new head, the order of rows, inner folds, shuffled slices. The split has been
        drawn: another number trains anew on the same patients.
    """
    way = resolve_name(_WAYS[HEAD_FAMILIES[model["head"]]])
    return way(data, split, model, folds=folds, seed=seed, replicate=replicate)
