"""The published study: from its metrics to the tables that any study gets."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ctseq.evidence.comparison import compare_over_replicates
from ctseq.evidence.design import design_without_splits


def compare_published(metrics: pd.DataFrame, study: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Make every table over replicates from the published ones.

    Parameters
    ----------
    metrics
        As `ctseq.evidence.published.published_metrics` gives them.
    study
        ``resources/published/study.yaml``.
    """
    models = study["models"]
    labels = {name: model["label"] for name, model in models.items()}
    settings = {**study["comparison"], "models": list(models), "labels": labels}
    return compare_over_replicates(
        metrics, design_without_splits(**study["splits"]["sizes"]), settings
    )
