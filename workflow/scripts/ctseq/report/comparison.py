"""The analyses' tables as the report prints them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ctseq.evidence.analyses import ANALYSES
from ctseq.report.study import Compared
from ctseq.report.tables import Table, table_of

_DIFFERENCE = {"estimate": "Difference"}
_OVER_PATIENTS = ["n", "n_positive", "n_never_tested"]
_COUNTS = ["n_a", "n_b", "n_undefined"]

_FURTHER = frozenset(one.stem for one in ANALYSES.values() if one.section == "further")
_SHARES = {"share_split": "Split", "share_seed": "Seed", "share_rest": "Both together"}

# Tables that are shown as sentences or curves instead.
_UNPRINTED = frozenset({"verdict", "curves", "variance_parts", "learning_curve"})
_ONE_RIGHT = {"only_a_right": "Only first right", "only_b_right": "Only second right"}

# Name of the table to title, headings that differ and columns left out. A table that is not here
# is printed as it is, under its name.
_PLAN = {
    "resampled_t": ("Corrected resampled t test", _DIFFERENCE, ["test_train_ratio", "df"]),
    "bayesian_t": ("Bayesian correlated t test", _DIFFERENCE, ["rope"]),
    "effect_sizes": ("Effect sizes", {}, ["n", "n_undefined"]),
    "power": ("Power and what a difference would need", {}, ["alpha", "n", "n_undefined"]),
    "ranking": ("Mean ranks", {}, []),
    "auc": ("Each model over patients", {}, _OVER_PATIENTS),
    "delong": ("Differences over patients", _DIFFERENCE, _OVER_PATIENTS),
    "mcnemar": ("Decisions on the same patients", _ONE_RIGHT, _OVER_PATIENTS[1:]),
    "operating_points": ("Sensitivity and specificity", {}, []),
    "calibration": ("Calibration", {}, ["bin"]),
    "normality": ("Table I. Normality within a model", {}, ["n_undefined"]),
    "variances": ("Table II. Equal variances", {}, _COUNTS),
    "t_test": ("Table III. t test and power", _DIFFERENCE, _COUNTS),
    "mann_whitney": ("Table IV. Mann-Whitney U", {}, _COUNTS),
    "ranges": ("Table V. Smallest and largest values", {}, []),
    "means": ("Table VI. Means", {}, []),
}


def section_tables(study: Compared, section: str) -> dict[str, Table]:
    """Return the tables that a section of the report prints, by name and in their order.

    A study need not have the tables of all analyses.
    """
    unprinted = _UNPRINTED if len(study.labels) > 2 else _UNPRINTED | {"ranking"}
    made = {}
    for name in [one.stem for one in ANALYSES.values() if one.section == section]:
        if name not in study.comparison or name in unprinted:
            continue
        title, headings, drop = _PLAN.get(name, (name.replace("_", " ").capitalize(), {}, []))
        frame = study.comparison[name]
        if name == "calibration":
            frame = frame[frame["n"] > 0]
        made[name] = table_of(
            frame,
            title=title,
            labels=study.labels,
            alpha=study.alpha,
            headings=headings,
            drop=[*drop, "false_alarm_rate"],
        )
    return made


def false_alarms(comparison: Mapping[str, pd.DataFrame]) -> str:
    """Return the false alarm rates of the paper's tests in simulated studies; empty if unknown."""
    rates = pd.concat(
        [comparison[name]["false_alarm_rate"] for name in ("t_test", "mann_whitney")]
    ).dropna()
    if rates.empty:
        return ""
    low, high = (f"{100 * rate:.0f}" for rate in (rates.min(), rates.max()))
    return f"{low} %" if low == high else f"{low} to {high} %"


def has_further(study: Compared) -> bool:
    """Return whether the study has analyses that trained more."""
    return not _FURTHER.isdisjoint(study.comparison)


def further(study: Compared) -> dict[str, Any]:
    """Return the table of the variance parts with its number of seeds, and that of the curve.

    A table that the study does not have is None.
    """
    parts = study.comparison.get("variance_parts")
    curve = study.comparison.get("learning_curve")
    return {
        "variance": None if parts is None else _variance(parts, study),
        "seeds": 0 if parts is None else int(parts["n_seeds"].iloc[0]),
        "curve": None if curve is None else _curve(curve, study),
    }


def _curve(frame: pd.DataFrame, study: Compared) -> Table:
    """Return the table of the metrics that the figure shows."""
    shown = frame["metric"].isin([study.config["comparison"]["primary"], "roc_auc"])
    return table_of(
        frame[shown],
        title="Metrics by number of training patients",
        labels=study.labels,
        alpha=study.alpha,
        headings={"n_train": "Training patients", "estimate": "Mean"},
    )


def _variance(frame: pd.DataFrame, study: Compared) -> Table:
    labels = study.labels
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
