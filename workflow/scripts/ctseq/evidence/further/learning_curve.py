"""Each metric against the number of training patients, which tells whether more would help."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ctseq.evidence.metrics import METRICS
from ctseq.evidence.notes import Code, note
from ctseq.evidence.over_replicates.resampled import mean_within
from ctseq.evidence.over_replicates.samples import Replicates
from ctseq.evidence.rows import defined_rows, table_with_notes


@dataclass(frozen=True)
class FewerRuns:
    """Runs on shares of the training patients, beside the study's own on all of them.

    Attributes
    ----------
    rows
        `tables.FEWER`.
    shares
        Those that were asked for.
    study
        The study's own runs.
    n_train
        Training patients of each of its replicates, by number.
    """

    rows: pd.DataFrame
    shares: Sequence[float]
    study: Replicates
    n_train: Mapping[int, int]


def learning_curve_table(given: FewerRuns) -> pd.DataFrame:
    """Return the mean of each metric and model at each share of the training patients.

    Intervals have the study's own correction. Smaller training sets overlap less, while
    n_test/n_train is larger for them: the two are taken to make up for each other.
    """
    study, rows = given.study, []
    for at_metric, metric in enumerate(study.metrics):
        for at_model, model in enumerate(study.models):
            own = given.rows[(given.rows["metric"] == metric) & (given.rows["model"] == model)]
            runs = {share: own[own["share"] == share] for share in sorted(given.shares)}
            runs[1.0] = pd.DataFrame(
                {
                    "n_train": [given.n_train[number] for number in study.numbers],
                    "value": study.measured[at_model, at_metric],
                }
            )
            for share, of_share in runs.items():
                names = {"metric": metric, "model": model, "share": share}
                rows.append(names | _row(of_share, study, metric, f"{metric} of {model}"))
    return table_with_notes(rows)


def _row(runs: pd.DataFrame, study: Replicates, metric: str, name: str) -> dict[str, Any]:
    values, n_undefined = defined_rows(runs["value"].to_numpy(), study.undefined, name=name)
    row = mean_within(values, METRICS[metric].range, **study.corrected)
    n = len(study.numbers)
    n_left_out = n - len(runs)
    few = [note(Code.TOO_FEW_TO_LEARN, n=n_left_out, of=n)] if n_left_out else []
    return {
        "n_train": runs["n_train"].mean() if len(runs) else np.nan,
        **row,
        "n": len(values),
        "n_undefined": n_undefined,
        "notes": (*few, *row["notes"]),
    }
