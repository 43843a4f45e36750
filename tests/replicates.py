"""Replicates for tests of the statistics over them."""

import pandas as pd

from ctseq.evidence.over_replicates.design import Design
from ctseq.evidence.over_replicates.samples import replicates_of

RATIO = 25 / 57  # of the published study


def replicates(samples, *, shared_splits=True, ratio=RATIO, **settings):
    """Return replicates of 82 patients.

    `samples` is a table of metrics, or values by model and metric, or by model alone if of recall.
    """
    rows = samples if isinstance(samples, pd.DataFrame) else rows_of(samples)
    settings = {
        "models": list(dict.fromkeys(rows["model"])),
        "metrics": list(dict.fromkeys(rows["metric"])),
        **{"alpha": 0.05, "undefined": "exclude", "rope": 0.02},
        **settings,
    }
    return replicates_of(rows, Design(ratio, 82, shared_splits=shared_splits), settings)


def rows_of(samples):
    """Return the table of metrics with these values."""
    return pd.DataFrame(
        [
            (*(key if isinstance(key, tuple) else (key, "recall")), replicate, value)
            for key, values in samples.items()
            for replicate, value in enumerate(values, start=1)
        ],
        columns=["model", "metric", "replicate", "value"],
    )
