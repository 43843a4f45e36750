"""Whether there are patients enough for the splits and inner folds of a study."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.core.seeds import INNER
from ctseq.replicates.splits import draw_split, inner_folds, rows_of


@dataclass(frozen=True)
class Drawn:
    """The subsets of a study's replicates, drawn as its jobs will draw them.

    Attributes
    ----------
    train, test, positive
        Fewest and most training patients, test patients, and positive patients among the latter.
    problems
        What cannot be drawn, each with the first replicate that it concerns.
    """

    train: tuple[int, int]
    test: tuple[int, int]
    positive: tuple[int, int]
    problems: list[str]


def draw(
    scans: pd.DataFrame,
    settings: Mapping[str, Any],
    *,
    replicates: int,
    folds: Iterable[int],
    seed: int,
) -> Drawn:
    """Draw the splits and inner folds of all replicates.

    Parameters
    ----------
    scans
        `intake.tables.SCANS`.
    settings
        The scheme of the splits, with its keys.
    replicates, seed
        Number of replicates, and the study's seed.
    folds
        The numbers of inner folds that models choose on; none where none does.
    """
    counts: dict[str, list[int]] = {"train": [], "test": [], "positive": []}
    problems: dict[str, str] = {}  # a kind of problem to its first message
    positive = set(scans.loc[scans["target"] == 1, "patient_id"])
    for replicate in range(1, replicates + 1):
        try:
            split = draw_split(scans, settings, replicate=replicate, seed=seed)
        except InputError as error:
            problems.setdefault("split", str(error))
            break  # the others lack the same
        tested = split.loc[split["subset"] == "test", "patient_id"]
        counts["test"].append(len(tested))
        counts["train"].append(len(split) - len(tested))
        counts["positive"].append(int(tested.isin(positive).sum()))
        training = scans[rows_of(split, "train", scans["patient_id"])]
        for number in folds:
            try:
                inner_folds(training, folds=number, seed=[seed, replicate, INNER])
            except InputError as error:
                problems.setdefault(f"{number} folds", f"Replicate {replicate}: {error}")
    ranges = {name: (min(found), max(found)) for name, found in counts.items() if found}
    none = dict.fromkeys(counts, (0, 0))
    return Drawn(**none | ranges, problems=list(problems.values()))
