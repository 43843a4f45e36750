"""Another target than any hemorrhage: one of its subtypes, on the phantom."""

import json

import pytest

from ctseq.core.tables import read_table
from ctseq.intake.tables import SCANS, SLICES
from studies import STUDY

METRICS = "results/small/runs/convnext/replicate-01/metrics.json"


@pytest.fixture(scope="module")
def subtype(modules_copy, local_encoders):
    """Run one replicate that looks for subdural hemorrhage."""
    dataset = STUDY["datasets"]["phantom"] | {"target": "subdural"}
    overlay = {"datasets": {"phantom": dataset}, "encoders": local_encoders}
    copy = modules_copy(STUDY | overlay | {"splits": {"stratify": True}})
    return copy, copy.snakemake("--", METRICS)


def test_a_subtype_is_looked_for_and_its_scans_are_positive(subtype):
    copy, outcome = subtype
    assert outcome.status == 0, outcome.text[-4000:]
    slices = read_table(copy.data / "slices.csv", SLICES)
    assert (slices["target"] == slices["subdural"]).all()
    scans = read_table(copy.data / "scans.csv", SCANS).set_index("scan_id")["target"]
    assert scans.to_dict() == slices.groupby("scan_id")["subdural"].max().to_dict()
    any_of_them = slices.groupby("scan_id")["hemorrhage"].max()
    assert 0 < scans.sum() < any_of_them.sum()
    summary = json.loads((copy.data / "summary.json").read_text())
    assert summary["positive_scans"] == scans.sum()
    assert "with subdural hemorrhage" in (copy.data / "logs/select_slices.log").read_text()
    assert json.loads((copy.folder / METRICS).read_text())["accuracy"] >= 0
