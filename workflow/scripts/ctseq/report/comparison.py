"""The analyses' tables as the report prints them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from ctseq.core.words import listed
from ctseq.evidence.analyses import ANALYSES
from ctseq.evidence.metrics import METRICS
from ctseq.evidence.over_patients.subgroups import title_of
from ctseq.evidence.over_replicates.design import OVERLAP
from ctseq.report.notes import words_of
from ctseq.report.numbers import count, interval, number
from ctseq.report.study import Compared, Study
from ctseq.report.tables import Table, table_of
from ctseq.study.registration import sha256_of

_DIFFERENCE = {"estimate": "Difference"}
_COUNTS = ["n_a", "n_b", "n_undefined"]

# Tables that are shown as words or curves instead.
_UNPRINTED = frozenset({"verdict", "curves", "calibration_curve", "predicted", "decision_curve"})
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
        {"scored_by": "Scored by", "estimate": "Mean", "n_patients": "Patients"},
        ["n"],
    ),
    "sample_size": (
        "Precision",
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
        "Equivalent: that the difference is smaller than the metric's margin (Benavoli et al. 2017)."
    ),
    "effect_sizes": (
        "Effects without an interval describe these replicates: no interval of theirs allows for "
        "overlapping training sets."
    ),
    "power": (
        "Power is that of the corrected test to find the metric's margin. What it would take to find "
        "it in four studies of five is rounded up to two digits; the intervals come from the "
        "deviation, which so few replicates give roughly."
    ),
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
        table = table_of(
            study.comparison[name],
            title=title,
            labels=study.labels,
            alpha=study.alpha,
            headings=headings,
            drop=[*drop, "false_alarm_rate"],
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
        ``sha256``: of the configuration. ``registered``: what was registered before there were
        results, empty if nothing. ``contrasts``: the table of the contrasts' tests.
    """
    name = study.config["comparison"]["primary"]
    tests = study.comparison["resampled_t"]
    key = ["metric", "model_a", "model_b"]
    verdict = study.comparison["verdict"]
    chosen = verdict.loc[(verdict["primary"] == 1) & (verdict["contrast"] == 1), key]
    return {
        "metric": METRICS[name].words,
        "n_contrasts": len(chosen),
        "ratio": number(tests["overlap"].iloc[0] / OVERLAP, 2),
        "sha256": sha256_of(study.config),
        "registered": study.registered,
        "contrasts": table_of(
            chosen.merge(tests, on=key),
            title="The primary analysis",
            labels=study.labels,
            alpha=study.alpha,
            headings=_DIFFERENCE,
            drop=["overlap"],
        ),
    }


def subgroups(study: Study) -> dict[str, Any]:
    """Return the table of subgroups: a row a group, the models side by side."""
    frame = study.comparison["subgroups"]
    groups = frame[["attribute", "group"]].drop_duplicates().itertuples(index=False, name=None)
    rows = {group: [title_of(*group)] for group in groups}
    header = [""]
    for measure, of_whom in (("sensitivity", "with"), ("specificity", "without")):
        own = frame[frame["measure"] == measure].set_index(["attribute", "group", "model"])
        header.append(f"Patients {of_whom} hemorrhage")
        header += [f"{measure.capitalize()}, {label}" for label in study.labels.values()]
        for group, cells in rows.items():
            found = own.reindex([(*group, model) for model in study.labels])
            n = found["n"].iloc[0]
            cells += ["" if pd.isna(n) else count(n), *map(_share, found.itertuples())]
    few = dict.fromkeys(words for cell in frame["notes"] for words in words_of(cell))
    notes = [f"Without a share: {words}." for words in few]
    return {"subgroups": Table("Subgroups", header, [*rows.values()], notes)}


def sample_size(study: Study) -> dict[str, Any]:
    """Return how many patients the precision is of, and what the primary margin would need."""
    sizes, power = study.comparison["sample_size"], study.comparison["power"]
    key = ["metric", "model_a", "model_b"]
    verdict = study.comparison["verdict"]
    chosen = verdict.loc[(verdict["primary"] == 1) & (verdict["contrast"] == 1), key]
    needs = []
    for row in chosen.merge(power, on=key).itertuples():
        pair = f"{study.labels[row.model_a]} and {study.labels[row.model_b]}"
        if pd.isna(row.patients_needed):
            needs.append(f"more than a million patients ({pair})")
        else:
            ends = interval(row.patients_needed_low, row.patients_needed_high, write=count)
            needs.append(f"about {count(row.patients_needed)} patients {ends} ({pair})")
    return {
        "n_patients": count(sizes["n_patients"].iloc[0]),
        "prevalence": f"{100 * sizes['prevalence'].iloc[0]:.0f} %",
        "metric": METRICS[study.config["comparison"]["primary"]].words,
        "margin": f"{chosen.merge(power, on=key)['difference'].iloc[0]:g}",
        "needs": listed(needs),
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


def _share(row: Any) -> str:
    """Return an estimate with its interval; empty where there is none."""
    if pd.isna(row.estimate):
        return ""
    return f"{number(row.estimate, 2)} {interval(row.low, row.high, write=_two)}"


def _two(value: float) -> str:
    return number(value, 2)
