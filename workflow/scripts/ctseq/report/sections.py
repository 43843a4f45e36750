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
from ctseq.study.models import training_settings


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
    when: Callable[[Any], bool]
    context: Callable[[Any], Mapping[str, Any]]
    template: str


def _always(_: Any) -> bool:
    return True


def _nothing(_: Any) -> dict[str, Any]:
    return {}


def _data(study: Study) -> dict[str, Any]:
    return {
        "counts": dataset.counts_table(study.summary, synthetic=study.synthetic),
        "papers_data": not study.synthetic and dataset.has_papers_counts(study.summary),
        "files": dataset.files_table(study.summary),
    }


def _models(study: Study) -> dict[str, Any]:
    return {
        "learning": models.learning(study.config),
        "models": [
            models.model_table(study.config, settings, study.models[name])
            for name, settings in study.config["models"].items()
        ],
        "training": models.training_table(study.config),
    }


def _test_train_ratio(study: Study | Published) -> dict[str, Any]:
    return {"ratio": comparison.ratio_text(study.comparison)}


def _patients(study: Study) -> dict[str, Any]:
    return {"never": int(study.comparison["auc"]["n_never_tested"].iloc[0])}


def _paper(study: Study) -> dict[str, Any]:
    return _published_paper(study) | {"against": published.against_paper(study)}


def _published_paper(study: Study | Published) -> dict[str, Any]:
    return {"false_alarms": comparison.false_alarms(study.comparison), "against": None}


def _claims(study: Study) -> dict[str, Any]:
    return {"claims": claims(study.published)}


def _replicates(study: Study) -> dict[str, Any]:
    tables = replicates.replicate_tables(study.metrics, study.summaries, labels=study.labels)
    return {"replicates": tables, "trained": _trained(study)}


def _published_replicates(study: Published) -> dict[str, Any]:
    tables = replicates.replicate_tables(study.metrics, {}, labels=study.labels)
    return {"replicates": tables, "trained": []}


def _trained(study: Study) -> list[str]:
    """Return the labels of the models whose training has epochs."""
    ways = models.ways_of(study.config)
    return [label for way, labels in ways.items() if way != "classical" for label in labels]


def _limits(study: Study) -> dict[str, Any]:
    config, ways = study.config, models.ways_of(study.config)
    trained, classical = _trained(study), ways.get("classical", [])
    inside = config["tuning"]["patients"] == "train"
    several = any(
        isinstance(training_settings(config, model)["learning_rate"], list)
        for model in config["models"].values()
        if model["label"] in trained
    )
    chosen = {
        "the epoch": trained and inside,
        "the learning rate": several,
        "the regularisation": classical,
        "the threshold": config["evaluation"]["threshold"] == "chosen",
    }
    return {
        "ways": list(ways),
        "flattered": [] if inside else trained,
        "chosen_inside": [what for what, is_so in chosen.items() if is_so],
        "n_test": replicates.n_test(study.metrics),
        "one_backbone": models.share_a_backbone(config),
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

# The report of a study, which has a `Study`.
SECTIONS = [
    Section("question", "The question", _always, _nothing, "question.html.j2"),
    Section("data", "The data", _always, _data, "data.html.j2"),
    Section("models", "Models and recipe", _always, _models, "models.html.j2"),
    Section("primary", "Primary analysis", _always, _test_train_ratio, "primary.html.j2"),
    Section("patients", "Evidence over patients", _always, _patients, "patients.html.j2"),
    Section("paper", "The paper's analysis", _always, _paper, "paper.html.j2"),
    Section("published", _CLAIMED, _always, _claims, "claims.html.j2"),
    Section("replicates", _DID, _always, _replicates, "replicates.html.j2"),
    Section("limits", "Limits of the conclusion", _always, _limits, "limits.html.j2"),
    Section("run", "The run", _always, _run, "run.html.j2"),
]

# The page of the published study, which has a `Published`.
PUBLISHED_SECTIONS = [
    Section(
        "published", _CLAIMED, _always, lambda study: {"claims": claims(study)}, "claims.html.j2"
    ),
    Section("primary", "Corrected analysis", _always, _test_train_ratio, "corrected.html.j2"),
    Section("paper", "The paper's analysis", _always, _published_paper, "paper.html.j2"),
    Section(
        "printed",
        "Every printed number",
        _always,
        lambda study: {"printed": published.printed_table(study)},
        "printed.html.j2",
    ),
    Section("replicates", _DID, _always, _published_replicates, "replicates.html.j2"),
]
