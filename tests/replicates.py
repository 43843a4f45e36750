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
    models, metrics = (list(dict.fromkeys(rows[name])) for name in ("model", "metric"))
    settings = {
        **{"models": models, "metrics": metrics, "primary": metrics[0]},
        **{"contrasts": [[models[0], other] for other in models[1:]], "margins": {}},
        **{"alpha": 0.05, "undefined": "exclude"},
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
