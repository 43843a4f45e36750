"""Encoders side by side in one study: five architectures without a classifier, and two joined."""

import json

import numpy as np
import pytest
import torch
import transformers
from safetensors.numpy import load_file

from ctseq.core.tables import read_table
from ctseq.replicates.tables import SCORES

SMALL = {"image_size": 32, "num_channels": 3, "hidden_size": 16, "intermediate_size": 32}
SMALL |= {"num_hidden_layers": 2, "num_attention_heads": 2}
PROCESSOR = {"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}}
STAGES = {"embed_dim": 8, "depths": [1, 1], "num_heads": [1, 2], "window_size": 4}
# Name to what it sees and the model, whose checkpoint has no classifier.
ARCHITECTURES = {
    "dinov2": (
        "slice",
        transformers.Dinov2Model,
        transformers.Dinov2Config(**SMALL, patch_size=8, mlp_ratio=2),
    ),
    "vit": ("slice", transformers.ViTModel, transformers.ViTConfig(**SMALL, patch_size=8)),
    "swin": (
        "slice",
        transformers.SwinModel,
        transformers.SwinConfig(**STAGES, image_size=32, patch_size=4),
    ),
    "resnet": (
        "slice",
        transformers.ResNetModel,
        transformers.ResNetConfig(
            embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic"
        ),
    ),
    "videomae": (
        "sequence",
        transformers.VideoMAEModel,
        transformers.VideoMAEConfig(**SMALL, patch_size=8, num_frames=4, tubelet_size=2),
    ),
}
MODELS = [*ARCHITECTURES, "joined"]


def write_checkpoint(folder, model, config):
    """Write a checkpoint of seeded random weights, as `save_pretrained` does."""
    torch.manual_seed(1)
    model(config).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))


@pytest.fixture(scope="module")
def side_by_side(study, tmp_path_factory):
    """Run one study of all of them, up to the metrics of the first replicate."""
    folder = tmp_path_factory.mktemp("encoders")
    encoders = {}
    for name, (sees, model, config) in ARCHITECTURES.items():
        checkpoint = folder / f"{name} without a classifier"  # blanks, as people have them
        write_checkpoint(checkpoint, model, config)
        encoders[name] = {"sees": sees, "checkpoint": str(checkpoint)}
    models = {name: {"encoder": name, "family": "linear"} for name in ARCHITECTURES}
    models["joined"] = {"encoder": ["dinov2", "resnet"], "family": "linear"}
    overlay = {"study": "five", "encoders": encoders, "models": models, "compare": MODELS}
    copy = study.copy.copy(folder / "copy")
    results = copy.folder / "results/five"
    runs = [f"results/five/runs/{model}/replicate-01/metrics.json" for model in MODELS]
    outcome = copy.snakemake("--", *runs, overlay=overlay)
    assert outcome.status == 0, outcome.text[-8000:]
    return copy, results


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_each_is_described_and_gives_features(side_by_side, name):
    copy, _ = side_by_side
    description = json.loads((copy.data / f"encoders/{name}.json").read_text())
    assert description["architecture"] == ARCHITECTURES[name][1].__name__
    features = load_file(copy.data / f"features/{name}.safetensors")["features"]
    assert features.shape[1] == description["width"]
    assert np.isfinite(features).all()
    assert (features.std(axis=0) > 0).any()


@pytest.mark.parametrize("model", MODELS)
def test_each_ends_in_metrics(side_by_side, model):
    _, results = side_by_side
    run = results / f"runs/{model}/replicate-01"
    metrics = json.loads((run / "metrics.json").read_text())
    assert 0 <= metrics["accuracy"] <= 1
    scores = read_table(run / "scores.csv", SCORES)
    assert scores["probability"].between(0, 1).all()
    assert scores["scan_id"].nunique() == 4


def test_what_is_joined_learns_from_both(side_by_side):
    copy, results = side_by_side
    widths = [
        json.loads((copy.data / f"encoders/{name}.json").read_text())["width"]
        for name in ("dinov2", "resnet")
    ]
    shapes = [
        values.shape
        for path in (results / "runs/joined/replicate-01/fitted").glob("*.safetensors")
        for values in load_file(path).values()
    ]
    assert any(sum(widths) in shape for shape in shapes)
