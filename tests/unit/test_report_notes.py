"""The report names scans of which something is odd, and counts those that it does not name."""

from dataclasses import replace

import pandas as pd

from ctseq.core.tables import typed
from ctseq.intake.counts import count_used
from ctseq.intake.tables import SCANS, SLICES
from ctseq.report.dataset import noted
from ctseq.report.page import render
from reports import study_of


def with_notes(notes):
    study = study_of({"first": "First", "second": "Second"})
    return replace(study, summary={**study.summary, "notes": notes})


def test_without_notes_nothing_is_said():
    assert noted(with_notes({})) is None


def test_scans_are_listed_in_a_fold_and_cut_with_a_count():
    study = with_notes({f"{n:03d}": "gap of 10 mm above slice 3" for n in range(60)})
    table = noted(study)
    assert table.title == "Scans of which something is to be known: 60"
    assert len(table.rows) == 20
    assert table.rows[0] == ["000", "gap of 10 mm above slice 3"]
    assert table.notes == ["And 40 more; the column note of the dataset's scans.csv has them all."]
    page = render(study)
    [line] = [line for line in page.splitlines() if line.startswith("<summary>Participants")]
    assert line.endswith("; Scans of which something is to be known: 60</summary>")
    assert noted(with_notes({"a": "x"})).notes == []


def test_the_counts_hold_the_notes():
    """Of four scans, the first one has one slice too few."""
    names = ["a", "b", "c", "d"]
    scans = typed({"scan_id": names, "patient_id": names, "target": [0, 1, 0, 1], "n_slices": 3,
                   "note": ["gap of 10 mm", "", "", ""]}, SCANS.only("scan_id", "patient_id",
                   "target", "n_slices", "note"))  # fmt: skip
    slices = typed(
        {"scan_id": names, "target": [0, 1, 0, 1], "hemorrhage": [0, 1, 0, 1], "slice_number": 1},
        SLICES,
    )
    inventory = pd.DataFrame({"kind": [], "scan_id": []})
    assert count_used(slices, scans, inventory)["notes"] == {"a": "gap of 10 mm"}
