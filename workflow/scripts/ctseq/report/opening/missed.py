"""The positive scans that each model misses, by id, as a page opens with them."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from ctseq.report.study import Compared

# Ids in the open, of up to `_FEW` models and of more; and those that are folded away beside them.
_HANDFUL, _LESS, _FEW = 5, 3, 6
_FOLDED = 50


@dataclass(frozen=True)
class Missed:
    """What one model misses.

    Attributes
    ----------
    label
        Of the model.
    share
        How many of the tested positive scans it misses at least once.
    first
        Those most often missed, with how often.
    n_others, others
        How many others there are, and which; empty if there are none.
    """

    label: str
    share: str
    first: str
    n_others: int
    others: str


def missed_scans(study: Compared) -> list[Missed]:
    """Return what each model misses; empty for a study without predictions or positive scans."""
    table = study.comparison.get("missed")
    if table is None or table.empty:
        return []
    handful = _HANDFUL if len(study.labels) <= _FEW else _LESS
    found = []
    for model, label in study.labels.items():
        own = table[table["model"] == model]
        missed = own[own["n_missed"] > 0]
        others = _ids(missed[handful : handful + _FOLDED])
        left = len(missed) - handful - _FOLDED
        others += f"; and {left} more" if left > 0 else ""
        share = f"{len(missed) or 'none'} of {len(own)}"
        n_others = max(0, len(missed) - handful)
        found.append(Missed(label, share, _ids(missed[:handful]), n_others, others))
    return found


def _ids(rows: pd.DataFrame) -> str:
    """Return ids with how often they are missed, those missed as often side by side."""
    counted: Iterable[tuple[str, str]] = (
        (f"{row.n_missed} of {row.n_tested}", row.scan_id) for row in rows.itertuples()
    )
    return "; ".join(
        f"{', '.join(scan for _, scan in own)} ({times})"
        for times, own in groupby(counted, key=lambda pair: pair[0])
    )
