"""The analyses' tables as a page prints them: a row a model, and none too long to be read."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd

from ctseq.evidence.analyses import ANALYSES
from ctseq.evidence.metrics import METRICS
from ctseq.report.comparison import section_tables
from ctseq.report.notes import cut_note, words_of
from ctseq.report.numbers import count, estimate, number, size
from ctseq.report.short_tables.pairs import MERGED, pairs_table
from ctseq.report.short_tables.rows import narrowed
from ctseq.report.study import Compared, Conducted
from ctseq.report.tables import MEASURES, Table, footnotes_of


def page_tables(study: Compared, section: str) -> dict[str, Table]:
    """Return the tables that a section prints, by name and in their order.

    Some have a row a model, and those of pairs are merged. Of one that is too long, what the answer
    is about is left, or its file is named.
    """
    found = section_tables(study, section)
    # The page of the published study is its tests: they stand in full.
    merged = "resampled_t" in found and isinstance(study, Conducted)
    made = {
        name: _page_table(study, section, name, table)
        for name, table in found.items()
        if not (merged and name in MERGED)
    }
    return made | {"pairs": pairs_table(study)} if merged else made


def _page_table(study: Compared, section: str, name: str, table: Table) -> Table:
    frame = study.comparison[name]
    if name in _WIDE and not frame.empty and set(frame["model"]) <= set(study.labels):
        return _wide(frame, table, study, *_WIDE[name])
    words, own = narrowed(frame, study, _file_of(name))
    if not words:
        return table
    if own.empty:
        return Table(table.title, [], [], words)
    part = replace(study, comparison={**study.comparison, name: own})
    cut = section_tables(part, section)[name]
    return replace(cut, notes=[*words, *cut.notes])


def _file_of(stem: str) -> str:
    [name] = [one.name for one in ANALYSES.values() if one.stem == stem]
    return f"comparison/{name}.csv"


def _wide(
    frame: pd.DataFrame, table: Table, study: Compared, by: str, cell: Callable[[Any], str]
) -> Table:
    """Return a table with a row a model and, for each value of a column, a cell."""
    columns = list(dict.fromkeys(frame[by]))
    marks, legend = footnotes_of([words_of(cell) for cell in frame["notes"]])
    cells = {
        (row.model, getattr(row, by)): cell(row) + mark
        for row, mark in zip(frame.itertuples(), marks, strict=True)
    }
    rows = [
        [label, *(cells.get((model, value), "") for value in columns)]
        for model, label in study.labels.items()
        if model in set(frame["model"])
    ]
    if "treat_all" in frame:
        of_all = frame.drop_duplicates(by).set_index(by)["treat_all"]
        rows.append(["Treating all", *(size(of_all[value]) for value in columns)])
    header = ["", *(_title(by, value) for value in columns)]
    notes = [*_explained(frame, study), *cut_note(frame["notes"]), *legend]
    return Table(table.title, header, rows, notes)


def _explained(frame: pd.DataFrame, study: Compared) -> list[str]:
    """Return what the cells of a table with a row a model are."""
    if "patients_needed" in frame:
        wanted = frame.drop_duplicates("measure")["wanted_width"]
        widths = ", ".join(f"{width:g}" for width in wanted)
        return [
            f"Patients for an interval as wide as is wanted ({widths}); in brackets, how wide it "
            "is with as many as this study has."
        ]
    ends = " (lowest to highest replicate)" * ("replicate_low" in frame)
    notes = [f"Estimate [{100 * (1 - study.alpha):g} % interval]{ends}."]
    if "prevalence" in frame:
        notes.append(f"The prevalence is {number(frame['prevalence'].iloc[0])}.")
    return notes


def _estimate(row: Any) -> str:
    text = estimate(row)
    if not pd.isna(getattr(row, "replicate_low", float("nan"))):
        text += f" ({size(row.replicate_low)} to {size(row.replicate_high)})"
    return text


def _needs(row: Any) -> str:
    if pd.isna(row.patients_needed):
        return "unknown"
    return count(row.patients_needed) + ("" if pd.isna(row.width) else f" ({size(row.width)})")


def _title(by: str, value: Any) -> str:
    if by == "metric":
        return METRICS[value].title if value in METRICS else str(value)
    return MEASURES.get(value, str(value)) if by == "measure" else f"At {value:g}"


# Table to the column whose values become columns, and what their cells say.
_WIDE: dict[str, tuple[str, Callable[[Any], str]]] = {
    "model_means": ("metric", _estimate),
    "discrimination": ("metric", _estimate),
    "calibration": ("measure", _estimate),
    "net_benefit": ("threshold", _estimate),
    "sample_size": ("measure", _needs),
}
