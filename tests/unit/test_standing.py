"""Finished studies and the shared data that they stand on: what changes is said, here and there."""

import json

import pytest

from configs import changed, resolved
from ctseq.core.errors import InputError
from ctseq.study.made.standing import changes, check_layout, digests, mark_outdated
from ctseq.study.study import Study

PAGE = '<body><div id="standing" class="notice"></div><h1>Report</h1></body>'
DICOM = {"datasets.ct-ich": {"path": "x", "format": "dicom"}}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the data of the shipped study, and a finished study that stands on them."""
    monkeypatch.chdir(tmp_path)
    study = Study.of(resolved(changed(DICOM)))
    data = tmp_path / study.dataset.folder
    (data / "encoders").mkdir(parents=True)
    made = {"format.json": study.dataset.settings}
    for name, encoder in study.encoders.items():
        made[f"encoders/{name}.json"] = encoder.settings | {"window": study.dataset.window}
    for name, settings in made.items():
        (data / name).write_text(json.dumps({"settings": settings}))
    finished = tmp_path / "results/finished"
    finished.mkdir()
    paths = [f"{study.dataset.folder}/{name}" for name in made]
    (finished / "standing.json").write_text(json.dumps(digests(paths)))
    (finished / "report.html").write_text(PAGE)
    return tmp_path


def said(folder, keys):
    """Return what is said of a study whose configuration has some other keys."""
    study = Study.of(resolved(changed(DICOM | keys)))
    return list(changes(study, study.encoders, folder / "results"))


def test_the_same_settings_change_nothing(folder):
    assert said(folder, {}) == []
    assert said(folder, {"study": "other", "models.vivit.family": "logistic"}) == []


def test_a_changed_dataset_names_the_studies_that_stand_on_it(folder):
    assert said(folder, {"datasets.ct-ich.target": "subdural"}) == [
        "results/data/ct-ich: its index and all features are made again, since target "
        "hemorrhage -> subdural.",
        "  Finished studies that stand on them: finished; their pages will say so until they are "
        "made again.",
    ]


def test_other_patients_under_the_same_name_are_named(folder):
    (line, _) = said(folder, {"datasets.ct-ich.path": "y"})
    assert line.endswith("since path x -> y.")
    drawn = {"format": "phantom", "phantom": {"layout": "dicom", "patients": 20, "positive": 9}}
    lines = said(folder, {"datasets.ct-ich": drawn})
    assert "phantom null -> {" in lines[0]


def test_a_changed_encoder_is_named_alone(folder):
    (line, _) = said(folder, {"encoders.vivit.frames": 16})
    assert "features of vivit are made again, since frames 32 -> 16." in line
    lines = said(folder, {"datasets.ct-ich.window": "bone"})
    assert ["vivit" in lines[0], "convnext" in lines[2]] == [True, True]
    assert "window 40/120 -> 700/3200" in lines[0]


def test_what_is_overridden_stands_elsewhere(folder):
    assert said(folder, {"override.sequence": {"frames": 16}}) == []


def test_the_page_says_that_it_no_longer_matches_until_it_does(folder):
    page = folder / "results/finished/report.html"
    mark_outdated(folder / "results")
    assert page.read_text() == PAGE
    description = folder / "results/data/ct-ich/encoders/vivit.json"
    before = description.read_text()
    description.write_text("{}")
    for _ in range(2):  # once is enough
        mark_outdated(folder / "results")
    assert page.read_text().count("results/data/ct-ich/encoders/vivit.json changed") == 1
    assert "no longer matches" in page.read_text()
    description.unlink()
    mark_outdated(folder / "results")
    assert "no longer matches" in page.read_text()
    description.write_text(before)
    mark_outdated(folder / "results")
    assert page.read_text() == PAGE


def test_a_study_without_a_page_is_left_alone(folder):
    (folder / "results/finished/report.html").unlink()
    (folder / "results/data/ct-ich/format.json").write_text("{}")
    mark_outdated(folder / "results")
    assert [path.name for path in (folder / "results/finished").iterdir()] == ["standing.json"]


def test_results_of_an_earlier_version_are_neither_read_nor_overwritten(folder):
    study = Study.of(resolved(changed(DICOM)))
    check_layout(study)
    (folder / "results/ct-ich/dataset").mkdir(parents=True)
    with pytest.raises(InputError, match="mv results/ct-ich results/ct-ich-before"):
        check_layout(study)
