"""Slices joined with their differences: a study of a two-stream model, up to its report."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from ctseq.cache.tables import ROWS
from ctseq.core.tables import read_table
from ctseq.replicates.tables import SCORES

FEATURES = "extract_features dataset=phantom, encoder="


@pytest.fixture(scope="module")
def streams(study, checkpoints, tmp_path_factory):
    """Run the study beside the finished one, whose features of slices it shares."""
    flow = {"sees": "difference", "checkpoint": checkpoints["slice"]}
    both = {"label": "Two streams", "encoder": ["convnext", "flow"], "family": "linear"}
    overlay = {"study": "streams", "encoders": {"flow": flow}, "models": {"streams": both}}
    overlay |= {"compare": ["convnext", "streams"]}
    copy = study.copy.copy(tmp_path_factory.mktemp("streams") / "copy")
    outcome = copy.snakemake(overlay=overlay)
    assert outcome.status == 0, outcome.text[-8000:]
    return copy, overlay, outcome


def test_only_differences_are_extracted(streams):
    _, _, outcome = streams
    jobs = [job for job in outcome.jobs if job.startswith(FEATURES)]
    assert jobs == [f"{FEATURES}flow"]


def test_the_report_says_what_the_model_sees(streams):
    copy, _, _ = streams
    page = (copy.folder / "results/streams/report.html").read_text("utf-8")
    for words in ("Two streams", "one slice at a time and the difference of each slice from the"):
        assert words in page
    for number in ("01", "02"):
        run = copy.folder / f"results/streams/runs/streams/replicate-{number}"
        assert 0 <= json.loads((run / "metrics.json").read_text())["accuracy"] <= 1
        assert read_table(run / "scores.csv", SCORES)["slice_number"].notna().all()


def test_all_lowest_slices_look_alike_and_no_others(streams):
    copy, _, _ = streams
    rows = read_table(copy.data / "features/flow.csv", ROWS)
    assert rows.equals(read_table(copy.data / "features/convnext.csv", ROWS))
    features = load_file(copy.data / "features/flow.safetensors")["features"]
    far = np.linalg.norm(features - features[0], axis=1) / np.linalg.norm(features[0])
    lowest = ~rows.duplicated("scan_id").to_numpy()
    assert far[lowest].max() < 1e-5 < far[~lowest].min()


def test_shuffled_slices_make_other_differences_a_replicate(streams):
    copy, overlay, _ = streams
    both = overlay["models"]["streams"] | {"shuffle_slices": True}
    shuffled = {"overlay": overlay | {"models": {"streams": both}}}
    plan = copy.plans({"shuffled": shuffled})["shuffled"]
    jobs = [job for job in plan.jobs if job.startswith("extract_features")]
    orders = [f"-shuffled-2024-replicate-{number}" for number in ("01", "02")]
    assert jobs == [f"{FEATURES}flow, order={order}" for order in orders]
