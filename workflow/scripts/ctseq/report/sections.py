"""The sections of the pages, which contents lists and pages loop over.

A new section is an entry here, and a template if it says more than its analyses' tables do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ctseq.core.paths import without_places
from ctseq.report.checklists.files import reporting_lines
from ctseq.report.comparison import false_alarms, further, has_further, primary
from ctseq.report.dataset import data, has_subgroups, is_papers, sample_size
from ctseq.report.described.models import limits, models
from ctseq.report.facts import cost_table, made_from
from ctseq.report.paper import against_paper, claims, corrected, printed_table
from ctseq.report.short_tables.groups import subgroups_shown
from ctseq.report.short_tables.models import encoder_table, overview, preparations
from ctseq.report.short_tables.replicates import replicates_shown
from ctseq.report.study import Compared, Published, Study
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
        What the templates need beside the names that all templates have, from the same.
    template
        A file in ``templates/sections/`` with what stands in the open; empty for none.
    folded
        Another with what a reader opens: how it was computed, and what few ask for. The figures and
        tables of the section that are not in the open follow it there.
    folds
        What the folded template holds, in the words of the line that opens it.
    shown
        Names of the section's figures and tables that stand in the open.
    intervals
        What kinds of intervals it prints, as `coverage` takes them: its last sentence says how
        often such ones held the truth in simulated studies.
    """

    id: str
    title: str
    when: Callable[[Any], bool] = lambda study: True
    context: Callable[[Any], Mapping[str, Any]] = lambda study: {}
    template: str = ""
    folded: str = ""
    folds: str = ""
    shown: tuple[str, ...] = ()
    intervals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _with(table: str) -> Callable[[Compared], bool]:
    return lambda study: table in study.comparison


def _with_rows(table: str) -> Callable[[Compared], bool]:
    return lambda study: table in study.comparison and not study.comparison[table].empty


def _paper(study: Compared) -> dict[str, Any]:
    alike = isinstance(study, Study) and study.target == study.published.target
    against = against_paper(study) if alike else None
    return {"false_alarms": false_alarms(study.comparison), "against": against}


def _appendix(study: Compared) -> dict[str, Any]:
    """Return where the paper's own tests stand, if the page has no section on them."""
    own = isinstance(study, Study) and not is_papers(study) and "t_test" in study.comparison
    return {"elsewhere": own, "false_alarms": false_alarms(study.comparison) if own else ""}


def _claims(study: Study) -> dict[str, Any]:
    return {**claims(study.published), "folds": True}


def _printed(study: Published) -> dict[str, Any]:
    return {"printed": printed_table(study)}


def _models(study: Study) -> dict[str, Any]:
    tables = {"overview": overview, "encoders": encoder_table, "preparations": preparations}
    return {**models(study), **{name: table(study) for name, table in tables.items()}}


def _replicates(study: Compared) -> dict[str, Any]:
    return {"replicates": replicates_shown(study)}


def _run(study: Study) -> dict[str, Any]:
    return {
        "checklists": reporting_lines(study),
        "costs": cost_table(study.costs),
        "made_from": made_from(study.indexed, study.encoders),
        "versions": [f"{name} {version}" for name, version in study.versions.items()],
        "config_yaml": spelled(without_places(study.config)),
    }


_CLAIMED = "What the published figures do not support"
_APPENDIX = Section(
    "appendix", "All metrics and pairs", context=_appendix, template="appendix.html.j2"
)
_PAPER = Section(
    "paper",
    "The paper's analysis",
    context=_paper,
    template="paper.html.j2",
    folded="against.html.j2",
)
_REPLICATES = Section(
    "replicates",
    "What each replicate did",
    context=_replicates,
    folded="replicates.html.j2",
    folds="counts, metrics and remarks by replicate",
)

# The report of a study, made of a `Study`.
SECTIONS = [
    Section(
        "data",
        "The data",
        context=data,
        template="data.html.j2",
        folded="participants.html.j2",
        folds="participants by subset; files, slices and scans that were left out, and why",
        shown=("examples",),
    ),
    Section(
        "models",
        "Models and recipe",
        context=_models,
        template="models.html.j2",
        folded="recipes.html.j2",
        folds="how they are trained; preprocessing, checkpoints and their hashes",
    ),
    Section(
        "primary",
        "Primary evidence",
        context=primary,
        template="primary.html.j2",
        folded="test.html.j2",
        folds="verdicts by metric; the test, what it assumes, and its levels in simulated studies",
        shown=("differences",),
    ),
    Section(
        "discrimination",
        "Discrimination",
        when=_with("discrimination"),
        template="discrimination.html.j2",
        shown=("roc", "precision_recall", "discrimination"),
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
        folded="calibrated.html.j2",
        folds="curves, and how they are computed",
        shown=("calibration",),
        intervals={"calibration": ("",)},
    ),
    Section(
        "benefit",
        "Benefit where it is used",
        when=_with("net_benefit"),
        template="benefit.html.j2",
        shown=("benefit",),
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
        context=subgroups_shown,
        template="subgroups.html.j2",
        folded="groups.html.j2",
        folds="sensitivity and specificity by group, and how they are computed",
        shown=("subgroups",),
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
    replace(_PAPER, when=is_papers),
    Section("published", _CLAIMED, when=is_papers, context=_claims, folded="claims.html.j2"),
    _REPLICATES,
    Section(
        "further",
        "Further trainings",
        has_further,
        further,
        "further.html.j2",
        folded="trainings.html.j2",
        folds="numbers, and how they are computed",
        shown=("learning_curve",),
    ),
    Section("limits", "Limits of the conclusion", context=limits, template="limits.html.j2"),
    Section(
        "run",
        "The run",
        context=_run,
        template="run.html.j2",
        folded="configuration.html.j2",
        folds="what it was made from, time and memory, versions, checklists, the configuration",
    ),
]

# The page of the published study, made of a `Published`.
PUBLISHED_SECTIONS = [
    Section("published", _CLAIMED, context=claims, template="claims.html.j2"),
    Section(
        "primary",
        "Corrected analysis",
        context=corrected,
        template="corrected.html.j2",
        folded="verdicts.html.j2",
        folds="verdicts by metric",
        shown=("differences",),
    ),
    _APPENDIX,
    _PAPER,
    Section(
        "printed",
        "Every printed number",
        context=_printed,
        folded="printed.html.j2",
        folds="printed numbers beside recomputed ones",
    ),
    _REPLICATES,
]
