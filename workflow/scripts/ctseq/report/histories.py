"""The histories of all runs, as one table."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pandas as pd

from ctseq.core.tables import read_table
from ctseq.families.tables import HISTORY


def read_histories(paths: Sequence[str | Path], *, models: Sequence[str]) -> pd.DataFrame:
    """Read one history a run.

    Parameters
    ----------
    paths
        By model, then by replicate, as the rules list them; none for a study that only compares.
    models
        In the same order.

    Returns
    -------
    DataFrame
        `tables.HISTORY` with columns model and replicate in front.
    """
    n_replicates = len(paths) // len(models)
    runs = product(models, range(1, n_replicates + 1))
    parts = [
        read_table(path, HISTORY).assign(model=model, replicate=replicate)
        for path, (model, replicate) in zip(paths, runs, strict=True)
    ]
    columns = ["model", "replicate", *HISTORY.columns]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
