"""Each model's mean over the replicates, with its interval."""

import numpy as np
import pandas as pd

from ctseq.evidence.metrics import METRICS
from ctseq.evidence.over_replicates.resampled import corrected_mean, why_no_interval
from ctseq.evidence.over_replicates.samples import Replicates, models_table


def model_means_table(replicates: Replicates) -> pd.DataFrame:
    """Return the mean of every metric and model with its corrected interval."""

    def row(values: np.ndarray, metric: str) -> dict:
        limits = METRICS[metric].range
        mean, low, high = corrected_mean(values, **replicates.corrected, limits=limits)
        return {"estimate": mean, "low": low, "high": high, "notes": why_no_interval(values)}

    return models_table(replicates, row)
