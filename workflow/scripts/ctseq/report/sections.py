"""The sections of the pages, which contents lists and pages loop over.

A new section is an entry here, and a template if it says more than its analyses' tables do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from ctseq.report.comparison import false_alarms, further, has_further
from ctseq.report.dataset import data
from ctseq.report.facts import cost_table
from ctseq.report.models import limits, models, views
from ctseq.report.numbers import number
from ctseq.report.paper import against_paper, claims, printed_table
from ctseq.report.replicates import replicate_tables
from ctseq.report.study import Compared, Published, Study
from ctseq.report.tables import Table


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
    """

    id: str
    title: str
    when: Callable[[Any], bool] = lambda study: True
    context: Callable[[Any], Mapping[str, Any]] = lambda study: {}
    template: str = ""


def _question(study: Study) -> dict[str, Any]:
    return {"views": views(study)}


def _corrected(study: Compared) -> dict[str, Any]:
    return {"ratio": number(study.comparison["resampled_t"]["test_train_ratio"].iloc[0], 2)}


def _patients(study: Study) -> dict[str, Any]:
    return {"never": int(study.comparison["auc"]["n_never_tested"].iloc[0])}


def _paper(study: Compared) -> dict[str, Any]:
    against = against_paper(study) if isinstance(study, Study) else None
    return {"false_alarms": false_alarms(study.comparison), "against": against}


def _claims(study: Study) -> dict[str, Any]:
    return claims(study.published)


def _printed(study: Published) -> dict[str, Any]:
    return {"printed": printed_table(study)}


def _replicates(study: Compared) -> dict[str, Any]:
    return {"replicates": replicate_tables(study)}


def _run(study: Study) -> dict[str, Any]:
    return {
        "costs": cost_table(study.costs),
        "versions": Table("", ["Program", "Version"], [*map(list, study.versions.items())]),
        "config_yaml": yaml.safe_dump(dict(study.config), sort_keys=False, allow_unicode=True),
    }


_CLAIMED = "What the published figures do not support"
_PAPER = Section("paper", "The paper's analysis", context=_paper, template="paper.html.j2")
_REPLICATES = Section(
    "replicates", "What each replicate did", context=_replicates, template="replicates.html.j2"
)

# The report of a study, made of a `Study`.
SECTIONS = [
    Section("question", "The question", context=_question, template="question.html.j2"),
    Section("data", "The data", context=data, template="data.html.j2"),
    Section("models", "Models and recipe", context=models, template="models.html.j2"),
    Section("primary", "Primary analysis", context=_corrected, template="primary.html.j2"),
    Section("patients", "Evidence over patients", context=_patients, template="patients.html.j2"),
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
    Section("primary", "Corrected analysis", context=_corrected, template="corrected.html.j2"),
    _PAPER,
    Section("printed", "Every printed number", context=_printed, template="printed.html.j2"),
    _REPLICATES,
]
