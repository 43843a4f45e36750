"""The protocols of config/ on the phantom: inner choices, and heads that see the order."""

import json

import pandas as pd
import pytest
import yaml

from ctseq.tables import HISTORY, METRICS, SCORES, SPLIT, read_table
from studies import FRAMES, ROOT

MODELS = ("vivit", "convnext", "gru", "gru-shuffled")


def merged(*overlays):
    """Merge overlays as Snakemake does: sections key by key, later ones first."""
    result = {}
    for overlay in overlays:
        for key, value in overlay.items():
            both = isinstance(value, dict) and key in result
            result[key] = merged(result[key], value) if both else value
    return result


@pytest.fixture(scope="module")
def study(modules_copy, checkpoints):
    """Run the recommended protocol, with the heads of config/order.yaml, up to the metrics."""
    shipped = [
        yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
        for name in ("recommended", "order")
    ]
    for name in ("mean", "attention"):  # go the way of the other sequence heads
        del shipped[1]["models"][name]
    phantom = {"patients": 16, "positive": 8, "image_size": 56}
    own = {
        "study": "protocols",
        "dataset": {"format": "phantom", "phantom": phantom},
        "replicates": 2,
        "splits": {"folds": 2},
        "selection": {"folds": 2},
        "training": {"learning_rate": [1.0e-4, 1.0e-2], "epochs": 3},
        "models": {name: {"checkpoint": checkpoints["image"]} for name in MODELS}
        | {"vivit": {"checkpoint": checkpoints["video"], "frames": FRAMES}},
    }
    copy = modules_copy(merged(*shipped, own))
    outcome = copy.snakemake("results/protocols/metrics.csv")
    assert outcome.status == 0, outcome.text[-8000:]
    return copy, outcome


def run(copy, model, replicate, name):
    return copy.results / f"runs/{model}/replicate-{replicate:02d}/{name}"


def test_every_model_has_metrics_of_every_replicate(study):
    metrics = read_table(study[0].results / "metrics.csv", METRICS)
    assert metrics["model"].unique().tolist() == list(MODELS)
    assert (metrics.groupby(["model", "metric"]).size() == 2).all()


def test_models_with_one_backbone_share_its_features(study):
    copy, outcome = study
    extracted = [job for job in outcome.jobs if job.startswith("extract_features")]
    assert extracted == ["extract_features model=convnext", "extract_features model=vivit"]
    features = {path.name for path in (copy.results / "features").iterdir()}
    assert features == {f"{model}.{kind}" for model in ("vivit", "convnext")
                        for kind in ("csv", "safetensors")}  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("replicate", [1, 2])
def test_choices_are_made_on_training_patients(study, model, replicate):
    copy, _ = study
    split = read_table(copy.results / f"splits/replicate-{replicate:02d}.csv", SPLIT)
    subset = split.set_index("patient_id")["subset"]
    scores = read_table(run(copy, model, replicate, "scores.csv"), SCORES)
    of_patient = scores["patient_id"].map(subset)
    assert set(of_patient[scores["subset"] == "inner"]) == {"train"}
    assert set(of_patient[scores["subset"] == "validation"]) == {"validation"}
    assert set(scores["patient_id"]) == set(subset.index)
    history = read_table(run(copy, model, replicate, "history.csv"), HISTORY)
    best = history.loc[history["validation_loss"].idxmin()]
    chosen = json.loads(run(copy, model, replicate, "training.json").read_text())
    assert (chosen["peak_rate"], chosen["epoch"]) == (best["peak_rate"], best["epoch"])


def test_the_shuffled_head_saw_the_same_patients_in_another_order(study):
    scores = [
        pd.read_csv(run(study[0], model, 1, "scores.csv")) for model in ("gru", "gru-shuffled")
    ]
    assert scores[0]["patient_id"].equals(scores[1]["patient_id"])
    assert (scores[0]["probability"] != scores[1]["probability"]).mean() > 0.5
