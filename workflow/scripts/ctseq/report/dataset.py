"""What the dataset holds, as the report prints it."""

from collections.abc import Mapping

from ctseq.readers.problems import REASONS
from ctseq.report.numbers import count
from ctseq.report.tables import Table

# What is counted: its name, and the paper's number, by which the data that it used are recognised.
_COUNTED = {
    "patients": ("Patients", 82),
    "positive_patients": ("Patients with hemorrhage", 36),
    "brain_slices": ("Brain slices", 2501),
    "positive_slices": ("Brain slices with hemorrhage", 318),
}


def has_papers_counts(summary: Mapping[str, object]) -> bool:
    """Tell whether a dataset holds as many patients and slices of either class as the paper's."""
    return all(summary[key] == number for key, (_, number) in _COUNTED.items())


def counts_table(summary: Mapping[str, object], *, synthetic: bool) -> Table:
    """Tabulate what the dataset holds, beside the paper's counts where it is the paper's data."""
    papers = not synthetic and has_papers_counts(summary)
    rows = [
        [name, "not labelled" if summary[key] is None else count(summary[key])]
        + ([count(number)] if papers else [])
        for key, (name, number) in _COUNTED.items()
    ]
    header = ["", "This study", *(["The paper's data"] if papers else [])]
    return Table("Patients and slices", header, rows)


def files_table(summary: Mapping[str, object]) -> Table:
    """Tabulate every file seen: used, or left out for which reason."""
    files = summary["flow"]["files"]
    rows = [
        ["Files seen", count(files["seen"])],
        ["With slices of the study", count(files["used"])],
    ]
    rows += [
        [f"Left out: {REASONS[code].words}", count(n)]
        for code, n in files["excluded_by_reason"].items()
    ]
    return Table("Files", ["", "Number"], rows)
