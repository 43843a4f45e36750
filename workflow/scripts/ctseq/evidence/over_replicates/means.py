"""Each model's mean over the replicates, with its interval."""

import numpy as np
import pandas as pd

from ctseq.evidence.metrics import METRICS
from ctseq.evidence.over_replicates.resampled import corrected_mean, why_no_interval
from ctseq.evidence.over_replicates.samples import Replicates, models_table


def model_means_table(replicates: Replicates) -> pd.DataFrame:
    """Return the mean of every metric and model with its corrected interval.

    An interval that reaches past the metric's range is cut there: no mean lies beyond.
    """

    def row(values: np.ndarray) -> dict:
        mean, low, high = corrected_mean(values, **replicates.corrected)
        return {"estimate": mean, "low": low, "high": high, "notes": why_no_interval(values)}

    frame = models_table(replicates, row)
    ends = frame["metric"].map(lambda metric: METRICS[metric].range)
    frame[["low", "high"]] = frame[["low", "high"]].clip(ends.str[0], ends.str[1], axis=0)
    return frame
