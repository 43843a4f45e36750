"""The analyses' tables as the report prints them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from ctseq.evidence.analyses import ANALYSES
from ctseq.evidence.metrics import METRICS
from ctseq.evidence.over_replicates.design import OVERLAP
from ctseq.report.levels import coverage, levels_of, not_simulated, other_levels, rates
from ctseq.report.numbers import number
from ctseq.report.study import Compared, Study, registration_words
from ctseq.report.tables import Table, table_of
from ctseq.report.verdict_tables import verdict_tables
from ctseq.study.registration import sha256_of

_DIFFERENCE = {"estimate": "Difference"}
_COUNTS = ["n_a", "n_b", "n_undefined"]

_FURTHER = frozenset(one.stem for one in ANALYSES.values() if one.section == "further")
_SHARES = {"share_split": "Split", "share_seed": "Seed", "share_rest": "Both together"}

# Tables that are shown as words or curves instead.
_UNPRINTED = _FURTHER | {"verdict", "curves", "calibration_curve", "predicted", "decision_curve"}
_UNPRINTED |= {"participants", "splits", "subgroups"}

# Name of the table to title, headings that differ and columns left out. A table that is not here
# is printed as it is, under its name.
_PLAN = {
    "model_means": ("Means", {"estimate": "Mean"}, []),
    "resampled_t": ("Corrected resampled t test", _DIFFERENCE, ["overlap", "df"]),
    "bayesian_t": ("Bayesian correlated t test", _DIFFERENCE, []),
    "effect_sizes": ("Effect sizes", {}, ["n", "n_undefined"]),
    "power": ("Power and what a difference would need", {}, ["alpha", "n", "n_undefined"]),
    "ranking": ("Mean ranks", {}, []),
    "discrimination": ("Areas under the curves", {}, ["n"]),
    "operating_points": ("Sensitivity and specificity", {}, ["n"]),
    "calibration": ("Calibration", {}, ["n"]),
    "net_benefit": ("Net benefit", {}, ["n"]),
    "net_benefit_differences": (
        "Differences in net benefit, p not adjusted",
        _DIFFERENCE,
        ["n", "df"],
    ),
    "predictive_values": ("Predictive values", {}, ["n"]),
    "localization": (
        "Scores of slices within a scan",
        {"estimate": "Mean", "n_scans": "Scans", "n_patients": "Patients"},
        ["n"],
    ),
    "sample_size": (
        "Precision of a test (width of intervals)",
        {"width": "Interval width", "wanted_width": "Wanted", "patients_needed": "Patients for it"},
        ["prevalence", "n_patients"],
    ),
    "normality": ("Table I. Normality within a model", {}, ["n_undefined"]),
    "variances": ("Table II. Equal variances", {}, _COUNTS),
    "t_test": ("Table III. t test and power", _DIFFERENCE, _COUNTS),
    "mann_whitney": ("Table IV. Mann-Whitney U", {}, _COUNTS),
    "ranges": ("Table V. Smallest and largest values", {}, []),
    "means": ("Table VI. Means", {}, []),
}
# What is said below a table, beside the notes of its rows.
_NOTES = {
    "bayesian_t": (
        "Equivalent: with a difference smaller than the metric's margin (Benavoli et al. 2017)."
    ),
    "effect_sizes": (
        "Effects without an interval describe these replicates: no interval of theirs allows for "
        "overlapping training sets."
    ),
    "predictive_values": (
        "The PPV follows from mean sensitivity and mean specificity. It need not be the mean "
        "precision, which leaves out replicates that call nobody positive."
    ),
    "power": "Power is that of the corrected test to find the metric's margin.",
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
        as_many = ["n_scans"] * (study.unit == "patient")
        table = table_of(
            study.comparison[name],
            title=title,
            labels=study.labels,
            alpha=study.alpha,
            headings=headings,
            drop=[*drop, *as_many, "false_alarm_rate"],
        )
        more = [_NOTES[name]] if name in _NOTES else []
        made[name] = replace(table, notes=[*table.notes, *more])
    return made


def primary(study: Study) -> dict[str, Any]:
    """Return what the section on the primary evidence says.

    Returns
    -------
    dict
        ``metric``: the primary metric, in words. ``n_contrasts``. ``ratio``: n_test/n_train.
        ``sha256``: of the configuration. ``registration``: what the configuration says of a
        registration, empty if nothing. ``contrasts``: the table of the contrasts' tests.
        ``level``: of the primary metric's test in simulated studies, None if there is none,
        ``rates``: the same in words, ``other_levels``: a sentence on the other metrics,
        ``not_simulated``: that there is none for the study's alpha. ``verdicts``: tables of what
        intervals show.
    """
    name = study.config["comparison"]["primary"]
    tests = study.comparison["resampled_t"]
    key = ["metric", "model_a", "model_b"]
    verdict = study.comparison["verdict"]
    level = levels_of(study).get(name)
    chosen = verdict.loc[(verdict["primary"] == 1) & (verdict["contrast"] == 1), key]
    return {
        "metric": METRICS[name].words,
        "n_contrasts": len(chosen),
        "ratio": number(tests["overlap"].iloc[0] / OVERLAP),
        "sha256": sha256_of(study.config),
        "registration": registration_words(study),
        "level": level,
        "rates": rates(level),
        "other_levels": other_levels(study),
        "not_simulated": not_simulated(study),
        "verdicts": verdict_tables(study),
        "contrasts": table_of(
            chosen.merge(tests, on=key),
            title="The primary analysis",
            labels=study.labels,
            alpha=study.alpha,
            headings=_DIFFERENCE,
            # The adjustment of a single contrast changes nothing.
            drop=["overlap", *["p_adjusted"] * (len(chosen) == 1)],
        ),
    }


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

    A table that the study does not have is None. ``curve_coverage``: a sentence on that of its
    intervals.
    """
    parts = study.comparison.get("variance_parts")
    curve = study.comparison.get("learning_curve")
    points = tuple(f"{name} at" for name in _curve_metrics(study))
    return {
        "variance": None if parts is None else _variance(parts, study),
        "seeds": 0 if parts is None else int(parts["n_seeds"].iloc[0]),
        "curve": None if curve is None else _curve(curve, study),
        "curve_coverage": "" if curve is None else coverage(study, {"learning_curve": points}),
    }


def _curve(frame: pd.DataFrame, study: Compared) -> Table:
    """Return the table of the metrics that the figure shows."""
    return table_of(
        frame[frame["metric"].isin(_curve_metrics(study))],
        title="Metrics by number of training patients",
        labels=study.labels,
        alpha=study.alpha,
        headings={"n_train": "Training patients", "estimate": "Mean"},
    )


def _curve_metrics(study: Compared) -> tuple[str, str]:
    return study.config["comparison"]["primary"], "roc_auc"


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
