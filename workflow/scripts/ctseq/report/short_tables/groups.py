"""Subgroups of few models side by side, and of many by their file."""

from typing import Any

from ctseq.report.dataset import subgroups
from ctseq.report.study import Compared
from ctseq.report.tables import Table

# Models that fit beside each other on paper, each with its sensitivity and specificity.
_MOST_BESIDE = 3


def subgroups_shown(study: Compared) -> dict[str, Any]:
    """Return the table of subgroups, a row a group; of many models the name of its file."""
    if len(study.labels) <= _MOST_BESIDE:
        return subgroups(study)
    where = "All groups and models are in comparison/patients/subgroups.csv."
    return {"subgroups": Table("Subgroups", [], [], [where])}
