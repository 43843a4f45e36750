"""The published study: from its confusion matrices to the tables that any study gets."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ctseq.core.contracts import Table
from ctseq.core.errors import fail_on
from ctseq.evidence.metrics import counted_metrics
from ctseq.evidence.over_replicates.analyses import OVER_REPLICATES
from ctseq.evidence.over_replicates.design import design_without_splits
from ctseq.evidence.over_replicates.samples import replicates_of

# ``resources/published/replicates.csv``
RUNS = Table(
    {"model": "text", "replicate": "int", **dict.fromkeys(("tn", "fp", "fn", "tp"), "int")},
    key=("model", "replicate"),
)


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
    settings = {**study["comparison"], "models": list(study["models"])}
    design = design_without_splits(**study["splits"]["sizes"])
    replicates = replicates_of(metrics, design, settings)
    return {analysis.stem: analysis.compute(replicates) for analysis in OVER_REPLICATES.values()}
