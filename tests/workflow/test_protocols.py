"""The protocols of config/ on the phantom: who chooses, what is trained, who sees the order."""

import json

import pandas as pd
import pytest
import yaml

from configs import merged
from ctseq.core.tables import read_table
from ctseq.families.tables import ATTENTION, HISTORY
from ctseq.families.ties import RESOLUTION
from ctseq.families.trained.exact import STRENGTHS
from ctseq.replicates.tables import PREDICTIONS, SCORES, SPLIT
from studies import ROOT, STUDY

# Each way of training that keeps the encoder frozen, and the control of config/order.yaml.
MODELS = {
    "vivit": "linear",
    "convnext": "linear",
    "gru": "gru",
    "gru-shuffled": "gru",
    "in-context": "gru",
    "transformer": "transformer",
    "transmil": "transmil",
    "smooth": "smooth",
    "svm": "svm",
    "logistic": "logistic",
}
# The recommended protocol solves linear heads.
TUNED = ["gru", "gru-shuffled", "in-context", "transformer", "transmil", "smooth"]


def shipped(name):
    return yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())


def first_runs(copy, models, overlay=None, files=("metrics.json",)):
    """Run the workflow up to the metrics, or other files, of each model's first replicate."""
    targets = (run(copy, model, file) for model in models for file in files)
    outcome = copy.snakemake("--", *targets, overlay=overlay)
    assert outcome.status == 0, outcome.text[-8000:]
    return outcome


def run(copy, model, name):
    return (copy.results / f"runs/{model}/replicate-01/{name}").relative_to(copy.folder)


def table(copy, model, name, contract):
    return read_table(copy.folder / run(copy, model, name), contract)


@pytest.fixture(scope="module")
def recommended(study, tmp_path_factory):
    """Run the recommended protocol on the standing study, with other families on its features."""
    own = {
        "study": STUDY["study"],
        "splits": {"folds": 2},
        "tuning": {"folds": 2},
        "training": {"learning_rate": [1.0e-4, 1.0e-2], "epochs": 3},
        "models": {
            "svm": {"encoder": "convnext", "family": "svm", "sequence_rule": "mean"},
            "in-context": {"family": "gru", "labels": "slice", "sequence_rule": "top_mean"},
            **{name: {"family": name} for name in ("transformer", "transmil", "smooth")},
        },
        "compare": list(MODELS),
        "comparison": {"contrasts": [["gru", "gru-shuffled"]]},
    }
    overlay = merged(merged(shipped("recommended"), shipped("order")), own)
    copy = study.copy.copy(tmp_path_factory.mktemp("recommended") / "copy")
    return copy, first_runs(copy, MODELS, overlay)


def test_models_with_one_encoder_share_its_features(recommended):
    copy, outcome = recommended
    assert not outcome.rules & {"describe_encoder", "pack_pixels", "extract_features"}
    features = {path.name for path in (copy.data / "features").iterdir()}
    assert features == {f"{encoder}.{kind}" for encoder in ("vivit", "convnext")
                        for kind in ("csv", "safetensors")}  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_training_patients_choose_and_test_patients_are_scored(recommended, model):
    copy, _ = recommended
    split = read_table(copy.results / "splits/replicate-01.csv", SPLIT)
    subset = split.set_index("patient_id")["subset"]
    scores = table(copy, model, "scores.csv", SCORES)
    of_patient = scores["patient_id"].map(subset)
    assert set(of_patient[scores["subset"] == "held_out"]) == {"train"}
    assert set(of_patient[scores["subset"] == "test"]) == {"test"}
    assert set(scores["patient_id"]) == set(subset.index)


@pytest.mark.parametrize("model", TUNED)
def test_the_kept_epoch_has_the_lowest_loss_of_patients_held_out(recommended, model):
    copy, _ = recommended
    history = table(copy, model, "history.csv", HISTORY)
    (kept,) = history[history["kept"] == 1].itertuples()
    chosen = json.loads((copy.folder / run(copy, model, "training.json")).read_text())
    assert (chosen["peak_rate"], chosen["epoch"]) == (kept.peak_rate, kept.epoch)
    # An epoch is as good as the best of its setting, and the setting as the best of all.
    assert kept.tuning_loss <= history["tuning_loss"].min() + 2 * RESOLUTION


@pytest.mark.parametrize("model", ["vivit", "convnext", "logistic"])
def test_the_strength_of_a_solved_head_is_one_of_the_grid(recommended, model):
    copy, _ = recommended
    chosen = json.loads((copy.folder / run(copy, model, "training.json")).read_text())
    assert chosen["C"] in STRENGTHS
    assert table(copy, model, "history.csv", HISTORY).empty


def test_the_shuffled_model_saw_the_same_scans_in_another_order(recommended):
    copy, _ = recommended
    scores = [
        pd.read_csv(copy.folder / run(copy, model, "scores.csv"))
        for model in ("gru", "gru-shuffled")
    ]
    assert scores[0]["scan_id"].equals(scores[1]["scan_id"])
    assert (scores[0]["probability"] != scores[1]["probability"]).mean() > 0.5


def test_pooled_slices_are_a_row_a_scan(recommended):
    copy, _ = recommended
    assert table(copy, "logistic", "scores.csv", SCORES)["slice_number"].isna().all()
    assert table(copy, "svm", "scores.csv", SCORES)["slice_number"].notna().all()


def test_slices_that_are_read_in_context_have_scores_of_their_own(recommended):
    copy, _ = recommended
    own, other = (table(copy, name, "scores.csv", SCORES) for name in ("in-context", "svm"))
    key = ["subset", "scan_id", "slice_number"]
    assert own[key].equals(other[key])
    # By the rule, a scan has the mean of its three highest slices.
    predictions = table(copy, "in-context", "predictions.csv", PREDICTIONS)
    test = own[own["subset"] == "test"].groupby("scan_id")["probability"]
    expected = test.apply(lambda slices: slices.nlargest(3).mean())
    found = predictions.set_index("scan_id")["probability"]
    pd.testing.assert_series_equal(found, expected[found.index], check_names=False)


def test_smooth_attention_weighs_every_slice(recommended):
    copy, _ = recommended
    weights = table(copy, "smooth", "attention.csv", ATTENTION).groupby("scan_id")["weight"].sum()
    assert len(weights)
    assert weights.between(1 - 1e-6, 1 + 1e-6).all()
    assert table(copy, "transformer", "attention.csv", ATTENTION).empty


@pytest.fixture(scope="module")
def released(modules_copy, local_encoders):
    """Run the protocol of the authors' program: both models trained whole, two epochs.

    They score the same patients under another name, too.
    """
    phantom = {"patients": 8, "positive": 4, "image_size": 56}
    dataset = {"format": "phantom", "phantom": phantom}
    own = {
        "study": "released",
        "datasets": {"phantom": dataset, "again": dataset},
        "dataset": "phantom",
        "external": ["again"],
        "training": {"epochs": 2},
        "encoders": local_encoders,
    }
    copy = modules_copy(merged(shipped("released-code"), own))
    files = ("metrics.json", "external/again.csv")
    return copy, first_runs(copy, ("vivit", "convnext"), files=files)


def test_the_released_program_trains_all_weights_and_extracts_no_features(released):
    assert {"finetune", "evaluate", "predict_finetuned"} < released[1].rules
    assert not released[1].rules & {"extract_features", "fit", "predict"}


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
    saved = copy.folder / run(copy, "vivit", "fitted/model/config.json")
    assert json.loads(saved.read_text())["num_frames"] == 18
    numbers = table(copy, "convnext", "scores.csv", SCORES)["slice_number"]
    assert numbers.max() == 19


@pytest.mark.parametrize("model", ["vivit", "convnext"])
def test_what_was_fine_tuned_scores_the_same_scans_alike(released, model):
    copy, _ = released
    tested = table(copy, model, "scores.csv", SCORES)
    again = table(copy, model, "external/again.csv", SCORES)
    assert set(again["subset"]) == {"external"}
    assert again["scan_id"].nunique() == 8
    again = again[again["scan_id"].isin(tested["scan_id"])].reset_index(drop=True)
    # The last digits of a row may depend on what shares its batch.
    apart = (again.pop("probability") - tested.pop("probability")).abs()
    assert apart.max() < 1e-6
    assert again.drop(columns="subset").equals(tested.drop(columns="subset"))
