"""What a study found: means with intervals, differences with verdicts, tables of analyses."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from ctseq.evidence.analyses import ANALYSES
from ctseq.evidence.over_replicates.resampled import corrected_mean
from ctseq.report.checklists.items import Answer
from ctseq.report.comparison import section_tables
from ctseq.report.numbers import interval, metric_title, number, p_value
from ctseq.report.study import Conducted
from ctseq.report.tables import Table

# Longer tables are named by their files alone.
_MOST_ROWS = 20


def section_answer(study: Conducted, section: str, text: str = "") -> Answer | None:
    """Return the tables of a section of the page; None if the study has none of them.

    Which analyses are of a section is their registry's knowledge, so that a new analysis appears
    here without another word.
    """
    names = [
        one.name
        for one in ANALYSES.values()
        if one.section == section and len(study.comparison.get(one.stem, ()))
    ]
    if not names:
        return None
    tables = section_tables(study, section).values()
    short = tuple(table for table in tables if 0 < len(table.rows) <= _MOST_ROWS)
    files = tuple(f"comparison/{name}.csv" for name in names)
    return Answer(text, (f"report.html#{section}", *files), short)


def of_model(study: Conducted, model: str) -> Conducted:
    """Return the study with those rows of its analyses that are about one model."""
    own = {
        name: frame[frame["model"] == model]
        for name, frame in study.comparison.items()
        if "model" in frame
    }
    return replace(study, comparison=own)


def metric_means(study: Conducted, models: Mapping[str, str]) -> Table:
    """Tabulate the mean over replicates of every metric compared, with its corrected interval.

    `models` are those to show, name to label.
    """
    header = ["", *models.values()]
    rows = [
        [metric_title(metric), *(_mean(study, model, metric) for model in models)]
        for metric in study.config["comparison"]["metrics"]
    ]
    note = (
        f"Mean over {study.config['replicates']} replicates with its {level(study)} interval, "
        "corrected for training sets that overlap."
    )
    return Table("", header, rows, [note])


def differences(study: Conducted) -> Table:
    """Tabulate the difference of each contrast in every metric, with what its interval shows."""
    verdicts = study.comparison["verdict"]
    rows = [
        [
            metric_title(row.metric) + " (primary)" * row.primary,
            f"{study.labels[row.model_a]} − {study.labels[row.model_b]}",
            f"{number(row.estimate)} {interval(row.low, row.high)}",
            number(row.margin, 2),
            "" if pd.isna(row.p_adjusted) else p_value(row.p_adjusted),
            _verdict(row, study.labels),
        ]
        for row in verdicts[verdicts["contrast"] == 1].itertuples()
    ]
    header = ["Metric", "Models", f"Difference, {level(study)} interval", "Margin", "p, adjusted"]
    return Table("", [*header, "Shown"], rows)


def level(study: Conducted) -> str:
    """Return the level of the study's intervals."""
    return f"{100 * (1 - study.alpha):g} %"


def overlap(study: Conducted) -> float:
    """Return what overlapping training sets add to 1/J in the variance of a mean."""
    return float(study.comparison["resampled_t"]["overlap"].iloc[0])


def _mean(study: Conducted, model: str, metric: str) -> str:
    rows = study.metrics[(study.metrics["model"] == model) & (study.metrics["metric"] == metric)]
    values = rows["value"]
    as_zero = study.config["comparison"]["undefined"] == "zero"
    kept = (values.fillna(0) if as_zero else values.dropna()).to_numpy()
    mean, low, high = corrected_mean(kept, overlap=overlap(study), alpha=study.alpha)
    text = number(mean) if pd.isna(low) else f"{number(mean)} {interval(low, high)}"
    few = f" ({len(kept)} of {len(values)} replicates)"
    return text + few * (len(kept) < len(values))


def _verdict(row: object, labels: Mapping[str, str]) -> str:
    """Return what a difference's interval shows, in a word or two."""
    if row.better:
        return f"{labels[row.better]} superior" + ", by less than matters" * row.equivalent
    if row.equivalent:
        return "equivalent"
    for model, noninferior in ((row.model_a, row.a_noninferior), (row.model_b, row.b_noninferior)):
        if noninferior:
            return f"{labels[model]} non-inferior"
    return "inconclusive" if row.reachable else "inconclusive; too few patients for equivalence"
