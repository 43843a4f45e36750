"""Studies of patients, and what fills the items of their checklists."""

from dataclasses import replace

from ctseq.evidence.analyses import ANALYSES
from ctseq.report.checklists.items import filled
from reports import TWO, study_of

# Sections that every study has; further ones fill further items.
ALWAYS = ("primary", "appendix", "paper", "discrimination", "calibration", "benefit")


def real(models=TWO, dataset="dicom", more=None, **changed):
    """Return a study of patients, of whom less is known than of phantoms, without optional tables.

    `more` are further tables.
    """
    study = study_of(models, dataset=dataset, **changed)
    always = [one.stem for one in ANALYSES.values() if one.section in ALWAYS]
    return replace(study, comparison={n: study.comparison[n] for n in always} | (more or {}))


def answers(checklist, study):
    """Return each item's number, or of cards its name, to what fills it."""
    found = filled(checklist, study).values()
    return {one.item.number or one.item.name: one for items in found for one in items}
