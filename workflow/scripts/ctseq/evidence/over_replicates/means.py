"""Each model's mean over the replicates, with its interval."""

import numpy as np
import pandas as pd

from ctseq.evidence.metrics import METRICS
from ctseq.evidence.over_replicates.resampled import corrected_mean, why_no_interval
from ctseq.evidence.over_replicates.samples import Replicates, models_table


def model_means_table(replicates: Replicates) -> pd.DataFrame:
    """Return the mean of every metric and model with its corrected interval."""

    def row(values: np.ndarray) -> dict:
        mean, low, high = corrected_mean(values, **replicates.corrected)
        return {"estimate": mean, "low": low, "high": high, "notes": why_no_interval(values)}

    return cut_to_range(models_table(replicates, row))


def cut_to_range(means: pd.DataFrame) -> pd.DataFrame:
    """Return means whose intervals end where the range of their metric does: none lies beyond.

    `means` has the columns metric, low and high.
    """
    ends = means["metric"].map(lambda metric: METRICS[metric].range)
    cut = means[["low", "high"]].clip(ends.str[0], ends.str[1], axis=0)
    return means.assign(low=cut["low"], high=cut["high"])
