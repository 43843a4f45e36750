"""A label table with titles and words of its own, from the message to the scans."""

import json
import re

import pytest
import yaml

from ctseq.core.tables import read_table
from ctseq.intake.tables import SCANS
from picture_folders import write_pictures

SCANS_OF_OURS = "results/data/ours/scans.csv"


@pytest.fixture
def ours(working_copy, tmp_path):
    """A study of two patients' pictures, whose table a hospital wrote."""
    folder = write_pictures(tmp_path / "ours")
    (folder / "labels.csv").write_text("Patient;Blutung\np0;nein\np1;ja\n")
    its = {"path": str(folder), "format": "folder", "target": "hemorrhage"}
    return working_copy({"study": "x", "datasets": {"ours": its}, "dataset": "ours"})


def test_the_line_that_the_message_offers_reads_the_table(ours):
    first = ours.snakemake("--", SCANS_OF_OURS)
    assert first.status != 0
    (line,) = re.findall(r"^ *(columns: \{.*\})$", first.text, re.MULTILINE)
    assert line == "columns: {patient: Patient, label: Blutung, positive: [ja]}"
    assert "below datasets.ours:" in first.text
    columns = yaml.safe_load(line)
    second = ours.snakemake("--", SCANS_OF_OURS, overlay={"datasets": {"ours": columns}})
    assert second.status == 0, second.text[-4000:]
    scans = read_table(ours.folder / SCANS_OF_OURS, SCANS)
    assert scans.set_index("scan_id")["target"].to_dict() == {"p0": 0, "p1": 1}
    data = ours.folder / "results/data/ours"
    settings = json.loads((data / "format.json").read_text())["settings"]
    assert settings["columns"] == columns["columns"]
    log = (data / "logs/index_dataset.log").read_text()
    assert "labels.csv: the column Blutung is positive at 'ja' (1), and negative at" in log
    columns["columns"]["negative"] = ["nein"]
    changed = ours.snakemake("-n", "--", SCANS_OF_OURS, overlay={"datasets": {"ours": columns}})
    assert "index_dataset" in changed.rules
