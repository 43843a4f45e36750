"""The sections of the pages, which contents lists and pages loop over.

A new section is an entry here, and a template if it says more than its analyses' tables do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from ctseq.report import comparison, dataset, facts, models, published, replicates
from ctseq.report.claims import claims
from ctseq.report.study import Published, Study
from ctseq.report.tables import Table


def _always(_: Any) -> bool:
    return True


def _nothing(_: Any) -> dict[str, Any]:
    return {}


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
        From what the page is made of to whether the section is shown.
    context
        From the same to what the template needs beside the names that all templates have.
    template
        A file in ``templates/sections/``; empty for a section of tables alone.
    """

    id: str
    title: str
    when: Callable[[Any], bool] = _always
    context: Callable[[Any], Mapping[str, Any]] = _nothing
    template: str = ""


def _data(study: Study) -> dict[str, Any]:
    return {
        "counts": dataset.counts_table(study.summary, synthetic=study.synthetic),
        "papers_data": not study.synthetic and dataset.has_papers_counts(study.summary),
        "files": dataset.files_table(study.summary),
    }


def _models(study: Study) -> dict[str, Any]:
    settings = study.config["models"]
    return {
        "learning": models.learning(study.config),
        "models": [
            models.model_table(study.config, own, study.models[name])
            for name, own in settings.items()
        ],
        "training": models.training_table(study.config),
    }


def _corrected(study: Study | Published) -> dict[str, Any]:
    return {"ratio": comparison.ratio_text(study.comparison)}


def _patients(study: Study) -> dict[str, Any]:
    return {"never": int(study.comparison["auc"]["n_never_tested"].iloc[0])}


def _paper(study: Study | Published) -> dict[str, Any]:
    against = published.against_paper(study) if isinstance(study, Study) else None
    return {"false_alarms": comparison.false_alarms(study.comparison), "against": against}


def _claims(study: Study | Published) -> dict[str, Any]:
    return {"claims": claims(study.published if isinstance(study, Study) else study)}


def _printed(study: Published) -> dict[str, Any]:
    return {"printed": published.printed_table(study)}


def _replicates(study: Study | Published) -> dict[str, Any]:
    tables = replicates.replicate_tables(study.metrics, study.summaries, labels=study.labels)
    return {"replicates": tables}


def _limits(study: Study) -> dict[str, Any]:
    return models.choices(study.config) | {
        "ways": list(models.ways_of(study.config)),
        "n_test": replicates.n_test(study.metrics),
        "one_backbone": models.share_a_backbone(study.config),
    }


def _run(study: Study) -> dict[str, Any]:
    rows = [list(item) for item in study.versions.items()]
    return {
        "costs": facts.cost_table(study.costs),
        "versions": Table("", ["Program", "Version"], rows),
        "config_yaml": yaml.safe_dump(dict(study.config), sort_keys=False, allow_unicode=True),
    }


_CLAIMED = "What the published figures do not support"
_DID = "What each replicate did"

# The report of a study, made of a `Study`.
SECTIONS = [
    Section("question", "The question", template="question.html.j2"),
    Section("data", "The data", _always, _data, "data.html.j2"),
    Section("models", "Models and recipe", _always, _models, "models.html.j2"),
    Section("primary", "Primary analysis", _always, _corrected, "primary.html.j2"),
    Section("patients", "Evidence over patients", _always, _patients, "patients.html.j2"),
    Section("paper", "The paper's analysis", _always, _paper, "paper.html.j2"),
    Section("published", _CLAIMED, _always, _claims, "claims.html.j2"),
    Section("replicates", _DID, _always, _replicates, "replicates.html.j2"),
    Section("limits", "Limits of the conclusion", _always, _limits, "limits.html.j2"),
    Section("run", "The run", _always, _run, "run.html.j2"),
]

# The page of the published study, made of a `Published`.
PUBLISHED_SECTIONS = [
    Section("published", _CLAIMED, _always, _claims, "claims.html.j2"),
    Section("primary", "Corrected analysis", _always, _corrected, "corrected.html.j2"),
    Section("paper", "The paper's analysis", _always, _paper, "paper.html.j2"),
    Section("printed", "Every printed number", _always, _printed, "printed.html.j2"),
    Section("replicates", _DID, _always, _replicates, "replicates.html.j2"),
]
