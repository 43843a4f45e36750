"""Each model's mean over the replicates, with its interval."""

import pandas as pd

from ctseq.evidence.metrics import METRICS
from ctseq.evidence.over_replicates.resampled import mean_within
from ctseq.evidence.over_replicates.samples import Replicates, models_table


def model_means_table(replicates: Replicates) -> pd.DataFrame:
    """Return the mean of every metric and model with its corrected interval.

    An interval that reaches past the metric's range is cut there: no mean lies beyond. Metrics that
    are always shown follow those that are compared.
    """
    return models_table(
        replicates,
        lambda values, metric: mean_within(values, METRICS[metric].range, **replicates.corrected),
        beside=True,
    )
