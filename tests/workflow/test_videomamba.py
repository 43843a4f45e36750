"""VideoMamba in a study: from a published file that was put into a folder, and a tiny one."""

import json

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from ctseq.core.tables import read_table
from ctseq.replicates.tables import SCORES
from studies import STUDY
from videomambas import published, small

MODELS = ("published", "tiny")


@pytest.fixture(scope="module")
def mambas(modules_copy, tmp_path_factory):
    """Run a study of both, up to the metrics of the first replicate."""
    folder = tmp_path_factory.mktemp("mambas")
    fetched = folder / "fetched by hand"
    fetched.mkdir()
    torch.save(published(small()), fetched / "videomamba_t16_k400_f8_res224.pth")
    of = {"type": "videomamba", "sees": "sequence"}
    encoders = {
        "published": of | {"checkpoint": str(fetched)},
        "tiny": of | {"checkpoint": "tiny", "frames": 4},
    }
    models = {name: {"encoder": name, "family": "linear"} for name in MODELS}
    own = {"study": "mambas", "encoders": encoders, "models": models, "compare": [*MODELS]}
    copy = modules_copy(STUDY | own)
    runs = [f"results/mambas/runs/{name}/replicate-01/metrics.json" for name in MODELS]
    outcome = copy.snakemake("--", *runs)
    assert outcome.status == 0, outcome.text[-8000:]
    return copy, outcome


def test_what_was_fetched_by_hand_is_converted(mambas):
    copy, outcome = mambas
    assert {"convert_checkpoint", "pretrain_tiny"} <= outcome.rules
    (made,) = (copy.folder / "resources/checkpoints").glob("local-fetched-by-hand-*/")
    converted, own = load_file(made / "model.safetensors"), published(small())
    assert converted.keys() == own.keys()
    assert all(np.array_equal(converted[name], own[name].numpy()) for name in own)


@pytest.mark.parametrize(("name", "width"), [("published", 24), ("tiny", 64)])
def test_it_is_described_and_scores_scans(name, width, mambas):
    copy, _ = mambas
    facts = json.loads((copy.data / f"encoders/{name}.json").read_text())
    assert (facts["architecture"], facts["width"], facts["frames"]) == ("VideoMamba", width, 4)
    features = load_file(copy.data / f"features/{name}.safetensors")["features"]
    assert features.shape == (14, width)
    assert (features.std(axis=0) > 0).all()
    scores = read_table(copy.folder / f"results/mambas/runs/{name}/replicate-01/scores.csv", SCORES)
    assert scores["probability"].between(0, 1).all()
    assert scores["scan_id"].is_unique
