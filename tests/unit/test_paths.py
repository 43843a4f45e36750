"""Paths of a configuration: each is there, or is the one that results were made from."""

import json
from pathlib import Path

import pytest

from configs import changed, merged, resolved
from ctseq.core.errors import InputError
from ctseq.study.encoders import catalogue_name, settings_in
from ctseq.study.given.origins import COMMAND_LINE, Origins
from ctseq.study.made.paths import check_paths
from ctseq.study.study import Study

CONFIG = changed(
    {
        "datasets": {
            "own": {"path": "scans", "format": "dicom", "labels": "labels.csv"}
            | {"links_into": ["store", "archive"]},
            "other": {"path": "elsewhere", "format": "dicom"},
            "unused": {"path": "nowhere", "format": "dicom"},
        },
        "dataset": "own",
        "external": ["other"],
        "encoders.vivit.checkpoint": "./video",
        "encoders.vivit.subfolder": "encoder",
        "encoders.convnext.checkpoint": "./image",
        "encoders.spare": {"sees": "slice", "checkpoint": "./nowhere"},
    }
)
FOLDERS = ("scans", "store", "archive", "elsewhere", "video/encoder", "image")
OF_SETTINGS = "was made with other settings: "
# What is mistyped, the key of it, and what is said that was made from another.
MISTYPED = {
    "path": (
        {"datasets": {"own": {"path": "scan"}}},
        "datasets.own.path (--config) is scan, which does not exist",
        f"results/data/own {OF_SETTINGS}path scans -> scan",
    ),
    "labels": (
        {"datasets": {"own": {"labels": "label.csv"}}},
        "datasets.own.labels (--config) is label.csv, a table that scans does not hold",
        f"results/data/own {OF_SETTINGS}labels labels.csv -> label.csv",
    ),
    "links_into": (
        {"datasets": {"own": {"links_into": ["store", "archiv"]}}},
        "datasets.own.links_into.1 (--config) is archiv, a folder that does not exist",
        f'{OF_SETTINGS}links_into ["store", "archive"] -> ["store", "archiv"]',
    ),
    "an external dataset": (
        {"datasets": {"other": {"path": "elsewere"}}},
        "datasets.other.path (--config) is elsewere, which does not exist",
        f"results/data/other {OF_SETTINGS}path elsewhere -> elsewere",
    ),
    "checkpoint": (
        {"encoders": {"convnext": {"checkpoint": "./imag"}}},
        "encoders.convnext.checkpoint (--config) is ./imag, a folder that does not exist",
        f"results/data/own/encoders/convnext.json {OF_SETTINGS}checkpoint ./image -> ./imag",
    ),
    "subfolder": (
        {"encoders": {"vivit": {"subfolder": "encoders"}}},
        "encoders.vivit.subfolder (--config) is encoders, which ./video does not have",
        f"results/data/own/encoders/vivit.json {OF_SETTINGS}subfolder encoder -> encoders",
    ),
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working directory with all that the configuration names."""
    monkeypatch.chdir(tmp_path)
    for name in FOLDERS:
        Path(name).mkdir(parents=True)
    Path("scans/labels.csv").touch()
    return tmp_path


def write(path, content):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(content))


@pytest.fixture
def results(folder):
    """Files of shared data, as they say what they were made with."""
    study = Study.of(resolved(CONFIG))
    for dataset in study.datasets.values():
        write(f"{dataset.folder}/format.json", {"settings": dataset.settings})
        for name, encoder in study.encoders.items():
            made = {"settings": settings_in(encoder, dataset)}
            write(f"{dataset.folder}/encoders/{name}.json", made)


def said(overlay=None):
    """Return what is said of a configuration that an overlay changes; empty if it is sound."""
    config = resolved(merged(CONFIG, overlay or {}))
    study, origins = Study.of(config), Origins((), ((COMMAND_LINE, overlay or {}),))
    datasets, encoders = study.datasets.values(), study.encoders.values()
    try:
        check_paths(config, datasets, encoders, origins=origins)
    except InputError as error:
        return str(error)
    return ""


def gone(*names):
    for name in names:
        Path(name).rename(f"{name}-before")


def test_what_is_there_and_what_is_not_used_is_no_matter():
    assert said() == ""


@pytest.mark.parametrize("case", MISTYPED)
def test_a_mistyped_path_is_named_with_what_results_were_made_from(results, case):
    overlay, key, made = MISTYPED[case]
    text = said(overlay)
    assert text.startswith(f"{key}, and ")
    assert made in text
    assert "results stay as they are" in text
    assert "make demo" not in text


@pytest.mark.parametrize("case", MISTYPED)
def test_a_mistyped_path_of_a_new_study_is_named(case):
    overlay, key, _ = MISTYPED[case]
    assert said(overlay).startswith(f"{key}.\n  - A relative path starts at the working directory")
    assert OF_SETTINGS not in said(overlay)


def test_all_of_them_are_listed_at_once(results):
    everything = {}
    for name in ("labels", "links_into", "an external dataset", "checkpoint", "subfolder"):
        everything = merged(everything, MISTYPED[name][0])
    title, *lines = said(everything).splitlines()
    assert title == "5 paths of the configuration do not exist:"
    assert [line.split()[1] for line in lines[:5]] == [
        "datasets.own.labels",
        "datasets.own.links_into.1",
        "datasets.other.path",
        "encoders.vivit.subfolder",
        "encoders.convnext.checkpoint",
    ]


def test_what_is_gone_is_served_under_the_settings_that_it_was_made_with(results):
    gone("scans", "store", "elsewhere", "video", "image")
    assert said() == ""
    assert "on_problem error -> exclude" in said({"datasets": {"own": {"on_problem": "exclude"}}})
    assert "first_slices null -> 9" in said({"encoders": {"convnext": {"first_slices": 9}}})


def test_after_an_earlier_failure_nothing_vouches_for_a_path(results):
    Path("results/data/own/format.json").unlink()
    Path("results/data/own/encoders/convnext.json").unlink()
    write("results/data/own/features/convnext.safetensors", {})
    gone("scans", "image")
    assert "datasets.own.path is scans, which does not exist" in said()
    assert "encoders.convnext.checkpoint is ./image, a folder that does not exist" in said()


def test_features_of_one_dataset_do_not_vouch_for_those_of_another(results):
    Path("results/data/other/encoders/convnext.json").unlink()
    gone("image")
    assert "encoders.convnext.checkpoint is ./image, a folder that does not exist" in said()


def test_an_index_of_an_earlier_version_that_has_no_settings_is_served(results):
    write("results/data/own/format.json", {"format": "dicom"})
    gone("scans")
    assert said() == ""


def test_a_synthetic_dataset_has_no_path():
    drawn = {"format": "phantom", "path": "nowhere", "phantom": {"layout": "dicom"}}
    assert said({"datasets": {"other": drawn}}) == ""


def test_an_id_of_the_hub_is_a_mistyped_folder_where_its_owner_is_a_folder(folder):
    (folder / "models/vit").mkdir(parents=True)
    assert said({"encoders": {"convnext": {"checkpoint": "models/vit"}}}) == ""
    assert said({"encoders": {"convnext": {"checkpoint": "owner/vit"}}}) == ""
    mistyped = {"encoders": {"convnext": {"checkpoint": "models/vot"}}}
    text = said(mistyped)
    assert text.startswith(
        "encoders.convnext.checkpoint (--config) is models/vot, a folder that do"
    )
    assert "where no folder here is called as the owner" in text
    (folder / "resources/checkpoints/models--vot--main").mkdir(parents=True)
    assert said(mistyped) == ""


def test_a_path_may_begin_at_home(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert said({"datasets": {"own": {"path": "~/scans", "links_into": ["~/store"]}}}) == ""
    text = said({"datasets": {"own": {"path": "~/scan"}}})
    assert f"datasets.own.path (--config) is {folder}/scan, which does not exist" in text


def test_only_ct_ich_comes_from_physionet():
    own = said({"datasets": {"own": {"path": "scan"}}})
    assert "physionet" not in own
    assert "snakemake --config 'datasets={own: {path: /where/it/is}}'" in own
    assert "make demo" in own
    papers = {"format": "ct-ich-jpg", "path": "scan", "labels": "auto", "window": "brain"}
    assert "https://physionet.org/content/ct-ich" in said({"datasets": {"other": papers}})


def test_an_overridden_encoder_goes_by_its_name_in_the_catalogue():
    config = {"encoders": {"vivit": {}, "vivit-large": {}}}
    assert catalogue_name("vivit-frames-18", config) == "vivit"
    assert catalogue_name("vivit-large-frames-18", config) == "vivit-large"
    assert catalogue_name("vivit", config) == "vivit"
    overlay = {
        "encoders": {"vivit": {"checkpoint": "./vid"}},
        "override": {"sequence": {"frames": 18}},
    }
    assert said(overlay).startswith("encoders.vivit.checkpoint (--config) is ./vid")
