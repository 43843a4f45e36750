"""What trainings beyond the study's own tell: parts of the variance, and a learning curve."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ctseq.evidence.analyses import ANALYSES
from ctseq.report.study import Study
from ctseq.report.tables import Table, table_of

_TABLES = frozenset(one.stem for one in ANALYSES.values() if one.section == "further")
_SHARES = {"share_split": "Split", "share_seed": "Seed", "share_rest": "Both together"}


def has_further(study: Study) -> bool:
    """Return whether the study has analyses that trained more."""
    return not _TABLES.isdisjoint(study.comparison)


def further(study: Study) -> dict[str, Any]:
    """Return the table of the variance parts, if there is one, and its number of seeds."""
    if "variance_parts" not in study.comparison:
        return {"variance": None, "seeds": 0}
    frame = study.comparison["variance_parts"]
    return {"variance": _variance(frame, study), "seeds": int(frame["n_seeds"].iloc[0])}


def _variance(frame: pd.DataFrame, study: Study) -> Table:
    labels: Mapping[str, str] = study.labels
    names = [
        f"{labels[row.model]} − {labels[row.minus]}" if row.minus else labels[row.model]
        for row in frame.itertuples()
    ]
    shown = frame.assign(model=names).drop(columns="minus")
    return table_of(
        shown,
        title="Parts of the variance of one replicate",
        labels={},
        alpha=study.alpha,
        headings={
            **_SHARES,
            "width_averaged": "Width, averaged",
            "width_limit": "Width, limit",
            "n": "Splits",
        },
        drop=["variance_split", "variance_seed", "variance_rest", "n_seeds"],
    )
