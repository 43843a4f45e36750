"""The protocols of config/ on the phantom: who chooses, what is trained, who sees the order."""

import json

import pandas as pd
import pytest
import yaml

from ctseq.core.tables import read_table
from ctseq.families.tables import HISTORY
from ctseq.replicates.tables import SCORES, SPLIT
from ctseq.study.models import HEAD_FAMILIES
from studies import ROOT, STUDY

# Each way of training that keeps the encoder frozen, and the control of config/order.yaml.
HEADS = {"vivit": "linear", "convnext": "linear", "gru": "gru", "gru-shuffled": "gru", "svm": "svm"}
IN_EPOCHS = [model for model, head in HEADS.items() if HEAD_FAMILIES[head] != "classical"]


def merged(*overlays):
    """Merge overlays as Snakemake does: sections key by key, later ones first."""
    result = {}
    for overlay in overlays:
        for key, value in overlay.items():
            both = isinstance(value, dict) and key in result
            result[key] = merged(result[key], value) if both else value
    return result


def shipped(name):
    return yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())


def first_runs(copy, models, overlay=None):
    """Run the workflow up to the metrics of each model's first replicate."""
    targets = (run(copy, model, "metrics.json") for model in models)
    outcome = copy.snakemake("--", *targets, overlay=overlay)
    assert outcome.status == 0, outcome.text[-8000:]
    return outcome


def run(copy, model, name):
    return (copy.results / f"runs/{model}/replicate-01/{name}").relative_to(copy.folder)


def table(copy, model, name, contract):
    return read_table(copy.folder / run(copy, model, name), contract)


@pytest.fixture(scope="module")
def recommended(study, checkpoints, tmp_path_factory):
    """Run the recommended protocol on the standing study, with other heads on its features."""
    image = {"kind": "image", "checkpoint": checkpoints["image"], "revision": "main"}
    models = {
        model: image | {"label": model, "head": {"type": head}} for model, head in HEADS.items()
    }
    del models["vivit"], models["convnext"]  # the study has them
    models["svm"] |= {"labels": "slice", "sequence_rule": "mean"}
    own = {
        "study": STUDY["study"],
        "splits": {"folds": 2},
        "tuning": {"folds": 2},
        "training": {"learning_rate": [1.0e-4, 1.0e-2], "epochs": 3},
        "models": models,
    }
    order = shipped("order")
    for model in ("mean", "attention"):  # go the way of the GRU
        del order["models"][model]
    order["comparison"]["contrasts"] = [["gru", "gru-shuffled"]]
    copy = study.copy.copy(tmp_path_factory.mktemp("recommended") / "copy")
    return copy, first_runs(copy, HEADS, merged(shipped("recommended"), order, own))


def test_models_with_one_encoder_share_its_features(recommended):
    copy, outcome = recommended
    assert not outcome.rules & {"pack_pixels", "extract_features"}
    features = {path.name for path in (copy.results / "features").iterdir()}
    assert features == {f"{model}.{kind}" for model in ("vivit", "convnext")
                        for kind in ("csv", "safetensors")}  # fmt: skip


@pytest.mark.parametrize("model", HEADS)
def test_training_patients_choose_and_test_patients_are_scored(recommended, model):
    copy, _ = recommended
    split = read_table(copy.results / "splits/replicate-01.csv", SPLIT)
    subset = split.set_index("patient_id")["subset"]
    scores = table(copy, model, "scores.csv", SCORES)
    of_patient = scores["patient_id"].map(subset)
    assert set(of_patient[scores["subset"] == "held_out"]) == {"train"}
    assert set(of_patient[scores["subset"] == "test"]) == {"test"}
    assert set(scores["patient_id"]) == set(subset.index)


@pytest.mark.parametrize("model", IN_EPOCHS)
def test_rate_and_epoch_have_the_lowest_loss_of_patients_held_out(recommended, model):
    copy, _ = recommended
    history = table(copy, model, "history.csv", HISTORY)
    best = history.loc[history["tuning_loss"].idxmin()]
    chosen = json.loads((copy.folder / run(copy, model, "training.json")).read_text())
    assert (chosen["peak_rate"], chosen["epoch"]) == (best["peak_rate"], best["epoch"])


def test_the_shuffled_head_saw_the_same_patients_in_another_order(recommended):
    copy, _ = recommended
    scores = [
        pd.read_csv(copy.folder / run(copy, model, "scores.csv"))
        for model in ("gru", "gru-shuffled")
    ]
    assert scores[0]["patient_id"].equals(scores[1]["patient_id"])
    assert (scores[0]["probability"] != scores[1]["probability"]).mean() > 0.5


@pytest.fixture(scope="module")
def released(modules_copy, checkpoints):
    """Run the protocol of the authors' program: both models trained whole, two epochs."""
    own = {
        "study": "released",
        "dataset": {
            "format": "phantom",
            "phantom": {"patients": 8, "positive": 4, "image_size": 56},
        },
        "training": {"epochs": 2},
        "models": {
            "vivit": {"checkpoint": checkpoints["video"]},
            "convnext": {"checkpoint": checkpoints["image"]},
        },
    }
    copy = modules_copy(merged(shipped("released-code"), own))
    return copy, first_runs(copy, ("vivit", "convnext"))


def test_the_released_program_trains_all_weights_and_extracts_no_features(released):
    assert {"finetune", "evaluate"} < released[1].rules
    assert not released[1].rules & {"extract_features", "train_head"}


@pytest.mark.parametrize("model", ["vivit", "convnext"])
def test_the_released_program_keeps_the_epoch_that_reported_patients_like_best(released, model):
    copy, _ = released
    history = table(copy, model, "history.csv", HISTORY)
    assert history.loc[history["kept"] == 1, "epoch"].tolist() == [
        history.loc[history["tuning_accuracy"].idxmax(), "epoch"]
    ]
    assert set(table(copy, model, "scores.csv", SCORES)["subset"]) == {"test"}


def test_the_released_program_looks_at_18_frames_and_19_slices(released):
    copy, _ = released
    checkpoint = json.loads((copy.folder / run(copy, "vivit", "model/config.json")).read_text())
    assert checkpoint["num_frames"] == 18
    numbers = table(copy, "convnext", "scores.csv", SCORES)["slice_number"]
    assert numbers.max() == 19
