"""What the interval of a difference shows: which model is better, and whether by enough."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pandas as pd

from ctseq.evidence.metrics import METRICS
from ctseq.evidence.over_replicates.resampled import is_contrast, resampled_t_table
from ctseq.evidence.over_replicates.samples import Replicates
from ctseq.evidence.tables import VERDICT


class Finding(StrEnum):
    """What an interval shows of the first of two models, compared with the second.

    Slightly superior is better by certainly less than the margin; not superior is not better by the
    margin.
    """

    SUPERIOR = "superior"
    SLIGHTLY_SUPERIOR = "slightly_superior"
    INFERIOR = "inferior"
    SLIGHTLY_INFERIOR = "slightly_inferior"
    EQUIVALENT = "equivalent"
    NONINFERIOR = "noninferior"
    NOT_SUPERIOR = "not_superior"
    INCONCLUSIVE = "inconclusive"
    EQUAL = "equal"
    UNTESTED = "untested"


def finding_of(row: Any) -> Finding:
    """Return what a row of `evidence.tables.VERDICT` shows."""
    if pd.isna(row.p):
        return Finding.UNTESTED
    if pd.isna(row.low):
        return Finding.EQUAL
    if row.better == row.model_a:
        return Finding.SLIGHTLY_SUPERIOR if row.equivalent else Finding.SUPERIOR
    if row.better == row.model_b:
        return Finding.SLIGHTLY_INFERIOR if row.equivalent else Finding.INFERIOR
    if row.equivalent:
        return Finding.EQUIVALENT
    if row.a_noninferior:
        return Finding.NONINFERIOR
    return Finding.NOT_SUPERIOR if row.b_noninferior else Finding.INCONCLUSIVE


@dataclass(frozen=True)
class Verdict:
    """What the interval of a difference shows, first model minus second.

    Attributes
    ----------
    better
        ``a`` or ``b``, the model that is shown to be better; empty if neither is.
    equivalent
        The difference is certainly smaller than the margin, even where one model is better.
    a_noninferior, b_noninferior
        The model is certainly not worse than the other by the margin.
    reachable
        Equivalence could be shown: the interval is narrower than twice the margin.
    """

    better: str
    equivalent: bool
    a_noninferior: bool
    b_noninferior: bool
    reachable: bool


def verdict_of(
    low: float, high: float, *, margin: float, higher_is_better: bool, differ: bool
) -> Verdict:
    """Return what an interval shows about two models.

    Piaggio et al. 2012 (CONSORT for non-inferiority and equivalence trials): the whole interval
    lies on one side of a bound, or nothing is said about it.

    Parameters
    ----------
    low, high
        Interval of the difference, first minus second; NaN where it could not be computed.
    margin
        The smallest difference that matters.
    differ
        Whether a difference is shown: by an interval without 0, or by the adjusted test.
    """
    if not higher_is_better:
        low, high = -high, -low
    middle = (low + high) / 2
    better = ""
    if differ:
        better = "a" if middle > 0 else "b" if middle < 0 else ""
    # Without an interval all comparisons with NaN are false, and nothing is shown.
    a_noninferior, b_noninferior = low > -margin, high < margin
    return Verdict(
        better,
        a_noninferior and b_noninferior,
        a_noninferior,
        b_noninferior,
        (high - low) / 2 < margin,
    )


def verdict_table(replicates: Replicates) -> pd.DataFrame:
    """Return the verdict on every metric and pair of models.

    A difference in the primary metric between the models of a contrast is shown if its adjusted p
    is below `alpha`; any other if its interval leaves out 0.
    """
    frame = resampled_t_table(replicates)
    outside = (frame["low"] > 0) | (frame["high"] < 0)
    differ = outside.where(frame["p_adjusted"].isna(), frame["p_adjusted"] < replicates.alpha)
    rows = []
    for row, own in zip(frame.itertuples(), differ, strict=True):
        margin = replicates.margin(row.metric)
        higher = METRICS[row.metric].higher_is_better
        verdict = verdict_of(
            row.low, row.high, margin=margin, higher_is_better=higher, differ=bool(own)
        )
        better = {"a": row.model_a, "b": row.model_b, "": ""}[verdict.better]
        flags = ("equivalent", "a_noninferior", "b_noninferior", "reachable")
        rows.append(
            {
                "supported": int(bool(better)),
                "better": better,
                **{name: int(getattr(verdict, name)) for name in flags},
                "margin": margin,
            }
        )
    frame = frame.assign(
        contrast=is_contrast(frame, replicates).astype(int),
        primary=(frame["metric"] == replicates.primary).astype(int),
        **pd.DataFrame(rows, index=frame.index),
    )
    return frame[[*VERDICT.columns]]
