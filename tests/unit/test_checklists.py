"""Checklists and model cards: complete, filled with what a study knows, plain about the rest."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from checklists import answers, real
from ctseq.core.contracts import Table
from ctseq.evidence.analyses import ANALYSES
from ctseq.evidence.tables import Analysis
from ctseq.report.checklists.card import model_card
from ctseq.report.checklists.claim import CLAIM
from ctseq.report.checklists.files import checklists, reporting_files, reporting_lines
from ctseq.report.checklists.items import Answer, Filled, Item, State, counts, filled
from ctseq.report.checklists.tripod import TRIPOD_AI
from ctseq.report.numbers import CUT_MEANS
from ctseq.report.sections import SECTIONS
from ctseq.study.registration import sha256_of
from reports import TWO, study_of

TRIPOD_NUMBERS = (
    "1 2 3a 3b 3c 4 5a 5b 6a 6b 6c 7 8a 8b 8c 9a 9b 9c 10 11 12a 12b 12c 12d 12e 12f 12g 13 14 15 "
    "16 17 18a 18b 18c 18d 18e 18f 19 20a 20b 20c 21 22 23a 23b 24 25 26 27a 27b 27c"
)
MITCHELL = [
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and recommendations",
]


def items_of(checklist):
    return [item for items in checklist.parts.values() for item in items]


def test_every_item_of_claim_is_there_once():
    assert [item.number for item in items_of(CLAIM)] == [str(n) for n in range(1, 45)]


def test_every_item_of_tripod_is_there_once():
    numbers = [item.number for item in items_of(TRIPOD_AI)]
    assert " ".join(numbers) == TRIPOD_NUMBERS
    assert len(numbers) == 52
    assert {re.match(r"\d+", number)[0] for number in numbers} == {str(n) for n in range(1, 28)}


def test_every_model_has_a_card_with_mitchells_headings():
    study = study_of(TWO)
    files = [one.file for one in checklists(study)]
    cards = ["model-card-vivit.md", "model-card-convnext.md"]
    assert files == ["claim.md", "tripod-ai.md", *cards]
    assert list(model_card(study, "vivit").parts) == MITCHELL


def test_every_item_has_a_name_and_says_what_it_asks():
    for checklist in checklists(study_of(TWO)):
        names = [(item.number, item.name) for item in items_of(checklist)]
        assert len(set(names)) == len(names)
        for item in items_of(checklist):
            assert item.name
            assert not item.asks.endswith(".")
            assert item.asks


@pytest.mark.parametrize(
    ("answer", "also", "state", "left"),
    [
        (None, "", State.AUTHORS, "what it is"),
        (None, "say more", State.AUTHORS, "what it is"),
        (Answer("known"), "", State.FILLED, ""),
        (Answer("known"), "say more", State.IN_PART, "say more"),
        (Answer("known", complete=True), "say more", State.FILLED, ""),
    ],
)
def test_an_item_is_filled_in_part_or_left_to_the_authors(answer, also, state, left):
    one = Filled(Item("1", "Name", "what it is", also=also), answer)
    assert (one.state, one.left) == (state, left)


@pytest.mark.parametrize("study", [study_of(TWO), real()], ids=["phantom", "real"])
def test_counts_are_those_of_the_text(study):
    texts = reporting_files(study)
    for checklist, line in zip((CLAIM, TRIPOD_AI), reporting_lines(study), strict=False):
        found = counts(filled(checklist, study))
        assert sum(found.values()) == len(items_of(checklist))
        text = texts[checklist.file]
        for state, number in found.items():
            assert text.count(f"({state})\n") == number
            assert f"{number} {state}" in text.split("\n\n")[2]
            assert f"{number} {state}" in line
        assert line.startswith(f"reporting/{checklist.file}: ")


def test_the_page_says_where_the_cards_are():
    assert reporting_lines(real())[2:] == ["reporting/model-card-<model>.md: a card of each model"]


def test_what_a_study_knows_is_filled_in():
    claim = answers(CLAIM, real())
    assert claim["4"].answer.text.endswith(
        "ViViT and ConvNeXt. A difference below 0.05 does not matter."
    )
    assert "30 % of the patients" in claim["19"].answer.text
    assert "There are 3 replicates" in claim["19"].answer.text
    # 31 patients; replicates test 10, 10 and 9 of them.
    assert "On average 21.3 patients train and 9.7 are tested on." in claim["19"].answer.text
    assert "python 3.11" in claim["23"].answer.text
    assert claim["35"].answer.text.startswith("31 patients, 15 of them (48.4 %) with")
    assert claim["35"].answer.tables[0].rows == [
        ["Files", "1\N{NARROW NO-BREAK SPACE}000", "900", "mask: 100"],
        ["Slices", "901", "900", "no diagnosis row: 1"],
        ["Scans", "31", "31", "none"],
    ]
    assert claim["36"].answer.text.endswith("Patients with each subtype: subdural 4.")
    assert {claim[number].state for number in ("19", "23", "35")} == {State.FILLED}
    assert claim["7"].state == State.IN_PART
    unknown = ("2", "3", "5", "11", "13", "15", "16", "18", "31", "33", "34", "41", "44")
    assert [number for number, one in claim.items() if one.state == State.AUTHORS] == [*unknown]


def test_means_and_differences_are_the_tables_of_the_study():
    study = real()
    claim = answers(CLAIM, study)
    means = study.comparison["model_means"].set_index(["metric", "model"])
    [table] = claim["37"].answer.tables
    assert table.header == ["", "ViViT", "ConvNeXt"]
    own = means.loc["roc_auc", "vivit"]
    row = next(row for row in table.rows if row[0] == "ROC AUC")
    assert row[1] == f"{own['estimate']:.2f} [{own['low']:.2f}, 1.00†]"
    assert table.notes[-1] == CUT_MEANS
    [table] = claim["38"].answer.tables
    assert table.rows[0][0] == "Accuracy (primary)"
    assert [row[3] == "" for row in table.rows] == [False] + [True] * 5  # p of the primary alone


def test_nobody_is_behind_synthetic_patients():
    claim = answers(CLAIM, study_of(TWO))
    for number in ("5", "7", "11", "13", "14", "16"):
        assert claim[number].state == State.FILLED
    assert answers(TRIPOD_AI, study_of(TWO))["17"].state == State.FILLED
    assert answers(TRIPOD_AI, real())["17"].state == State.AUTHORS


def test_a_registration_is_said_to_match_or_not():
    study = real()
    assert "registered" not in answers(CLAIM, study)["42"].answer.text
    assert answers(CLAIM, study)["34"].state == State.AUTHORS
    assert answers(TRIPOD_AI, study)["18d"].state == State.AUTHORS
    for digest, words in ((sha256_of(study.config), "matches."), ("0" * 64, "does not match")):
        stated = real(registered={"sha256": digest, "date": "2025-03-01"})
        claim, tripod = answers(CLAIM, stated), answers(TRIPOD_AI, stated)
        for item in (claim["34"], claim["42"], tripod["18c"], tripod["18d"]):
            assert item.state == State.IN_PART
            assert f"a registration of 2025-03-01 with the hash {digest[:12]}…" in item.answer.text
            assert f"the hash of this configuration {words}" in item.answer.text


def test_an_optional_table_fills_its_items_only_where_it_has_rows(monkeypatch):
    columns = {"model": "text", "measure": "text", "estimate": "float"}
    analysis = Analysis("patients/toy", "predictions", None, Table(columns, ()), "slices")
    monkeypatch.setitem(ANALYSES, "patients/toy", analysis)
    frame = pd.DataFrame([("vivit", "hit", 0.8), ("convnext", "hit", 0.7)], columns=[*columns])
    places = ("report.html#slices", "comparison/patients/toy.csv")
    for table, known in ((None, False), (frame[:0], False), (frame, True)):
        study = real(more={} if table is None else {"toy": table})
        explained = answers(CLAIM, study)["31"]
        assert explained.state == (State.FILLED if known else State.AUTHORS)
        unitary = answers(model_card(study, "vivit"), study)["Unitary results"].answer
        assert (set(places) <= set(unitary.places)) == known
    assert explained.answer.places == ("runs/", *places)
    assert [row[0] for row in explained.answer.tables[0].rows] == ["ViViT", "ConvNeXt"]
    assert unitary.tables[-1].rows == [["ViViT", "hit", "0.80"]]  # of the card's model alone


def test_participants_and_subgroups_are_shown_as_on_the_page():
    study = study_of(TWO, dataset="dicom")
    claim, tripod = answers(CLAIM, study), answers(TRIPOD_AI, study)
    assert [table.title for table in claim["36"].answer.tables] == ["Participants"]
    assert {claim["36"].state, claim["37"].state, tripod["20c"].state} == {State.FILLED}
    assert tripod["14"].state == State.IN_PART
    [table] = answers(model_card(study, "vivit"), study)["Factors evaluated"].answer.tables
    assert table.title == "Subgroups"
    assert "Sensitivity, ViViT" in table.header
    assert "Sensitivity, ConvNeXt" not in table.header


def test_a_group_of_all_patients_is_no_subgroup():
    whole = study_of(TWO, dataset="dicom")
    groups = whole.comparison["subgroups"]
    study = real(more={"subgroups": groups[groups["attribute"] == "all"]})
    assert answers(TRIPOD_AI, study)["14"].state == State.AUTHORS


def test_a_study_without_any_optional_table_is_told():
    whole = real()
    needed = ("resampled_t", "verdict", "model_means", "power")
    study = replace(whole, comparison={name: whole.comparison[name] for name in needed})
    texts = reporting_files(study)
    assert "#calibration" in reporting_files(whole)["model-card-vivit.md"]
    assert "#calibration" not in "".join(texts.values())


def test_places_are_anchors_of_the_page_and_tables_of_analyses():
    sections = {section.id for section in SECTIONS}
    tables = {f"comparison/{name}.csv" for name in ANALYSES}
    for study in (study_of(TWO), real()):
        places = {
            place
            for checklist in checklists(study)
            for one in answers(checklist, study).values()
            if one.answer
            for place in one.answer.places
        }
        assert {place.partition("#")[2] for place in places if "#" in place} <= sections
        assert {place for place in places if place.startswith("comparison/")} <= tables


def test_no_folder_of_the_machine_is_named():
    given = {
        "datasets": {"small": {"path": "/data/hospital", "labels": "/home/alice/labels.csv"}},
        "encoders": {
            "video": {"checkpoint": "/home/alice/secret/my-vivit"},
            "image": {"checkpoint": "./private/my-convnext"},
        },
    }
    study = real(given=given)
    text = "".join(reporting_files(study).values())
    assert not re.search("/home|alice|secret|/data/hospital|private", text)
    assert "a local folder, my-vivit" in text
    assert "the table labels.csv" in text
