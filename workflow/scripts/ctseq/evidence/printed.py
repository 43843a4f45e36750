"""Which of the numbers that the paper prints follow from its published replicates."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ctseq.evidence.over_replicates.power import two_sample_power

# What the paper's tables print: quantity to file in ``comparison/paper/`` and column.
_PRINTED = {
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
POWER_ALPHA = 0.5


def recompute(printed: pd.DataFrame, comparison: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return every printed number beside the recomputed one.

    Parameters
    ----------
    printed
        ``resources/published/tables.csv``.
    comparison
        Stem of ``comparison/**.csv`` to table, of the published replicates.

    Returns
    -------
    DataFrame
        `printed` with columns recomputed; follows (0 or 1, at the printed rounding); and
        lax_power: for powers the one at the level `POWER_ALPHA`, for others NaN.
    """
    rows = []
    for cell in printed.itertuples():
        table, column = _PRINTED[cell.quantity]
        row = comparison[table]
        row = row[row["metric"] == cell.metric]
        row = (row[row["model"] == cell.model] if "model" in row else row).iloc[0]
        lax = np.nan
        if cell.quantity == "power":
            lax = two_sample_power(row["cohens_d"], row["n_a"], row["n_b"], alpha=POWER_ALPHA)
        value = float(row[column])
        rows.append((value, int(f"{value:.2f}" == f"{cell.printed:.2f}"), lax))
    recomputed, follows, lax_power = zip(*rows, strict=True)
    return printed.assign(recomputed=recomputed, follows=follows, lax_power=lax_power)


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


def replicates_of_other_patients(metrics: pd.DataFrame) -> tuple[int, int]:
    """Return the number of replicates that tested the models on different patients, and of all.

    Different numbers of positive patients show it; equal ones leave it open.
    """
    rows = metrics.pivot(index=["model", "replicate"], columns="metric", values="value")
    positives = (rows["tp"] + rows["fn"]).unstack("model")
    return int((positives.max(axis=1) != positives.min(axis=1)).sum()), len(positives)
