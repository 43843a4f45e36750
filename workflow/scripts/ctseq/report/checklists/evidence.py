"""What a study found: means with intervals, differences with verdicts, tables of analyses."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from ctseq.evidence.analyses import ANALYSES
from ctseq.evidence.metrics import METRICS
from ctseq.report.checklists.items import Answer
from ctseq.report.comparison import section_tables
from ctseq.report.dataset import has_subgroups, participants, subgroups
from ctseq.report.notes import cut_note
from ctseq.report.numbers import estimate, p_value
from ctseq.report.study import Conducted
from ctseq.report.tables import Table
from ctseq.report.verdicts import verdict_words

# Longer tables are named by their files alone.
_MOST_ROWS = 20
# Sections whose page arranges the analyses' tables anew, to what returns the table.
_ARRANGED = {
    "data": participants,
    "subgroups": lambda study: subgroups(study)["subgroups"],
}


def section_answer(study: Conducted, section: str, text: str = "") -> Answer | None:
    """Return the tables of a section of the page; None if the study has none of them.

    Which analyses are of a section is their registry's knowledge, so that a new analysis appears
    here without another word.
    """
    own = {one.stem: one.name for one in ANALYSES.values() if one.section == section}
    found = {stem: study.comparison[stem] for stem in own if len(study.comparison.get(stem, ()))}
    if not found or (section == "subgroups" and not has_subgroups(study)):
        return None
    tables = section_tables(replace(study, comparison=found), section).values()
    short = tuple(table for table in tables if len(table.rows) <= _MOST_ROWS)
    if section in _ARRANGED:
        short += (_ARRANGED[section](study),)
    files = tuple(f"comparison/{own[stem]}.csv" for stem in found)
    return Answer(text, (f"report.html#{section}", *files), short)


def of_model(study: Conducted, model: str) -> Conducted:
    """Return the study with one model alone: as all that is compared, with rows of its analyses."""
    own = {
        name: frame[frame["model"] == model]
        for name, frame in study.comparison.items()
        if "model" in frame
    }
    return replace(study, config={**study.config, "compare": [model]}, comparison=own)


def metric_means(study: Conducted, models: Mapping[str, str]) -> Table:
    """Tabulate the mean over replicates of every metric compared, with its corrected interval.

    `models` are those to show, name to label.
    """
    means = study.comparison["model_means"].set_index(["metric", "model"])
    metrics = study.config["comparison"]["metrics"]
    rows = [
        [METRICS[metric].title, *(estimate(means.loc[metric, model]) for model in models)]
        for metric in metrics
    ]
    shown = means.loc[[(metric, model) for metric in metrics for model in models]]
    note = (
        f"Mean over {study.config['replicates']} replicates with its {level(study)} interval, "
        "corrected for training sets that overlap."
    )
    return Table("", ["", *models.values()], rows, [note, *cut_note(shown["notes"])])


def differences(study: Conducted) -> Table:
    """Tabulate the difference of each contrast in every metric, with what its interval shows."""
    verdicts = study.comparison["verdict"]
    verdicts = verdicts[verdicts["contrast"] == 1]
    rows = [
        [
            METRICS[row.metric].title + " (primary)" * row.primary,
            f"{study.labels[row.model_a]} − {study.labels[row.model_b]}",
            estimate(row),
            "" if pd.isna(row.p_adjusted) else p_value(row.p_adjusted),
            verdict_words(row, labels=study.labels),
        ]
        for row in verdicts.itertuples()
    ]
    header = ["Metric", "Models", f"Difference, {level(study)} interval", "p, adjusted", "Verdict"]
    return Table("", header, rows, cut_note(verdicts["notes"]))


def level(study: Conducted) -> str:
    """Return the level of the study's intervals."""
    return f"{100 * (1 - study.alpha):g} %"


def overlap(study: Conducted) -> float:
    """Return what overlapping training sets add to 1/J in the variance of a mean."""
    return float(study.comparison["resampled_t"]["overlap"].iloc[0])
