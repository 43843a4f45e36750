"""The analyses' tables as a page prints them: a row a model, and none too long to be read."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from ctseq.evidence.analyses import ANALYSES
from ctseq.evidence.metrics import METRICS
from ctseq.report.comparison import section_tables
from ctseq.report.notes import words_of
from ctseq.report.numbers import count, interval, number, size
from ctseq.report.study import Compared
from ctseq.report.tables import MEASURES, Table, footnotes_of

# Nobody reads more on a page; a file has them all. It is as many as six models have contrasts
# between them and one left over, or two models replicates in most studies.
MOST_ROWS = 24

# Table to the column whose values become columns, so that a model is one row.
_WIDE = {"discrimination": "metric", "calibration": "measure", "net_benefit": "threshold"}
_FILES = {one.stem: f"comparison/{one.name}.csv" for one in ANALYSES.values()}


def page_tables(study: Compared, section: str) -> dict[str, Table]:
    """Return the tables that a section prints, by name and in their order.

    Some have a row a model; of one that is too long, what the answer is about is left, or its file
    is named.
    """
    found = section_tables(study, section)
    return {name: _page_table(study, section, name, table) for name, table in found.items()}


def _page_table(study: Compared, section: str, name: str, table: Table) -> Table:
    frame = study.comparison[name]
    if name in _WIDE and set(frame["model"]) <= set(study.labels):
        return _wide(frame, _WIDE[name], table, study)
    if len(frame) <= MOST_ROWS:
        return table
    whole = f"all {count(len(frame))} rows are in {_FILES[name]}"
    for words, own in _narrower(frame, study):
        if 0 < len(own) <= MOST_ROWS:
            part = replace(study, comparison={**study.comparison, name: own})
            cut = section_tables(part, section)[name]
            return replace(cut, notes=[f"{words} alone; {whole}.", *cut.notes])
    return Table(table.title, [], [], [f"Too long for this page: {whole}."])


def _narrower(frame: pd.DataFrame, study: Compared) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield what is left of a table that is too long, the most first, with what it is of."""
    words = []
    if "operating_point" in frame:
        words, frame = ["The study's own decisions"], frame[frame["operating_point"] == "decisions"]
        yield words[0], frame
    if "metric" in frame:
        metric = study.config["comparison"]["primary"]
        words, frame = [METRICS[metric].title], frame[frame["metric"] == metric]
        yield words[0], frame
    if {"model_a", "model_b"} <= set(frame):
        verdict, key = study.comparison["verdict"], ["model_a", "model_b"]
        pairs = verdict.loc[verdict["contrast"] == 1, key].drop_duplicates()
        yield ", ".join([*words, "the study's contrasts"]), frame.merge(pairs, on=key)


def _wide(frame: pd.DataFrame, by: str, table: Table, study: Compared) -> Table:
    """Return a table with a row a model and, for each value of a column, its estimate."""
    columns = list(dict.fromkeys(frame[by]))
    marks, legend = footnotes_of([words_of(cell) for cell in frame["notes"]])
    cells = {
        (row.model, getattr(row, by)): _cell(row) + mark
        for row, mark in zip(frame.itertuples(), marks, strict=True)
    }
    labels = {name: label for name, label in study.labels.items() if name in set(frame["model"])}
    rows = [
        [label, *(cells.get((model, value), "") for value in columns)]
        for model, label in labels.items()
    ]
    header = ["", *(_title(by, value) for value in columns)]
    if "treat_all" in frame:
        of_all = frame.drop_duplicates(by).set_index(by)["treat_all"]
        rows.append(["Treating all", *(size(of_all[value]) for value in columns)])
    ends = " (lowest to highest replicate)" * ("replicate_low" in frame)
    notes = [f"Estimate [{100 * (1 - study.alpha):g} % interval]{ends}."]
    if "prevalence" in frame:
        notes.append(f"The prevalence is {number(frame['prevalence'].iloc[0])}.")
    return Table(table.title, header, rows, [*notes, *legend])


def _cell(row: object) -> str:
    text = size(row.estimate)
    if not pd.isna(row.low):
        text += f" {interval(row.low, row.high)}"
    if not pd.isna(getattr(row, "replicate_low", float("nan"))):
        text += f" ({size(row.replicate_low)} to {size(row.replicate_high)})"
    return text


def _title(by: str, value: object) -> str:
    if by == "metric":
        return METRICS[value].title if value in METRICS else str(value)
    return MEASURES.get(value, str(value)) if by == "measure" else f"At {value:g}"

