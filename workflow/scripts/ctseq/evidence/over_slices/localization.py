"""How well slice scores and attention point to the positive slices, within scans."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ctseq.evidence.over_patients.estimates import mean_estimate
from ctseq.evidence.over_replicates.design import Design
from ctseq.evidence.rows import check_level, table_with_notes


@dataclass(frozen=True)
class Pointed:
    """How the models of a study point to positive slices, scan by scan.

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
    """Return, for each scan, how its slices' scores point to the positive ones.

    Only scans with a label of every scored slice, some of which are positive and some of which are
    not: in others there is nothing to point out. Equal scores count half in the AUC, and in the hit
    as if the slice to look at were drawn from the highest.

    Parameters
    ----------
    scores
        Columns scan_id, slice_number and score; higher points to the target.
    slices
        `intake.tables.SLICES`.

    Returns
    -------
    DataFrame
        By scan_id: patient_id; ``auc``, the probability that a positive slice of the scan is scored
        above another one; ``hit``, whether the highest-scored slice is positive; ``share`` of the
        scored slices that are positive, which is the hit of chance.
    """
    key = ["scan_id", "slice_number"]
    rows = scores.merge(slices[[*key, "patient_id", "target"]], "left", key)
    rows["target"] = rows["target"].astype("float64")
    scan, of_scan = rows["scan_id"], rows.groupby("scan_id")
    rows["rank"] = of_scan["score"].rank()
    rows["is_top"] = rows["score"] == of_scan["score"].transform("max")
    n, positive = of_scan.size(), of_scan["target"].sum()
    other = n - positive
    ranks = (rows["rank"] * rows["target"]).groupby(scan).sum()
    found = pd.DataFrame(
        {
            # Mann and Whitney's U over the number of pairs.
            "patient_id": of_scan["patient_id"].first(),
            "auc": (ranks - positive * (positive + 1) / 2) / (positive * other),
            "hit": rows[rows["is_top"]].groupby("scan_id")["target"].mean(),
            "share": positive / n,
        }
    )
    labelled = rows["target"].notna().groupby(scan).all()
    return found[labelled & (positive > 0) & (other > 0)].reset_index()


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
                counts = {"n": len(means), "n_scans": scans["scan_id"].nunique()}
                counts["n_patients"] = scans["patient_id"].nunique()
                rows.append(names | vars(found) | {"chance": chance} | counts)
    return table_with_notes(rows) if rows else _none()


def _none() -> pd.DataFrame:
    """Return the table without rows: no slice has a label, or no model scores slices."""
    names = ["model", "scored_by", "measure", "estimate", "low", "high", "chance", "n"]
    return pd.DataFrame(columns=[*names, "n_scans", "n_patients", "notes"])
