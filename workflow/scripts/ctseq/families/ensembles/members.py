"""The scores of an ensemble's members: one probability a scan each, on one scale."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ctseq.cache.tables import ROWS
from ctseq.core.errors import InputError
from ctseq.core.tables import typed
from ctseq.families.contract import Fitted, Learned, module_of
from ctseq.families.inputs import Inputs
from ctseq.replicates.aggregation import combine_slices
from ctseq.replicates.splits import positive_patients
from ctseq.replicates.tasks import Task, draw_task

_KEY = ["patient_id", "scan_id"]


def combine(
    members: Sequence[pd.DataFrame],
    scans: pd.DataFrame,
    settings: Mapping[str, Any],
    *,
    folds: int | None,
    repeats: int,
    seed: int,
    replicate: int,
) -> tuple[Task, Learned]:
    """Learn how members' scores are combined; return what was to be learned, and what was.

    Learned from are the scans that all members held out of their training: all of the training
    patients', or one fold where a member was trained from pixels.

    Parameters
    ----------
    members
        `replicates.tables.SCORES` of each member, in the order of ``members`` in `settings`.
    scans
        The dataset's table of scans, which has their labels.
    settings
        The ensemble's, as `study.models.Model.settings` returns them.
    folds
        Number of folds of these scans' patients that choose what is learned, or None. There are
        fewer where one class has fewer patients.
    repeats, seed, replicate
        How often folds are drawn, the study's seed, and the number of the replicate.

    Raises
    ------
    InputError
        If members have not tested the same scans, or if they held out too few to learn from.
    """
    tested, of_tested = join_scores(members, settings, subset="test")
    held_out, of_held_out = join_scores(members, settings, subset="held_out")
    parts = {"train": held_out, "test": tested}
    rows = pd.concat([*parts.values()], ignore_index=True)
    split = pd.concat([part[["patient_id"]].assign(subset=name) for name, part in parts.items()])
    known = scans[scans["scan_id"].isin(rows["scan_id"])]
    if settings["family"] == "average":
        folds = 1  # nothing is learned that others would have to be held out of
    elif folds is not None:
        folds = _fewer_folds(folds, known[known["scan_id"].isin(held_out["scan_id"])], settings)
    task = draw_task(
        *(rows, known, None, split.drop_duplicates()),
        **{"labels": "scan", "sequence_rule": None, "views": 1, "repeats": repeats},
        **{"folds": folds if len(held_out) else None, "seed": seed, "replicate": replicate},
    )
    inputs = _inputs(np.concatenate([of_held_out, of_tested]))
    module = module_of(settings["family"])
    return task, module.fit(inputs, task, settings, seed=seed, replicate=replicate)


def score(fitted: Fitted, members: Sequence[pd.DataFrame], *, subset: str) -> pd.DataFrame:
    """Return `replicates.tables.SCORES`, but for the subset, of a subset of members' scores.

    Each scan is scored alone, so that no other matters, not even to the last digit.

    Raises
    ------
    InputError
        If members have not scored the same scans.
    """
    rows, probabilities = join_scores(members, fitted.settings, subset=subset)
    module = module_of(fitted.family)
    found = [module.predict(fitted, _inputs(one[None])).probability for one in probabilities]
    return rows.assign(probability=np.concatenate([np.empty(0, np.float32), *found]))


def join_scores(
    members: Sequence[pd.DataFrame], settings: Mapping[str, Any], *, subset: str
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the scans of a subset of members' scores, and each member's probabilities of them.

    Slices are combined by the member's own rule, as its evaluation does. Of ``held_out``, only the
    scans that all members have are left; of other subsets, all members have the same.

    Parameters
    ----------
    members, settings
        As for `combine`.
    subset
        A value of ``subset`` in the scores.

    Returns
    -------
    rows
        `cache.tables.ROWS` of whole scans, by patient and scan.
    probabilities
        Shape (scans, members).

    Raises
    ------
    InputError
        If members have not scored the same scans.
    """
    names = settings["members"]
    of_members = [
        _by_scan(scores[scores["subset"] == subset], rule)
        for scores, rule in zip(members, settings["sequence_rules"], strict=True)
    ]
    common = set.intersection(*(set(one.index) for one in of_members))
    for name, one in zip(names, of_members, strict=True):
        if subset != "held_out" and (alone := sorted(set(one.index) - common)):
            raise InputError(
                f"The members {', '.join(names)} have not scored the same {subset} scans: "
                f"{len(alone)} of {name}'s are not in all members' scores, the first of them scan "
                f"{alone[0][1]} of patient {alone[0][0]}. Their runs are of different splits or "
                "datasets: delete the folders runs/<member> of the study and run it again."
            )
    rows = pd.DataFrame(sorted(common), columns=_KEY).assign(slice_number=pd.NA)
    rows = typed(rows, ROWS)
    index = pd.MultiIndex.from_frame(rows[_KEY])
    columns = [one.reindex(index).to_numpy(float) for one in of_members]
    return rows, np.stack(columns, axis=1)


def _by_scan(scores: pd.DataFrame, rule: str | None) -> pd.Series:
    """Return one probability a scan, by patient and scan."""
    if rule is not None and len(scores):  # where nothing is tuned, nothing is held out
        patients = scores[_KEY].drop_duplicates()
        scores = combine_slices(scores, rule=rule).merge(patients, "left", "scan_id")
    return scores.set_index(_KEY)["probability"]


def _fewer_folds(folds: int, scans: pd.DataFrame, settings: Mapping[str, Any]) -> int:
    """Return as many folds as the rarer class of the held-out patients fills."""
    truth = positive_patients(scans)
    rarer = min(int((truth == label).sum()) for label in (0, 1))
    if rarer < 2:
        raise InputError(
            f"The members {', '.join(settings['members'])} held out {len(truth)} training patients "
            f"together, {rarer} of the rarer class, and {settings['family']} learns from two of "
            "each class or more: choose fewer tuning.folds, other members, or the family average."
        )
    return min(folds, rarer)


def _inputs(probabilities: np.ndarray) -> Inputs:
    return Inputs(probabilities, None, initializer_range=0.0)
