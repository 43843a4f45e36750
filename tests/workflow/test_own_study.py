"""The commands of docs/your-study.md, as they are typed, on a hospital's scans and its table."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from transformers import SwinForImageClassification, VideoMAEForVideoClassification

from architectures import write_checkpoint
from ctseq.core.files import read_json
from ctseq.phantom.layouts import write_phantom
from ctseq.readers.subtypes import SUBTYPES
from hub import write_cache
from studies import ROOT, write_copy

PAGE = (ROOT / "docs/your-study.md").read_text("utf-8")
CHECKPOINTS = {
    "microsoft/swin-tiny-patch4-window7-224": ("swin", SwinForImageClassification),
    "MCG-NJU/videomae-base-finetuned-kinetics": ("videomae", VideoMAEForVideoClassification),
}
# What a reader with less patience changes: a fifth of the replicates, a few epochs.
SHORTER = "\nreplicates: 5\ntraining: {learning_rate: [1.0e-3, 1.0e-2], epochs: 3}\n"


def commands():
    """Return what the page lets its reader type to get from scans to a report, in order."""
    steps = PAGE.partition("## 5.")[0]
    blocks = re.findall(r"^```\n((?:cp|make) .*?)^```", steps, re.M | re.S)
    return [line for block in blocks for line in block.splitlines()]


def write_clinic(folder):
    """Write DICOM series, and labels as a German spreadsheet program saves them."""
    write_phantom(folder, patients=20, positive=9, image_size=48, layout="dicom", seed=3)
    table = folder / "labels.csv"
    bleeds = pd.read_csv(table, dtype={"patient_id": str}).set_index("patient_id")[[*SUBTYPES]]
    own = bleeds.any(axis=1).groupby(level=0, sort=False).any()
    rows = [f"{patient};{'ja' if positive else 'nein'}\r\n" for patient, positive in own.items()]
    table.write_bytes("".join(["Patient;Blutung\r\n", *rows]).encode("cp1252"))


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    """Return a working copy with a hospital's folder, and a cache that has the checkpoints."""
    folder = tmp_path_factory.mktemp("own") / "ctseq"
    write_copy(folder, {})
    (folder / "study.yaml").unlink()
    (folder / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    for name in ("requirements.txt", "requirements-dev.txt", "constraints.txt"):
        (folder / name).touch()
    # An environment that is there already.
    (folder / ".venv").mkdir()
    (folder / ".venv/bin").symlink_to(Path(sys.executable).parent)
    (folder / ".venv/ready").touch()
    write_clinic(folder / "data/clinic")
    for name, (model_type, architecture) in CHECKPOINTS.items():
        source = folder.parent / model_type
        write_checkpoint(model_type, architecture, source)
        write_cache(folder.parent / "hub", source, name=name)
    return folder


def type_in(folder, command):
    answer = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=os.environ | {"HF_HUB_CACHE": str(folder.parent / "hub"), "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout
    return answer.stdout


def test_the_page_leads_from_scans_to_a_report(clinic):
    copied, checked, ran = commands()
    type_in(clinic, copied)
    with (clinic / "my-study.yaml").open("a", encoding="utf-8") as file:
        file.write(SHORTER)
    text = type_in(clinic, checked)
    assert "Check of the study my-study: nothing is wrong." in text
    assert re.search(r"^clinic +20 +9 +20 ", text, re.M), text
    assert not (clinic / "results/data/clinic/features").exists()
    text = type_in(clinic, ran)
    assert f"Report: {clinic}/results/my-study/report.html" in text
    page = (clinic / "results/my-study/report.html").read_text("utf-8")
    assert "<h1>Does VideoMAE find hemorrhage better than Swin?</h1>" in page
    assert str(clinic) not in page
    scans = pd.read_csv(clinic / "results/data/clinic/scans.csv")
    assert scans["target"].sum() == 9
    assert read_json(clinic / "results/data/clinic/format.json")["format"] == "dicom"
    shared = re.findall(r"^\| `([\w./]+?)/?`", PAGE.partition("## 7.")[2], re.M)
    assert "report.html" in shared
    for name in shared:
        assert (clinic / "results/my-study" / name).exists(), name


def test_a_tab_in_the_configuration_is_named_by_its_line(clinic):
    (clinic / "tab.yaml").write_text("study: x\n\treplicates: 5\n")
    command = "make recommended CONFIG=tab.yaml ARGS=check"
    answer = subprocess.run(
        ["bash", "-c", command], cwd=clinic, capture_output=True, text=True, check=False
    )
    assert answer.returncode != 0
    assert "tab.yaml, line 2: a tab before the first word" in answer.stderr
    assert "Traceback" not in answer.stderr
