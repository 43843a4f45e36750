"""What a study's own choices put into checklists and cards: scans, targets, encoders, datasets."""

import pytest

from checklists import answers, real
from ctseq.report.checklists.card import model_card
from ctseq.report.checklists.claim import CLAIM
from ctseq.report.checklists.files import reporting_files
from ctseq.report.checklists.items import State


def test_a_checkpoint_of_the_hub_is_named_with_its_commit():
    study = real(given={"encoders": {"video": {"checkpoint": "google/vivit"}}})
    study.encoders["video"] = study.encoders["video"] | {"commit": "f00"}
    assert "video: google/vivit, commit f00, SHA-256" in answers(CLAIM, study)["24"].answer.text
    assert answers(model_card(study, "vivit"), study)["Licence"].state == State.AUTHORS


@pytest.mark.parametrize("own", [{}, {"family": "svm"}, {"training": {"trainable": "all"}}])
def test_a_card_names_the_files_of_its_model(own):
    study = real(given={"models": {"convnext": own}})
    places = answers(model_card(study, "convnext"), study)["Files"].answer.places
    assert places == (
        "runs/convnext/",
        "runs/convnext/replicate-01/fitted/",
        "../data/small/encoders/image.json",
    )


def test_scans_are_counted_and_patients_are_kept_together():
    study = real(twice=True)
    claim = answers(CLAIM, study)
    assert claim["35"].answer.text.startswith("62 scans of 31 patients, 30 of them (48.4 %) with")
    assert "On average 42.7 scans train and 19.3 are tested on." in claim["19"].answer.text
    for number in ("19", "29"):
        assert "Scans of one patient are never in both subsets" in claim[number].answer.text
    assert claim["22"].answer.text.endswith("a probability of hemorrhage a scan.")
    assert "negative ones positive" in claim["39"].answer.text
    assert "positive scans" in claim["39"].answer.text
    assert "Scans with each subtype" in claim["36"].answer.text
    assert "scan" not in answers(CLAIM, real())["19"].answer.text


def test_external_datasets_fill_the_item_in_part():
    other = {"datasets": {"cq500": {"format": "dicom", "path": "x"}}, "external": ["cq500"]}
    claim = answers(CLAIM, real(given=other))
    assert claim["33"].state == State.IN_PART
    assert "score the scans of cq500" in claim["33"].answer.text


def test_the_target_is_named_in_every_file():
    study = real(dataset="ct-ich-jpg", given={"datasets": {"small": {"target": "fracture"}}})
    for text in reporting_files(study).values():
        assert "hemorrhage" not in text
        assert "fracture" in text


def test_choices_on_reported_patients_are_said_to_flatter():
    honest = real(given={"tuning": {"patients": "train"}})
    for study, flattered in ((real(), True), (honest, False)):
        claim = answers(CLAIM, study)
        assert ("flatters" in claim["26"].answer.text) == flattered
        assert ("flatters" in claim["40"].answer.text) == flattered
    assert "5 inner folds choose the epoch." in answers(CLAIM, honest)["26"].answer.text


def test_models_that_share_an_encoder_describe_it_once():
    names = {"attention": "Attention", "mean": "Mean", "max": "Maximum"}
    own = {name: {"encoder": "image", "family": name} for name in names}
    claim = answers(CLAIM, real(names, given={"models": own}))
    assert claim["31"].state == State.AUTHORS
    assert "Attention and Mean; Attention and Maximum." in claim["4"].answer.text
    assert "Holm's adjustment over 2 contrasts" in claim["29"].answer.text
    places = [place for place in claim["22"].answer.places if "encoders" in place]
    assert places == ["../data/small/encoders/image.json"]
