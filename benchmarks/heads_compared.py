"""Compares heads with pipelines over datasets: means, paired differences, and what they say."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

# A setting, within which a split is one dataset; and a result.
SETTING = ["kind", "strength", "width"]
KEY = [*SETTING, "split", "head"]
LEVEL = 0.95
# A paired difference and the ends of its interval: from the best pipeline, and from the best of
# those that read slices alike.
_FROM_BEST = ("difference", "low", "high")
_FROM_LIKE = ("like", "like_low", "like_high")
# How far the best head may be below the best pipeline, and any head below those that read alike.
BEST, ANY = 0.01, 0.03


def paired(first: pd.Series, second: pd.Series) -> tuple[float, float, float]:
    """Return the mean difference of two heads' values and its interval, by the paired t test.

    Both are by split; splits that one of them lacks take no part. NaN is what cannot be known.
    """
    differences = (first - second).dropna().to_numpy()
    if not len(differences):
        return np.nan, np.nan, np.nan
    mean = float(differences.mean())
    if len(differences) < 2:
        return mean, np.nan, np.nan
    error = differences.std(ddof=1) / len(differences) ** 0.5
    reach = float(stats.t.ppf((1 + LEVEL) / 2, len(differences) - 1) * error)
    return mean, mean - reach, mean + reach


def compared(
    rows: pd.DataFrame, *, best: Sequence[str], like: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Return a table of heads and pipelines, a row a setting and one of them.

    Parameters
    ----------
    rows
        Results: `KEY`, ``auc`` and ``seconds``.
    best
        Pipelines of which each setting's best, by its mean, is what all are compared with.
    like
        Of each head, the pipelines that read slices as it does.

    Returns
    -------
    DataFrame
        ``splits``, the means ``auc`` and ``seconds``, and two paired differences with the ends of
        their intervals: ``difference``, ``low`` and ``high`` from the best pipeline, and ``like``,
        ``like_low`` and ``like_high`` from the best of those alike.
    """
    found: list[dict[str, Any]] = []
    for setting, own in rows.groupby(SETTING, sort=False):
        auc = own.pivot(index="split", columns="head", values="auc")
        seconds = own.groupby("head")["seconds"].mean()
        for head in own["head"].drop_duplicates():
            row = dict(zip(SETTING, setting, strict=True)) | {"head": head}
            row |= {"splits": int(auc[head].count()), "auc": auc[head].mean()}
            for names, pipelines in ((_FROM_BEST, best), (_FROM_LIKE, like.get(head, ()))):
                reference = highest(auc, pipelines)
                values = paired(auc[head], auc[reference]) if reference else [np.nan] * 3
                row |= dict(zip(names, values, strict=True))
            found.append(row | {"seconds": seconds[head]})
    return pd.DataFrame(found)


def highest(auc: pd.DataFrame, names: Sequence[str]) -> str | None:
    """Return which of some heads has the highest mean; of equal ones the first, None of none."""
    present = [name for name in names if name in auc]
    return max(present, key=lambda name: auc[name].mean(), default=None)


def verdicts(
    rows: pd.DataFrame,
    *,
    pipelines: Sequence[str],
    like: Mapping[str, Sequence[str]],
    ordered: Sequence[str],
    shuffled: Sequence[str],
    slope: str,
) -> pd.DataFrame:
    """Return what the results say of each claim, a row a setting and claim.

    Parameters
    ----------
    rows, like
        As for `compared`; `like` names all heads.
    pipelines
        Those that the best head is held to. They see no order.
    ordered, shuffled
        Heads that see the order of slices, and those that would if it were not shuffled.
    slope
        The pipeline that sees an order, which only the kind ``order`` is held to.

    Returns
    -------
    DataFrame
        ``head`` and what it is set ``beside``, the paired ``difference`` with its interval, the
        smallest ``allowed``, whether it is ``reached``, and whether the interval is ``sure`` of it.
        A control's difference must not be above 0 for sure.
    """
    found: list[dict[str, Any]] = []
    for setting, own in rows.groupby(SETTING, sort=False):
        auc = own.pivot(index="split", columns="head", values="auc")
        heads = [head for head in like if head in auc]
        scored = [head for head in heads if head not in shuffled]
        blind = highest(auc, [head for head in scored if head not in ordered])
        claims = [("best head", highest(auc, scored), highest(auc, pipelines), -BEST)]
        alike = {head: highest(auc, like[head]) for head in scored}
        if pairs := [(head, other) for head, other in alike.items() if other]:
            pair = min(pairs, key=lambda pair: paired(auc[pair[0]], auc[pair[1]])[0])
            claims.append(("weakest head", *pair, -ANY))
        if setting[SETTING.index("kind")] == "order":
            seen = [head for head in ordered if head in auc]
            claims += [("sees the order", head, blind, 0.0) for head in seen]
            claims += [("is blind", head, blind, None) for head in shuffled if head in auc]
            claims.append(("sees it as well", highest(auc, seen), highest(auc, [slope]), -BEST))
        for claim, head, beside, allowed in claims:
            if head and beside:
                about = dict(zip(SETTING, setting, strict=True)) | {"claim": claim}
                about |= {"head": head, "beside": beside}
                found.append(about | _judged(paired(auc[head], auc[beside]), allowed))
    return pd.DataFrame(found)


def _judged(found: tuple[float, float, float], allowed: float | None) -> dict[str, Any]:
    difference, low, high = found
    row = {"difference": difference, "low": low, "high": high, "allowed": allowed}
    if allowed is None:
        return row | {"reached": not low > 0, "sure": high < 0}
    reached = difference > 0 if allowed == 0 else difference >= allowed
    return row | {"reached": reached, "sure": low > allowed or high < allowed}
