"""The pages of a study and of the published study: sections around an answer."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from ctseq.figures import registry
from ctseq.report import replicates, sections
from ctseq.report.comparison import section_tables
from ctseq.report.rendering import template
from ctseq.report.sections import Section
from ctseq.report.study import Published, Study
from ctseq.report.verdicts import verdict_sentences


def render(study: Study) -> str:
    """Return the report of a study: HTML that loads and runs nothing and escapes every text."""
    warnings = replicates.warnings(study.metrics, study.summaries, labels=study.labels)
    return _page("report.html.j2", sections.SECTIONS, study, warnings=warnings)


def render_published(study: Published) -> str:
    """Return the page of the published study alone."""
    return _page("published.html.j2", sections.PUBLISHED_SECTIONS, study)


def _page(
    name: str, candidates: Sequence[Section], study: Study | Published, **context: Any
) -> str:
    shown = [section for section in candidates if section.when(study)]
    return template(name).render(
        study=study,
        verdicts=verdict_sentences(
            study.comparison, labels=study.labels, alpha=study.config["comparison"]["alpha"]
        ),
        sections=shown,
        bodies=[_body(section, study) for section in shown],
        **context,
    )


def _body(section: Section, study: Study | Published) -> str:
    """Return a section's HTML: what its template says, then its other figures and tables."""
    pictures = {kind: list(own) for kind, own in groupby(study.figures, lambda figure: figure.kind)}
    tables = section_tables(
        study.comparison,
        section.id,
        labels=study.labels,
        alpha=study.config["comparison"]["alpha"],
    )
    return template("section.html.j2").render(
        study=study,
        config=study.config,
        labels=study.labels,
        figures=pictures,
        own_figures=[one.name for one in registry.FIGURES if one.section == section.id],
        section=section,
        tables=tables,
        **section.context(study),
    )
