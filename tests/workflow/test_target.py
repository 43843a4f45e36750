"""Another target than any hemorrhage: one of its subtypes, on the phantom."""

import json

import pytest

from ctseq.core.tables import read_table
from ctseq.intake.tables import SCANS, SLICES
from studies import STUDY

METRICS = "results/small/runs/convnext/replicate-01/metrics.json"


@pytest.fixture(scope="module")
def subtype(modules_copy, local_encoders):
    """Run one replicate that looks for epidural hemorrhage."""
    dataset = STUDY["datasets"]["phantom"] | {"target": "epidural"}
    overlay = {"datasets": {"phantom": dataset}, "encoders": local_encoders}
    copy = modules_copy(STUDY | overlay | {"splits": {"stratify": True}})
    return copy, copy.snakemake("--", METRICS)


def test_a_subtype_is_looked_for_and_its_scans_are_positive(subtype):
    copy, outcome = subtype
    assert outcome.status == 0, outcome.text[-4000:]
    slices = read_table(copy.data / "slices.csv", SLICES)
    assert (slices["target"] == slices["epidural"]).all()
    scans = read_table(copy.data / "scans.csv", SCANS).set_index("scan_id")["target"]
    assert scans.to_dict() == slices.groupby("scan_id")["epidural"].max().to_dict()
    any_of_them = slices.groupby("scan_id")["hemorrhage"].max()
    assert 0 < scans.sum() < any_of_them.sum()
    summary = json.loads((copy.data / "summary.json").read_text())
    assert summary["positive_scans"] == scans.sum()
    assert "with epidural hemorrhage" in (copy.data / "logs/select_slices.log").read_text()
    assert json.loads((copy.folder / METRICS).read_text())["accuracy"] >= 0


def test_too_few_positive_patients_for_the_folds_is_said(subtype):
    copy, _ = subtype
    overlay = {"splits": {"scheme": "repeated_kfold", "folds": 3}}
    outcome = copy.snakemake("--", "results/small/splits/replicate-01.csv", overlay=overlay)
    assert outcome.status != 0
    assert "splits.folds is 3 but only 2 of 14 patients are positive" in outcome.text
    assert "Traceback (most recent call last)" not in outcome.text
