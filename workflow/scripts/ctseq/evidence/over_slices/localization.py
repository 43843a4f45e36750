"""How well slice scores and attention point to the slices that bleed, within scans."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ctseq.evidence.over_patients.estimates import mean_estimate
from ctseq.evidence.over_replicates.design import Design
from ctseq.evidence.rows import check_level, table_with_notes


@dataclass(frozen=True)
class Pointed:
    """How the models of a study point to bleeding slices, scan by scan.

    Attributes
    ----------
    models
        Names, in config's order.
    scans
        What `within_scans` returns of every run, with columns model, replicate and scored_by
        (``probability`` or ``attention``).
    design
        How the replicates were drawn.
    alpha
        Intervals have level 1 - `alpha`.
    """

    models: Sequence[str]
    scans: pd.DataFrame
    design: Design
    alpha: float


def within_scans(scores: pd.DataFrame, slices: pd.DataFrame) -> pd.DataFrame:
    """Return, for each scan, how its slices' scores point to those that bleed.

    Only scans with a label of every scored slice, some of which bleed and some of which do not: in
    others there is nothing to point out. Equal scores count half in the AUC, and in the hit as if
    the slice to look at were drawn from the highest.

    Parameters
    ----------
    scores
        Columns patient_id, slice_number and score; higher points to hemorrhage.
    slices
        `intake.tables.SLICES`.

    Returns
    -------
    DataFrame
        By patient_id: ``auc``, the probability that a bleeding slice of the scan is scored above
        another one; ``hit``, whether the highest-scored slice bleeds; ``share`` of the scored
        slices that bleed, which is the hit of chance.
    """
    key = ["patient_id", "slice_number"]
    rows = scores.merge(slices[[*key, "hemorrhage"]], "left", key)
    rows["bleeds"] = rows["hemorrhage"].astype("float64")
    patient = rows["patient_id"]
    rows["rank"] = rows.groupby("patient_id")["score"].rank()
    rows["is_top"] = rows["score"] == rows.groupby("patient_id")["score"].transform("max")
    n, bleeding = rows.groupby("patient_id").size(), rows.groupby("patient_id")["bleeds"].sum()
    other = n - bleeding
    ranks = (rows["rank"] * rows["bleeds"]).groupby(patient).sum()
    found = pd.DataFrame(
        {
            # Mann and Whitney's U over the number of pairs.
            "auc": (ranks - bleeding * (bleeding + 1) / 2) / (bleeding * other),
            "hit": rows[rows["is_top"]].groupby("patient_id")["bleeds"].mean(),
            "share": bleeding / n,
        }
    )
    labelled = rows["bleeds"].notna().groupby(patient).all()
    return found[labelled & (bleeding > 0) & (other > 0)].reset_index()


def localization_table(pointed: Pointed) -> pd.DataFrame:
    """Return the mean AUC and hit of each model's scores, beside those of chance.

    Scans are averaged within a replicate, and replicates by a corrected mean.
    """
    check_level(pointed.alpha, "comparison.alpha")
    options = {"overlap": pointed.design.overlap, "alpha": pointed.alpha}
    rows: list[Mapping[str, Any]] = []
    for model in pointed.models:
        own = pointed.scans[pointed.scans["model"] == model]
        for scored_by, scans in own.groupby("scored_by", sort=False):
            means = scans.groupby("replicate")[["auc", "hit", "share"]].mean()
            for measure, chance in (("auc", 0.5), ("hit", float(means["share"].mean()))):
                found = mean_estimate(means[measure].to_numpy(), **options)
                names = {"model": model, "scored_by": scored_by, "measure": f"slice_{measure}"}
                counts = {"n": len(means), "n_patients": scans["patient_id"].nunique()}
                rows.append(names | vars(found) | {"chance": chance} | counts)
    return table_with_notes(rows) if rows else _none()


def _none() -> pd.DataFrame:
    """Return the table without rows: no slice has a label, or no model scores slices."""
    names = ["model", "scored_by", "measure", "estimate", "low", "high", "chance", "n"]
    return pd.DataFrame(columns=[*names, "n_patients", "notes"])
