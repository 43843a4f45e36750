"""Tables of the report, made from tables of evidence by the names of their columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from ctseq.evidence.metrics import METRICS
from ctseq.evidence.notes import cut_ends
from ctseq.report.notes import cut_note, words_of
from ctseq.report.numbers import count, interval, number, p_value, size


@dataclass(frozen=True)
class Table:
    """A table to print: plain text throughout, which the template escapes.

    Attributes
    ----------
    title
        Above the table; empty for none.
    header, rows
        Cells.
    notes
        Lines below it.
    words
        Indices of columns that hold words rather than numbers.
    """

    title: str
    header: list[str]
    rows: list[list[str]]
    notes: list[str] = field(default_factory=list)
    words: frozenset[int] = frozenset()


_HEADINGS = {
    "pair": "Models",
    "df": "df",
    "p": "p",
    "p_adjusted": "p, adjusted",
    "n": "n",
    "n_a": "n, first",
    "n_b": "n, second",
    "n_undefined": "Undefined",
    "sd": "SD",
    "difference": "Difference sought",
    "cohens_d": "Cohen's d",
    "p_a_better": "P(first better)",
    "p_equivalent": "P(equivalent)",
    "p_b_better": "P(second better)",
    "average_rank": "Mean rank",
    "ppv": "PPV",
    "npv": "NPV",
    "treat_all": "Treating all",
    "replicate_interval": "Lowest, highest replicate",
}
# Measure to heading.
MEASURES = {
    "slope": "Slope (ideal 1)",
    "intercept": "Intercept (ideal 0)",
    "observed_expected": "Observed over expected (ideal 1)",
    "roc_auc": "AUC",
    "slice_auc": "AUC within a scan",
    "slice_hit": "Highest-scored slice is positive",
}
_EFFECTS = {
    "cohens_d": "Cohen's d",
    "cliffs_delta": "Cliff's delta",
    "hodges_lehmann_shift": "Hodges-Lehmann shift",
    "probability_a_better": "P(a replicate of the first is better)",
    "share_of_splits_won_by_a": "share of splits that the first wins",
}
# Probabilities of a belief or a power are no p values: they keep their zeros.
_P_VALUES = frozenset({"p", "p_adjusted"})
_STATED = frozenset({"threshold", "margin", "difference", "wanted_width"})  # by a configuration
# A small one is as good as 0.
_ROUNDED = frozenset({"statistic", "df", "power", "p_a_better", "p_equivalent", "p_b_better"})
_TESTED = frozenset({"statistic", "df", "p", "p_adjusted"})
_NONE = "\N{EN DASH}"
_WORDS = frozenset({"metric", "model", "pair", "study", "method", "effect", "operating_point"})
_WORDS |= {"verdict", "shown_by", "measure", "prevalence_of", "scored_by"}
_LONG = 32  # letters of a method from which it goes below the table


def table_of(
    frame: pd.DataFrame,
    *,
    title: str,
    labels: Mapping[str, str],
    alpha: float,
    headings: Mapping[str, str],
    drop: Sequence[str] = (),
) -> Table:
    """Return a table to print.

    Two models become one column, `low` and `high` an interval. A column of words that never
    changes, and notes, go below the table; a column without any value is left out.

    Parameters
    ----------
    frame
        As ``comparison/*.csv`` holds it, with numbers as numbers.
    title
        Above the table.
    labels
        Model to label.
    alpha
        Intervals have level 1 - `alpha`.
    headings
        Column to heading, where the usual one does not fit.
    drop
        Columns to leave out.
    """
    frame = frame.copy()
    cells = frame.pop("notes") if "notes" in frame else pd.Series("", index=frame.index)
    frame = _merged(frame, labels, cells).drop(columns=list(drop), errors="ignore")
    headings = {**_HEADINGS, "interval": f"{100 * (1 - alpha):g} % interval", **headings}
    notes = []
    footnotes = [words_of(cell) for cell in cells]
    if "pair" in frame and len(set(frame["pair"])) == 1:
        notes.append(f"Models: {frame.pop('pair').iloc[0]}.")
    if "method" in frame and len(set(frame["method"])) == 1:
        notes.append(f"Method: {frame.pop('method').iloc[0]}.")
    elif "method" in frame and frame["method"].str.len().max() > _LONG:
        methods = frame.pop("method")
        footnotes = [[method, *own] for method, own in zip(methods, footnotes, strict=True)]
    marks, legend = footnotes_of(footnotes)
    columns = [name for name in frame if not _is_empty(frame[name])]
    rows = [[_cell(name, row) for name in columns] for row in frame.to_dict(orient="records")]
    for row, mark in zip(rows, marks, strict=True):
        if row:
            row[-1] += mark
    header = [_heading(name, headings) for name in columns]
    words = frozenset(index for index, name in enumerate(columns) if name in _WORDS)
    return Table(title, header, rows, notes + cut_note(cells) + legend, words)


def _heading(name: str, headings: Mapping[str, str]) -> str:
    if name.endswith("_interval") and name not in headings:
        return headings["interval"]
    return headings.get(name, name.replace("_", " ").capitalize())


def _merged(frame: pd.DataFrame, labels: Mapping[str, str], notes: pd.Series) -> pd.DataFrame:
    if {"model_a", "model_b"} <= set(frame):
        first = frame.columns.get_loc("model_a")
        named = [frame.pop(name).replace(labels) for name in ("model_a", "model_b")]
        frame.insert(first, "pair", named[0] + " − " + named[1])
    if "model" in frame:
        frame["model"] = frame["model"].replace(labels)
    if "effect" in frame:
        frame["effect"] = [_EFFECTS.get(name, name.replace("_", " ")) for name in frame["effect"]]
    if "measure" in frame:
        frame["measure"] = frame["measure"].replace(MEASURES)
    if "metric" in frame:
        frame["metric"] = frame["metric"].map(lambda name: METRICS[name].title)
    for stem in [name.removesuffix("low") for name in frame if name.endswith("low")]:
        if f"{stem}high" in frame:
            first = frame.columns.get_loc(f"{stem}low")
            ends = frame.pop(f"{stem}low"), frame.pop(f"{stem}high")
            of = stem.removesuffix("_")
            cells = [
                _NONE if pd.isna([a, b]).all() else interval(a, b, cut=cut_ends(note, of))
                for a, b, note in zip(*ends, notes, strict=True)
            ]
            frame.insert(first, f"{stem}interval", cells)
    return frame


def _is_empty(column: pd.Series) -> bool:
    """Tell whether a column is empty, or counts undefined values of which there are none."""
    if column.name == "n_undefined" and (column == 0).all():
        return True
    return len(column) > 0 and bool((column.isna() | column.isin(["", _NONE])).all())


def footnotes_of(texts: Sequence[Sequence[str]]) -> tuple[list[str], list[str]]:
    """Return each row's marks, and the lines below the table; a note on all rows needs no mark."""
    everywhere = [part for part in texts[0] if all(part in own for own in texts)] if texts else []
    others = list(dict.fromkeys(p for own in texts for p in own if p not in everywhere))
    marks = [
        "".join(f" {_mark(others.index(part))}" for part in own if part not in everywhere)
        for own in texts
    ]
    legend = [f"All rows: {_sentence(part)}" for part in everywhere]
    return marks, legend + [f"{_mark(at)} {_sentence(part)}" for at, part in enumerate(others)]


def _mark(index: int) -> str:
    """Return a, b, c, ... as superscript letters, which need no markup."""
    letters = "ᵃᵇᶜᵈᵉᶠᵍʰ"
    return letters[index] if index < len(letters) else f"({index + 1})"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _cell(name: str, row: Mapping[str, object]) -> str:
    value = row[name]
    if isinstance(value, str):
        return value
    if name in _WORDS and pd.isna(value):
        return ""
    # An estimate without a test, or a goal out of reach, is not 0/0; the row's note says why.
    untested = name in _TESTED and not pd.isna(row.get("estimate", float("nan")))
    if pd.isna(value) and (untested or name.endswith("_needed")):
        return _NONE
    if name in _P_VALUES:
        return p_value(value)
    if isinstance(value, int) or name.endswith("_needed") or (name == "df" and value % 1 == 0):
        return count(value)
    if name in _STATED:
        return f"{value:g}"
    return number(value) if name in _ROUNDED else size(value)
