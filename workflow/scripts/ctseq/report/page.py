"""The pages of a study and of the published study: sections around an answer."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import jinja2

from ctseq.core.words import listed, sentence_case
from ctseq.figures import registry
from ctseq.report import sections
from ctseq.report.levels import coverage
from ctseq.report.numbers import number, p_equation, size
from ctseq.report.opening.answer import Answer, answer_of, sentence
from ctseq.report.opening.performance import performance_table
from ctseq.report.short_tables.analyses import page_tables
from ctseq.report.study import Published, Study

# Figures of one kind, such as one a model, that stand in the open: two stand side by side.
_MOST_OF_KIND = 2


def template(name: str) -> jinja2.Template:
    """Load a template of ``templates/``; it escapes every text that is filled in."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        # By default jinja2 escapes by a file's suffix, and .j2 is none that it knows.
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    own = (listed, number, p_equation, sentence_case, size)
    environment.filters |= {one.__name__: one for one in own}
    return environment.get_template(name)


def render(study: Study) -> str:
    """Return the report of a study: HTML that loads and runs nothing and escapes every text."""
    return _page("report.html.j2", sections.SECTIONS, study, answer_of(study))


def render_published(study: Published) -> str:
    """Return the page of the published study alone."""
    question = "What do the published replicates support?"
    answer = Answer(question, sentence(study), performance_table(study))
    return _page("published.html.j2", sections.PUBLISHED_SECTIONS, study, answer)


def _page(
    name: str,
    candidates: Sequence[sections.Section],
    study: Study | Published,
    answer: Answer,
) -> str:
    shown = [section for section in candidates if section.when(study)]
    return template(name).render(
        study=study,
        answer=answer,
        figures={"answer": [one for one in study.figures if one.kind == "answer"]},
        sections=shown,
        bodies=[_body(section, study) for section in shown],
    )


def _body(section: sections.Section, study: Study | Published) -> str:
    """Return a section's HTML: what stands in the open, and what a reader opens."""
    names = [*(one.name for one in registry.FIGURES if one.section == section.id), *section.shown]
    own = [one for one in study.figures if one.kind in names]
    several = Counter(one.kind for one in own)
    shown = [one for one in own if one.kind in section.shown and several[one.kind] <= _MOST_OF_KIND]
    return template("section.html.j2").render(
        study=study,
        config=study.config,
        labels=study.labels,
        section=section,
        pictures={
            "open": shown,
            "folded": [one for one in own if one not in shown],
        },
        tables=page_tables(study, section.id),
        coverage=coverage(study, section.intervals),
        **section.context(study),
    )
