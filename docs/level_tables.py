"""The generated tables of docs/statistics.md: simulated levels, and why some are beyond."""

from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.core.tables import read_table
from ctseq.evidence.levels import LEARNERS, LEVELS, UNUSED, beyond_bounds
from ctseq.report.numbers import LEARNER_WORDS, statistic_words

ROOT = Path(__file__).parents[1]
# Columns of the tables of levels; every other metric stands in the last one.
METRICS_OF_LEVELS = {
    "accuracy": "accuracy",
    "recall": "recall",
    "specificity": "specificity",
    "precision": "precision",
    "roc_auc": "AUC",
    "brier": "Brier",
}
# Why rates are beyond their bounds, and which ones; the first that fits counts.
REASONS: list[tuple[str, dict[str, tuple[Any, ...]]]] = [
    (
        "Models that draw their own splits, as the published ones: n_test/n_train counts once. In "
        "a difference the covariance of the two means, which is left out, makes up for that with "
        "most metrics, but not with those whose replicates correlate most; the mean of one model "
        "has no such help.",
        {"shared_splits": (0,)},
    ),
    (
        "Recall and specificity of nearest neighbours over repeated folds: all training subsets "
        "have the same numbers of both classes, so that replicates show little of what a learner "
        "with a leaning to one class would do in other studies.",
        {
            "procedure": ("difference", "interval", "non_inferiority"),
            "statistic": ("recall", "specificity"),
            "scheme": ("repeated_kfold",),
            "learner": ("knn",),
        },
    ),
    (
        "Intercept and observed over expected of nearest neighbours, over stratified and repeated "
        "folds: for the same reason.",
        {
            "procedure": ("calibration",),
            "statistic": ("intercept", "observed_expected"),
            "scheme": ("stratified", "repeated_kfold"),
            "learner": ("knn",),
        },
    ),
    (
        "The slope of tuned ridge regression over ten replicates of stratified splits or folds: "
        "its scores are cut to 0 and 1, and a prediction that is cut counts as nearly certain. "
        "Where a few are, they decide the slope, which is near 0 then and anywhere up to 1 "
        "otherwise; ten replicates may show the one and not the other.",
        {
            "procedure": ("calibration",),
            "statistic": ("slope",),
            "scheme": ("stratified", "repeated_kfold"),
            "learner": ("tuned",),
        },
    ),
    (
        "Net benefit at a threshold so low that nearest neighbours call nearly everybody positive: "
        "over stratified splits most replicates then have the same net benefit, and some studies "
        "hardly any variance.",
        {
            "procedure": ("interval",),
            "statistic": ("net_benefit_0.1",),
            "scheme": ("stratified",),
            "learner": ("knn",),
        },
    ),
]


def level_tables() -> dict[str, str]:
    """Return the page's tables, by the names that the page has for them."""
    levels = read_table(ROOT / "resources/levels.csv", LEVELS)
    names = ["difference", "interval", "difference_overlap_once"]
    others = levels[~levels["procedure"].isin(names)]
    unused = others["procedure"].isin(UNUSED)
    return {
        **{name: _levels(levels[levels["procedure"] == name]) for name in names},
        "others": _ranges(others[~unused]),
        "unused": _ranges(others[unused]),
        "beyond": beyond_table(levels),
    }


def _levels(levels: pd.DataFrame) -> str:
    """Return the Markdown table of one procedure: the range over learners, in per cent."""
    lines = [f"| design | {' | '.join(METRICS_OF_LEVELS.values())} | all others |"]
    lines += [f"|---|{'---|' * (len(METRICS_OF_LEVELS) + 1)}"]
    for design, rows in levels.groupby(levels.apply(_design, axis=1), sort=False):
        known = rows["statistic"].isin(METRICS_OF_LEVELS)
        cells = [rows[rows["statistic"] == metric] for metric in METRICS_OF_LEVELS]
        lines.append(f"| {design} | {' | '.join(map(_range, [*cells, rows[~known]]))} |")
    return "\n".join(lines)


def _ranges(levels: pd.DataFrame) -> str:
    """Return the Markdown table of the range over learners and designs, in per cent.

    Designs are those in which models share their splits. One-sided claims and learning curves are
    told of all metrics together, and the deviation of those that have a column elsewhere.
    """
    lines = ["| procedure | of | 82 patients | 300 patients |", "|---|---|---|---|"]
    levels = levels[levels["shared_splits"] == 1]
    told = (levels["procedure"] != "deviation_chi_square") | levels["statistic"].isin(
        METRICS_OF_LEVELS
    )
    levels = levels[told]
    names = zip(levels["procedure"], levels["statistic"], strict=True)
    levels = levels.assign(statistic=[_any_metric(*own) for own in names])
    for (procedure, statistic), rows in levels.groupby(["procedure", "statistic"], sort=False):
        cells = [_range(rows[rows["n_patients"] == n]) for n in (82, 300)]
        lines.append(
            f"| {_words(procedure)} | {statistic_words(statistic)} | {' | '.join(cells)} |"
        )
    return "\n".join(lines)


def beyond_table(levels: pd.DataFrame) -> str:
    """Return the Markdown table of all that is relied on and is beyond its bound, with reasons."""
    beyond = beyond_bounds(levels)
    beyond["reason"] = [reason_of(row) for _, row in beyond.iterrows()]
    lines = [
        "| procedure | of | design | beyond, in % | bound | why |",
        "|---|---|---|---|---|---|",
    ]
    for _, rows in beyond.groupby([*LEVELS.key, "bound", "reason"], sort=False):
        row = rows.iloc[0]
        told = [
            f"{LEARNER_WORDS[name]} {100 * rate:.1f}"
            for name, rate in zip(rows["learner"], rows["rate"], strict=True)
        ]
        cells = [_words(row["procedure"]), statistic_words(row["statistic"]), _design(row)]
        cells += [", ".join(told), f"{100 * row['bound']:g}", str(row["reason"])]
        lines.append(f"| {' | '.join(cells)} |")
    given = sorted({*beyond["reason"]})
    return "\n".join([*lines, "", *(f"{number}. {REASONS[number - 1][0]}" for number in given)])


def reason_of(row: pd.Series) -> int:
    """Return the number of the reason for which a rate is beyond its bound, from 1 on.

    Raises
    ------
    ValueError
        If none of `REASONS` fits: it has to be found, and written there.
    """
    for number, (_, which) in enumerate(REASONS, start=1):
        if all(row[column] in allowed for column, allowed in which.items()):
            return number
    raise ValueError(f"a rate is beyond its bound for no reason of REASONS: {row.to_dict()}")


def _design(row: pd.Series) -> str:
    """Return a simulated design in words."""
    if row["scheme"] == "repeated_kfold":
        folds = round(1 / row["test_proportion"])
        words = f"{folds} folds x {row['replicates'] // folds}"
    else:
        words = f"{row['replicates']} {row['scheme']} splits"
    own = "" if row["shared_splits"] else ", each model its own"
    return f"{words} of {row['n_patients']} patients{own}"


def _range(rows: pd.DataFrame) -> str:
    rates = 100 * rows[list(LEARNERS)].to_numpy(dtype=float)
    return f"{rates.min():.1f} to {rates.max():.1f}" if rates.size else ""


def _any_metric(procedure: str, statistic: str) -> str:
    """Return a statistic, without its metric where all metrics are told of together."""
    if procedure in ("equivalence", "non_inferiority"):
        return "any metric"
    if procedure == "learning_curve":
        return f"any metric at {statistic.rpartition(' at ')[2]}"
    return statistic


def _words(procedure: str) -> str:
    return procedure.replace("_", " ")
