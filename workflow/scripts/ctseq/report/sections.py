"""The sections of the pages, which contents lists and pages loop over.

A new section is an entry here, and a template if it says more than its analyses' tables do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ctseq.report.checklists.files import reporting_lines
from ctseq.report.comparison import false_alarms, further, has_further, primary
from ctseq.report.dataset import data, has_subgroups, sample_size, subgroups
from ctseq.report.facts import cost_table
from ctseq.report.models import limits, models
from ctseq.report.paper import against_paper, claims, corrected, printed_table
from ctseq.report.replicates import replicate_tables
from ctseq.report.study import Compared, Published, Study
from ctseq.report.tables import Table
from ctseq.study.registration import spelled


@dataclass(frozen=True)
class Section:
    """A part of a page under its own heading.

    Attributes
    ----------
    id
        Its anchor. It prints the tables of the analyses that name it as theirs.
    title
        Its heading, in the list of contents as well.
    when
        Whether the section is shown, from what the page is made of.
    context
        What the template needs beside the names that all templates have, from the same.
    template
        A file in ``templates/sections/``; empty for a section of tables alone.
    intervals
        What kinds of intervals it prints, as `coverage` takes them: its last sentence says how
        often such ones held the truth in simulated studies.
    """

    id: str
    title: str
    when: Callable[[Any], bool] = lambda study: True
    context: Callable[[Any], Mapping[str, Any]] = lambda study: {}
    template: str = ""
    intervals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _with(table: str) -> Callable[[Compared], bool]:
    return lambda study: table in study.comparison


def _with_rows(table: str) -> Callable[[Compared], bool]:
    return lambda study: table in study.comparison and not study.comparison[table].empty


def _paper(study: Compared) -> dict[str, Any]:
    alike = isinstance(study, Study) and study.target == study.published.target
    against = against_paper(study) if alike else None
    return {"false_alarms": false_alarms(study.comparison), "against": against}


def _claims(study: Study) -> dict[str, Any]:
    return {**claims(study.published), "folds": True}


def _printed(study: Published) -> dict[str, Any]:
    return {"printed": printed_table(study)}


def _replicates(study: Compared) -> dict[str, Any]:
    return {"replicates": replicate_tables(study)}


def _run(study: Study) -> dict[str, Any]:
    return {
        "checklists": reporting_lines(study),
        "costs": cost_table(study.costs),
        "versions": Table("", ["Program", "Version"], [*map(list, study.versions.items())]),
        "config_yaml": spelled(study.config),
    }


_CLAIMED = "What the published figures do not support"
_APPENDIX = Section("appendix", "All metrics and pairs", template="appendix.html.j2")
_PAPER = Section("paper", "The paper's analysis", context=_paper, template="paper.html.j2")
_REPLICATES = Section(
    "replicates", "What each replicate did", context=_replicates, template="replicates.html.j2"
)

# The report of a study, made of a `Study`.
SECTIONS = [
    Section("data", "The data", context=data, template="data.html.j2"),
    Section("models", "Models and recipe", context=models, template="models.html.j2"),
    Section("primary", "Primary evidence", context=primary, template="primary.html.j2"),
    Section(
        "discrimination",
        "Discrimination",
        when=_with("discrimination"),
        template="discrimination.html.j2",
        intervals={
            "curve": ("",),
            "interval": ("roc_auc", "average_precision", "recall", "specificity"),
        },
    ),
    Section(
        "calibration",
        "Calibration",
        when=_with("calibration"),
        template="calibration.html.j2",
        intervals={"calibration": ("",)},
    ),
    Section(
        "benefit",
        "Benefit where it is used",
        when=_with("net_benefit"),
        template="benefit.html.j2",
        intervals={
            "interval": ("net_benefit",),
            "difference": ("net_benefit",),
            "predictive_value": ("",),
        },
    ),
    Section(
        "subgroups",
        "Subgroups",
        when=has_subgroups,
        context=subgroups,
        template="subgroups.html.j2",
        intervals={"subgroup": ("",)},
    ),
    Section(
        "slices",
        "Where in a scan models point",
        when=_with_rows("localization"),
        template="slices.html.j2",
    ),
    Section(
        "sample_size",
        "Sample size",
        when=_with("sample_size"),
        context=sample_size,
        template="sample_size.html.j2",
    ),
    _APPENDIX,
    _PAPER,
    Section("published", _CLAIMED, context=_claims, template="claims.html.j2"),
    _REPLICATES,
    Section("further", "Further trainings", has_further, further, "further.html.j2"),
    Section("limits", "Limits of the conclusion", context=limits, template="limits.html.j2"),
    Section("run", "The run", context=_run, template="run.html.j2"),
]

# The page of the published study, made of a `Published`.
PUBLISHED_SECTIONS = [
    Section("published", _CLAIMED, context=claims, template="claims.html.j2"),
    Section("primary", "Corrected analysis", context=corrected, template="corrected.html.j2"),
    _APPENDIX,
    _PAPER,
    Section("printed", "Every printed number", context=_printed, template="printed.html.j2"),
    _REPLICATES,
]
