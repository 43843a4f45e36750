"""What the dataset holds, as the report prints it."""

from typing import Any

from ctseq.readers.problems import REASONS
from ctseq.report.numbers import count
from ctseq.report.study import Conducted
from ctseq.report.tables import Table

# What is counted: its name, and the paper's number, by which its dataset is recognised.
_COUNTED = {
    "patients": ("Patients", 82),
    "positive_patients": ("Patients with hemorrhage", 36),
    "brain_slices": ("Brain slices", 2501),
    "positive_slices": ("Brain slices with hemorrhage", 318),
}


def data(study: Conducted) -> dict[str, Any]:
    """Return the tables of counts and files, and whether this is the paper's dataset."""
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
    return {
        "papers_data": papers,
        "counts": Table(
            "Patients and slices", ["", "This study"] + ["The paper's data"] * papers, counts
        ),
        "files": Table(
            "Files", ["", "Number"], [[name, count(n)] for name, n in (used | left_out).items()]
        ),
    }
