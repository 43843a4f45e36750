"""The published replicates, from confusion matrices to metrics."""

import pandas as pd

from ctseq.core.errors import fail_on
from ctseq.core.tables import Table
from ctseq.evidence.metrics import counted_metrics

# ``resources/published/replicates.csv``
RUNS = Table(
    {"model": "text", "replicate": "int", **dict.fromkeys(("tn", "fp", "fn", "tp"), "int")},
    key=("model", "replicate"),
)


def published_metrics(runs: pd.DataFrame, *, n_test: int) -> pd.DataFrame:
    """Measure each published confusion matrix.

    Parameters
    ----------
    runs
        `RUNS`.
    n_test
        Patients in each matrix.

    Returns
    -------
    DataFrame
        `tables.METRICS`, as far as counts go: no metric of probabilities.

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
