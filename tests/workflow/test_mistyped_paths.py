"""A finished study whose paths are mistyped: it stops, says what there was, and touches nothing."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from configs import merged
from picture_folders import save_picture
from studies import FRAMES

OWN, OTHER = {"format": "folder", "path": "scans"}, {"format": "folder", "path": "elsewhere"}
STUDY = {
    "study": "clinic",
    "datasets": {
        "own": OWN | {"labels": "truth.csv", "links_into": ["store"]},
        "other": OTHER,
    },
    "dataset": "own",
    "external": ["other"],
    "encoders": {
        "vivit": {"checkpoint": "./video", "subfolder": "encoder", "frames": FRAMES},
        "convnext": {"checkpoint": "./image"},
    },
    "models": {"convnext": {"labels": "scan"}},
    "replicates": 2,
    "splits": {"stratify": True},
    "training": {"epochs": 1},
    "comparison": {"metrics": ["accuracy"]},
    "report": {"example_slices": False},
}
# What is mistyped, and what is said of it.
MISTYPED = {
    "a dataset": (
        {"datasets": {"own": {"path": "scan"}}},
        "datasets.own.path ({}, line 3) is scan, which does not exist, and results/data/own was "
        "made with other settings: path scans -> scan",
    ),
    "its labels": (
        {"datasets": {"own": {"labels": "truths.csv"}}},
        "datasets.own.labels ({}, line 3) is truths.csv, a table that scans does not hold, and "
        "results/data/own was made with other settings: labels truth.csv -> truths.csv",
    ),
    "a store": (
        {"datasets": {"own": {"links_into": ["stores"]}}},
        "datasets.own.links_into.0 ({}, line 4) is stores, a folder that does not exist, and "
        'results/data/own was made with other settings: links_into ["store"] -> ["stores"]',
    ),
    "an external dataset": (
        {"datasets": {"other": {"path": "elsewere"}}},
        "datasets.other.path ({}, line 3) is elsewere, which does not exist, and "
        "results/data/other was made with other settings: path elsewhere -> elsewere",
    ),
    "a checkpoint": (
        {"encoders": {"convnext": {"checkpoint": "./imag"}}},
        "encoders.convnext.checkpoint ({}, line 3) is ./imag, a folder that does not exist, and "
        "results/data/own/encoders/convnext.json was made with other settings: checkpoint "
        "./image -> ./imag",
    ),
    "its subfolder": (
        {"encoders": {"vivit": {"subfolder": "encoders"}}},
        "encoders.vivit.subfolder ({}, line 3) is encoders, which ./video does not have, and "
        "results/data/own/encoders/vivit.json was made with other settings: subfolder encoder "
        "-> encoders",
    ),
}
EVERYTHING = {}
for overlay, _ in MISTYPED.values():
    EVERYTHING = merged(EVERYTHING, overlay)
RECORDS = ("own/format.json", "other/format.json", "own/encoders/vivit.json")
RECORDS += ("own/encoders/convnext.json", "other/encoders/convnext.json")


def write_scans(folder, first, n):
    for patient in range(first, first + n):
        for number in range(3):
            save_picture(folder / f"p{patient:02d}/{number}.png", 12 * patient + number)
    rows = [f"p{patient:02d},{patient % 2}\n" for patient in range(first, first + n)]
    (folder / "truth.csv").write_text("patient_id,label\n" + "".join(rows))


@pytest.fixture(scope="module")
def finished(modules_copy, checkpoints):
    """The finished study of pictures written by hand, and its files."""
    copy = modules_copy(STUDY)
    write_scans(copy.folder / "scans", 1, 12)
    write_scans(copy.folder / "elsewhere", 13, 4)
    (copy.folder / "store").mkdir()
    shutil.copytree(checkpoints["sequence"], copy.folder / "video/encoder")
    shutil.copytree(checkpoints["slice"], copy.folder / "image")
    outcome = copy.snakemake()
    assert outcome.status == 0, outcome.text[-8000:]
    return copy, copy.tree("results")


@pytest.fixture(scope="module")
def plans(finished):
    copy, _ = finished
    cases = {name: {"overlay": overlay} for name, (overlay, _) in MISTYPED.items()}
    page = ["results/clinic/report.html"]
    cases["a page"] = {"overlay": EVERYTHING, "targets": page}
    cases["published"] = {"overlay": EVERYTHING, "targets": ["published"]}
    others = ["results/data/other/scans.csv"]
    cases["another dataset"] = {"overlay": MISTYPED["a dataset"][0], "targets": others}
    cases["as it was"] = {}
    return copy.plans(cases)


@pytest.mark.parametrize("name", MISTYPED)
def test_a_mistyped_path_stops_and_says_what_results_were_made_from(plans, name):
    file = f"case-{list(MISTYPED).index(name)}.yaml"
    (line,) = (line for line in plans[name].text.splitlines() if line.startswith("Error: "))
    assert MISTYPED[name][1].format(file) in line
    assert not plans[name].jobs
    assert "Nothing to be done" not in plans[name].text
    assert "made again" not in plans[name].text  # the error stands alone
    assert "Traceback" not in plans[name].text


def test_a_single_file_of_the_study_stops_as_well(plans):
    assert "Error: 5 paths of the configuration do not exist:" in plans["a page"].text
    assert not plans["a page"].jobs


def test_what_does_not_need_a_path_goes_on(plans):
    assert "write_published" in plans["published"].rules
    assert plans["another dataset"].idle
    assert plans["as it was"].idle


def test_all_at_once_touch_nothing(finished):
    copy, before = finished
    for options in ([], ["--forcerun", "index_dataset"], ["--rerun-triggers", "mtime"]):
        outcome = copy.snakemake(*options, overlay=EVERYTHING)
        assert outcome.status == 1
        for key in ("own.path", "own.links_into.0", "other.path"):
            assert f"  - datasets.{key} (overlay.yaml, line " in outcome.text
        for key in ("convnext.checkpoint", "vivit.subfolder"):
            assert f"  - encoders.{key} (overlay.yaml, line " in outcome.text
        assert copy.tree("results") == before


def test_after_an_earlier_failure_a_mistyped_path_still_stops(finished, tmp_path):
    copy = finished[0].copy(tmp_path / "copy")
    for record in RECORDS:
        (copy.folder / "results/data" / record).unlink()
    before = copy.tree("results")
    outcome = copy.snakemake(overlay=EVERYTHING)
    assert outcome.status == 1
    assert "Error: 5 paths of the configuration do not exist:" in outcome.text
    assert copy.tree("results") == before


def test_what_is_gone_is_served_and_what_is_new_is_not(finished, tmp_path):
    copy = finished[0].copy(tmp_path / "copy")
    for name in ("scans", "elsewhere", "store", "video", "image"):
        shutil.rmtree(copy.folder / name)
    assert copy.snakemake("--dry-run").idle
    outcome = copy.snakemake("--dry-run", overlay={"encoders": {"vivit": {"frames": 2}}})
    assert outcome.status == 1
    assert "frames 4 -> 2" in outcome.text
    for options in (["--list"], ["--unlock"]):
        assert copy.snakemake(*options, overlay=EVERYTHING).status == 0


def test_the_page_tells_what_was_used_and_no_folder_of_this_machine(finished):
    copy, _ = finished
    page = " ".join((copy.results / "report.html").read_text("utf-8").split())
    page = re.sub(r"<[^>]+>", " ", page)
    for words in ("folder scans, read as folder", "labels truth.csv, SHA-256", "index, SHA-256"):
        assert words in page
    assert "checkpoint local folder image" in page
    assert str(copy.folder) not in page
    written = yaml.safe_load(Path(copy.results, "config.yaml").read_text())
    assert written["datasets"]["own"]["path"] == "scans"
