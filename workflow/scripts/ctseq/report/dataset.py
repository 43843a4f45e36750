"""What the dataset holds and who its patients are, as the report prints it."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from ctseq.core.words import listed
from ctseq.evidence.over_patients.participants import ODD
from ctseq.readers.problems import REASONS
from ctseq.readers.subtypes import SUBTYPES
from ctseq.report.numbers import count
from ctseq.report.study import Study
from ctseq.report.tables import Table

# What is counted: its name, and the paper's number, by which its dataset is recognised.
_COUNTED = {
    "patients": ("Patients", 82),
    "positive_patients": ("Patients with hemorrhage", 36),
    "brain_slices": ("Brain slices", 2501),
    "positive_slices": ("Brain slices with hemorrhage", 318),
}
_CHARACTERISTICS = {
    "age_years": "Age, years",
    "women": "Women",
    "hemorrhage": "With hemorrhage",
    **{name: name.capitalize() for name in SUBTYPES},
    "n_slices": "Slices a patient",
    "spacing_mm": "Distance between slices, mm",
}
_SUBSETS = {"all": "All", "train": "Train", "test": "Test"}


def data(study: Study) -> dict[str, Any]:
    """Return the tables of counts, files and participants, and whether it is the paper's dataset.

    ``participants`` is None, and ``uneven`` empty, where their tables are not there.
    """
    summary, files = study.summary, study.summary["flow"]["files"]
    papers = not study.synthetic and all(summary[key] == n for key, (_, n) in _COUNTED.items())
    counts = [
        [name, "not labelled" if summary[key] is None else count(summary[key])]
        + [count(n)] * papers
        for key, (name, n) in _COUNTED.items()
    ]
    used = {"Files seen": files["seen"], "With slices of the study": files["used"]}
    left_out = {
        f"Left out: {REASONS[code].words}": n for code, n in files["excluded_by_reason"].items()
    }
    described, splits = (study.comparison.get(name) for name in ("participants", "splits"))
    return {
        "papers_data": papers,
        "counts": Table(
            "Patients and slices", ["", "This study"] + ["The paper's data"] * papers, counts
        ),
        "files": Table(
            "Files", ["", "Number"], [[name, count(n)] for name, n in (used | left_out).items()]
        ),
        "participants": None if described is None else participants(described),
        "uneven": "" if splits is None else uneven_splits(splits),
    }


def participants(described: pd.DataFrame) -> Table:
    """Return the table of participants, in all and by subset.

    `described` is ``comparison/patients/participants.csv``. What is known of nobody stands below
    the table, and what is missing of some in a row of its own.
    """
    values = described.set_index(["characteristic", "statistic", "subset"])
    n = values["value"]["patients", "n", "all"]
    rows = [["Patients", *(_spread(values, "patients", "n", subset) for subset in _SUBSETS)]]
    unknown = []
    for name, title in _CHARACTERISTICS.items():
        missing = values["value"][name, "missing", "all"]
        if missing == n:
            unknown.append(title[:1].lower() + title[1:].partition(",")[0])
            continue
        rows.append([title, *(_cell(values, name, subset) for subset in _SUBSETS)])
        if missing:
            cells = [_spread(values, name, "missing", subset) for subset in _SUBSETS]
            rows.append([f"{title.partition(',')[0]}: not known", *cells])
    notes = [
        "Number (share of those in whom it is known), or median (quartiles). Of subsets the mean "
        "over replicates, and in brackets the least and the most of a replicate: of a median, of a "
        "share, or of a number that stands alone."
    ]
    if unknown:
        notes.append(f"Not known of any patient: {listed(unknown)}.")
    return Table("Participants", ["", *_SUBSETS.values()], rows, notes)


def uneven_splits(splits: pd.DataFrame) -> str:
    """Return sentences that name the replicates with the fewest and most positive test patients.

    They say which splits are odd, if any. Empty where all replicates have the same share.

    Parameters
    ----------
    splits
        ``comparison/patients/splits.csv``.
    """
    shares = splits["positive_test"] / splits["n_test"]
    ends = [
        f"{_percent(end)} ({_replicates(splits[shares == end])})"
        for end in (shares.min(), shares.max())
    ]
    if shares.min() == shares.max():
        return ""
    first = splits.iloc[0]
    every = (first["positive_train"] + first["positive_test"]) / (
        first["n_train"] + first["n_test"]
    )
    odd = splits[splits["odd"] == 1]
    return (
        f"Of a replicate's test patients, {ends[0]} to {ends[1]} have a hemorrhage, beside "
        f"{_percent(every)} of all patients. Odd splits (fewer than one random split in "
        f"{1 / ODD:.0f} is as uneven): {_replicates(odd) if len(odd) else 'none'}."
    )


def _replicates(splits: pd.DataFrame) -> str:
    """Return in words which replicates these are."""
    return f"replicate{'s' * (len(splits) > 1)} {listed(map(str, splits['replicate']))}"


def _cell(values: pd.DataFrame, name: str, subset: str) -> str:
    """Return a characteristic of a subset: its number and share, or its median and quartiles."""

    def part(statistic: str) -> str:
        return _short(values["value"][name, statistic, subset])

    if (name, "n", subset) in values.index:
        share = values.loc[(name, "share", subset)]
        shown, ends = f"{part('n')} ({_percent(share['value'])})", _ends(share, _percent)
    else:
        shown = f"{part('median')} ({part('q1')} to {part('q3')})"
        ends = _ends(values.loc[(name, "median", subset)], _short)
    return shown + ends


def _spread(values: pd.DataFrame, name: str, statistic: str, subset: str) -> str:
    """Return one statistic with its extremes over replicates."""
    row = values.loc[(name, statistic, subset)]
    return _short(row["value"]) + _ends(row, _short)


def _ends(row: Mapping[str, float], write: Callable[[float], str]) -> str:
    """Return the least and the most over replicates in brackets; empty where they are equal."""
    return f" [{write(row['least'])}, {write(row['most'])}]" if row["least"] < row["most"] else ""


def _short(value: float) -> str:
    """Return a number with three digits, or a whole one in full."""
    return count(value) if value >= 100 or value % 1 == 0 else f"{value:.3g}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
