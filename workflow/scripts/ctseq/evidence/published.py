"""The published study: its tables from its confusion matrices, and what it prints beside them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.contracts import Table
from ctseq.core.errors import fail_on
from ctseq.evidence.metrics import counted_metrics
from ctseq.evidence.over_replicates.analyses import OVER_REPLICATES
from ctseq.evidence.over_replicates.design import design_without_splits
from ctseq.evidence.over_replicates.power import two_sample_power
from ctseq.evidence.over_replicates.resampled import resampled_t_table
from ctseq.evidence.over_replicates.samples import Replicates, replicates_of
from ctseq.study.comparison import comparison_settings

# ``resources/published/replicates.csv``
RUNS = Table(
    {"model": "text", "replicate": "int", **dict.fromkeys(("tn", "fp", "fn", "tp"), "int")},
    key=("model", "replicate"),
)
# ``resources/published/tables.csv``
PRINTED = Table(
    {"table": "text", "model": "text?", "metric": "text", "quantity": "text", "printed": "float"},
    key=("model", "metric", "quantity"),
)
# What the paper's tables print: quantity to file in ``comparison/paper/`` and column.
_QUANTITIES = {
    "shapiro_p": ("normality", "p"),
    "levene_p": ("variances", "p"),
    "t": ("t_test", "statistic"),
    "t_p": ("t_test", "p"),
    "power": ("t_test", "power"),
    "mann_whitney_u": ("mann_whitney", "statistic"),
    "mann_whitney_p": ("mann_whitney", "p"),
    "min": ("ranges", "minimum"),
    "max": ("ranges", "maximum"),
    "mean": ("means", "mean"),
}
# The level with which the printed powers follow, found by trying.
PRINTED_ALPHA = 0.5


def published_metrics(runs: pd.DataFrame, *, n_test: int) -> pd.DataFrame:
    """Return the metrics of each published confusion matrix: all that need no probability.

    Parameters
    ----------
    runs
        `RUNS`.
    n_test
        Patients in each matrix.

    Raises
    ------
    InputError
        If a matrix holds another number of patients.
    """
    counts = runs[["tn", "fp", "fn", "tp"]]
    wrong = runs[counts.sum(axis=1) != n_test]
    fail_on(
        [f"model {run.model}, replicate {run.replicate}" for run in wrong.itertuples()],
        title=f"Published replicates do not have {n_test} test patients",
        cure="Restore resources/published/replicates.csv.",
    )
    rows = [
        (run.model, run.replicate, metric, value)
        for run in runs.itertuples()
        for metric, value in counted_metrics(run.tn, run.fp, run.fn, run.tp).items()
    ]
    return pd.DataFrame(rows, columns=["model", "replicate", "metric", "value"])


def compare_published(metrics: pd.DataFrame, study: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Return every table over replicates of the published study, by the stem of its file.

    Parameters
    ----------
    metrics
        As `published_metrics` returns them.
    study
        ``resources/published/study.yaml``.
    """
    replicates = _replicates(metrics, study)
    return {analysis.stem: analysis.compute(replicates) for analysis in OVER_REPLICATES.values()}


def recompute(printed: pd.DataFrame, comparison: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return every printed number beside the recomputed one.

    Parameters
    ----------
    printed
        `PRINTED`.
    comparison
        Stem of ``comparison/**.csv`` to table, of the published replicates.

    Returns
    -------
    DataFrame
        `printed` with columns recomputed; follows (0 or 1, at the printed rounding); and
        power_at_printed_alpha: for powers the one at the level `PRINTED_ALPHA`, for others NaN.
    """
    rows = []
    for cell in printed.itertuples():
        table, column = _QUANTITIES[cell.quantity]
        row = comparison[table]
        row = row[row["metric"] == cell.metric]
        row = (row[row["model"] == cell.model] if "model" in row else row).iloc[0]
        at_printed = np.nan
        if cell.quantity == "power":
            at_printed = two_sample_power(
                row["cohens_d"], row["n_a"], row["n_b"], alpha=PRINTED_ALPHA
            )
        value = float(row[column])
        rows.append((value, int(f"{value:.2f}" == f"{cell.printed:.2f}"), at_printed))
    recomputed, follows, power_at_printed_alpha = zip(*rows, strict=True)
    return printed.assign(
        recomputed=recomputed, follows=follows, power_at_printed_alpha=power_at_printed_alpha
    )


def undefined_precisions(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return what leaving out undefined precisions does to each model's mean.

    A model's row has the numbers of the replicates without a precision, and the means with these
    counted as 0 and without them.
    """
    rows = metrics[metrics["metric"] == "precision"].set_index("replicate")
    values = rows.groupby("model")["value"]
    return pd.DataFrame(
        {
            "replicates": values.apply(lambda own: own.index[own.isna()].tolist()),
            "mean_as_zero": values.apply(lambda own: own.fillna(0).mean()),
            "mean_defined": values.mean(),
        }
    )


def precision_differences(
    metrics: pd.DataFrame, study: Mapping[str, Any]
) -> dict[str, dict[str, float | str]]:
    """Return the difference in precision, tested with undefined values as 0 and left out.

    Returns
    -------
    dict
        ``zero`` and ``exclude`` to the row of `resampled_t_table`, in which the first of the models
        is compared with the second.
    """
    found = {}
    for undefined in ("zero", "exclude"):
        frame = resampled_t_table(_replicates(metrics, study, undefined=undefined))
        found[undefined] = frame[frame["metric"] == "precision"].iloc[0].to_dict()
    return found


def no_information_rate(n_patients: int, n_positive: int) -> float:
    """Return the accuracy of calling every patient what most of them are."""
    return max(n_positive, n_patients - n_positive) / n_patients


def replicates_of_other_patients(metrics: pd.DataFrame) -> tuple[int, int]:
    """Return the number of replicates that tested the models on different patients, and of all.

    Different numbers of positive patients show it; equal ones leave it open.
    """
    rows = metrics.pivot(index=["model", "replicate"], columns="metric", values="value")
    positives = (rows["tp"] + rows["fn"]).unstack("model")
    return int((positives.max(axis=1) != positives.min(axis=1)).sum()), len(positives)


def _replicates(metrics: pd.DataFrame, study: Mapping[str, Any], **changed: str) -> Replicates:
    """Return the published replicates, compared as their study says but for what is changed."""
    design = design_without_splits(**study["splits"]["sizes"])
    return replicates_of(metrics, design, {**comparison_settings(study), **changed})
