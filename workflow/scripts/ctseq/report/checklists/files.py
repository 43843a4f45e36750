"""The checklists and model cards of a study, as files and as a line each on its page."""

from collections.abc import Mapping

from ctseq.report.checklists.card import model_card
from ctseq.report.checklists.claim import CLAIM
from ctseq.report.checklists.items import Checklist, filled
from ctseq.report.checklists.markdown import checklist_text, count_words
from ctseq.report.checklists.tripod import TRIPOD_AI
from ctseq.report.study import Conducted


def checklists(study: Conducted) -> list[Checklist]:
    """Return the checklists that a study fills, and the card of each of its models."""
    return [CLAIM, TRIPOD_AI, *(model_card(study, name) for name in study.labels)]


def reporting_files(study: Conducted) -> Mapping[str, str]:
    """Return the files of the study's folder ``reporting``, name to Markdown."""
    return {one.file: checklist_text(one, filled(one, study)) for one in checklists(study)}


def reporting_lines(study: Conducted) -> list[str]:
    """Return for each checklist its path and how many items are filled, and where the cards are."""
    lines = [
        f"reporting/{one.file}: {one.title}, {count_words(filled(one, study))}"
        for one in (CLAIM, TRIPOD_AI)
    ]
    return [*lines, "reporting/model-card-<model>.md: a card of each model"]
