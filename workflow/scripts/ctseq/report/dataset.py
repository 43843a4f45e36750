"""What the dataset holds, as the report prints it."""

from collections.abc import Mapping

from ctseq.readers.reasons import REASONS
from ctseq.report.numbers import count
from ctseq.report.tables import Table

# By these the paper's data are known: ``dataset/summary.json`` of the release that it used.
PAPER_COUNTS = {
    "patients": 82,
    "positive_patients": 36,
    "brain_slices": 2501,
    "positive_slices": 318,
}
_COUNTED = {
    "patients": "Patients",
    "positive_patients": "Patients with hemorrhage",
    "brain_slices": "Brain slices",
    "positive_slices": "Brain slices with hemorrhage",
}


def has_papers_counts(summary: Mapping[str, object]) -> bool:
    """Tell whether a dataset holds as many patients and slices of either class as the paper's."""
    return all(summary[key] == value for key, value in PAPER_COUNTS.items())


def counts_table(summary: Mapping[str, object], *, synthetic: bool) -> Table:
    """Tabulate what the dataset holds, beside the paper's counts where it is the paper's data."""
    papers = not synthetic and has_papers_counts(summary)
    rows = [
        [name, "not labelled" if summary[key] is None else count(summary[key])]
        + ([count(PAPER_COUNTS[key])] if papers else [])
        for key, name in _COUNTED.items()
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
