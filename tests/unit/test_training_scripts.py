"""The scripts of training and evaluation: every type of head, on the same phantom patients."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file

import evaluate
import fit_classical
import train_head
import train_sequence_head
from ctseq.cache.tables import ROWS
from ctseq.core.errors import InputError
from ctseq.core.tables import read_table, write_table
from ctseq.evidence.metrics import METRICS
from ctseq.families.tables import ATTENTION, HISTORY
from ctseq.intake.tables import PATIENTS, SLICES
from ctseq.phantom.patients import draw_patients
from ctseq.readers.subtypes import SUBTYPES
from ctseq.replicates.tables import PREDICTIONS, SCORES, SLICE_PREDICTIONS, SPLIT
from ctseq.study.models import HEAD_FAMILIES

pytestmark = pytest.mark.numerical

TRAINING = {
    "learning_rate": [1e-3, 1e-2], "weight_decay": 0.01, "batch_size": 8, "epochs": 4,
    "warmup_steps": 2, "patience": 4, "loss": "weighted", "focal_gamma": 2.0,
    "sampling": "balanced", "augmentation": {"mirror": True},
}  # fmt: skip
N_TRAIN, N_TEST, N_SLICES = 24, 12, 4
IDS = [f"{number:03d}" for number in range(N_TRAIN + N_TEST)]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Write what a run reads: phantom patients, and how many of a slice's pixels are how dense.

    Clotted blood has 50 to 90 HU and brain 20 to 45, so these features tell them apart.
    """
    folder = tmp_path_factory.mktemp("inputs")
    drawn = draw_patients(patients=len(IDS), positive=len(IDS) // 2, image_size=64,
                          slices=(N_SLICES, N_SLICES), seed=1)  # fmt: skip
    seen = [slice_ for patient in drawn for slice_ in patient.draw()]
    counts = np.array([np.histogram(hu, [0, 20, 35, 50, 65, 80, 100])[0] for hu, _ in seen])
    features = (counts - counts.mean(axis=0)) / counts.std(axis=0)
    bleeds = np.array([any(mask.any() for mask in masks.values()) for _, masks in seen])
    slices = pd.DataFrame(
        {"patient_id": np.repeat(IDS, N_SLICES), "slice_number": [1, 2, 3, 4] * len(IDS)}
    )
    slices = slices.assign(hemorrhage=bleeds.astype(int), path=slices.index.astype(str))
    slices = slices.assign(**dict.fromkeys(SUBTYPES, 0))
    positive = bleeds.reshape(len(IDS), N_SLICES)
    patients = pd.DataFrame({"patient_id": IDS, "hemorrhage": positive.any(axis=1).astype(int)})
    patients = patients.assign(n_slices=N_SLICES, n_positive_slices=positive.sum(axis=1))
    patients = patients.assign(age_years=np.nan, sex="", spacing_mm=np.nan)
    split = pd.DataFrame({"patient_id": IDS, "subset": "train"})
    split.loc[N_TRAIN:, "subset"] = "test"
    paths = SimpleNamespace()
    for name, rows, table in (
        ("slices", slices, SLICES), ("patients", patients, PATIENTS), ("split", split, SPLIT),
    ):  # fmt: skip
        setattr(paths, name, folder / f"{name}.csv")
        write_table(rows, getattr(paths, name), table)
    # Two shards, of the first 10 patients and of the others.
    shards = {"1-of-2": slice(0, 10 * N_SLICES), "2-of-2": slice(10 * N_SLICES, None)}
    paths.rows = [folder / f"rows-{shard}.csv" for shard in shards]
    for path, own in zip(paths.rows, shards.values(), strict=True):
        write_table(slices[own], path, ROWS)
    for name in ("features", "mirrored"):
        setattr(paths, name, [folder / f"{name}-{shard}.safetensors" for shard in shards])
        for path, own in zip(getattr(paths, name), shards.values(), strict=True):
            save_file({"features": np.ascontiguousarray(features[own], np.float32)}, path)
    paths.description = folder / "model.json"
    paths.description.write_text(json.dumps({"initializer_range": 0.02}))
    return paths


def run(inputs, folder, head, folds=3):
    """Train and evaluate one head, as its rule does."""
    names = {"history": "csv", "scores": "csv", "attention": "csv", "head": "safetensors",
             "summary": "json"}  # fmt: skip
    out = SimpleNamespace(**{name: folder / f"{name}.{kind}" for name, kind in names.items()})
    common = {"replicate": 1, "folds": folds, "seed": 5}
    training = TRAINING if folds else TRAINING | {"learning_rate": 1e-2}
    family = HEAD_FAMILIES[head]
    script, own = {
        "linear": (
            train_head, {"labels": "slice", "sequence_rule": "any", "training": training}
        ),
        "sequence": (train_sequence_head, {"shuffled": False, "training": training}),
        "classical": (fit_classical, {"labels": "slice", "weighted": True}),
    }[family]  # fmt: skip
    script.main(inputs, out, model={"head": head} | own, **common)
    results = [folder / name for name in ("predictions.csv", "slices.csv", "metrics.json")]
    evaluate.main(
        SimpleNamespace(scores=out.scores, patients=inputs.patients, slices=inputs.slices),
        *results,
        sequence_rule=None if family == "sequence" else "any",
        threshold="chosen" if folds else 0.5,
    )
    return out, results


@pytest.mark.usefixtures("small_forest")
@pytest.mark.parametrize("head", HEAD_FAMILIES)
def test_every_head_learns_and_is_scored_on_test_patients_alone(inputs, tmp_path, head):
    out, (predictions, slices, metrics) = run(inputs, tmp_path, head)
    called = read_table(predictions, PREDICTIONS)
    assert called["patient_id"].tolist() == IDS[N_TRAIN:]
    values = json.loads(metrics.read_text())
    assert values["roc_auc"] >= 0.8
    assert values.keys() == {*METRICS, "threshold"}
    assert (called["predicted"] == (called["probability"] >= values["threshold"])).all()
    scores = read_table(out.scores, SCORES)
    held_out = scores[scores["subset"] == "held_out"]
    per_patient = 1 if HEAD_FAMILIES[head] == "sequence" else N_SLICES
    assert len(held_out) == N_TRAIN * per_patient
    assert len(read_table(slices, SLICE_PREDICTIONS)) == (
        0 if per_patient == 1 else N_TEST * N_SLICES
    )


def test_without_inner_folds_the_test_patients_choose(inputs, tmp_path):
    out, (_, _, metrics) = run(inputs, tmp_path, "linear", folds=None)
    assert set(read_table(out.scores, SCORES)["subset"]) == {"test"}
    assert json.loads(metrics.read_text())["threshold"] == 0.5
    kept = read_table(out.history, HISTORY).query("kept == 1")
    assert kept["epoch"].tolist() == [json.loads(out.summary.read_text())["epoch"]]
    assert set(load_file(out.head)) == {"weight", "bias"}


@pytest.mark.parametrize(
    ("name", "table", "missing"),
    [
        ("patients", PATIENTS, "patient_id 030"),
        ("slices", SLICES, "patient_id 030, slice_number 1"),
    ],
)
def test_scores_without_a_label_are_an_error(inputs, tmp_path, name, table, missing):
    run(inputs, tmp_path, "linear")
    fewer = read_table(getattr(inputs, name), table).query("patient_id != '030'")
    write_table(fewer, tmp_path / "fewer.csv", table)
    tables = {"patients": inputs.patients, "slices": inputs.slices, name: tmp_path / "fewer.csv"}
    found = SimpleNamespace(scores=tmp_path / "scores.csv", **tables)
    with pytest.raises(InputError, match=f"dataset/{name}.csv has no row of {missing}, which"):
        evaluate.main(found, *[tmp_path / "x"] * 3, sequence_rule="any", threshold="chosen")


def test_attention_is_told_for_each_slice_of_test_patients(inputs, tmp_path):
    out, _ = run(inputs, tmp_path, "attention")
    weights = read_table(out.attention, ATTENTION)
    assert weights["patient_id"].nunique() == N_TEST
    assert weights["slice_number"].tolist() == [1, 2, 3, 4] * N_TEST
    np.testing.assert_allclose(weights.groupby("patient_id")["weight"].sum(), 1.0, rtol=1e-6)


def test_heads_without_weights_tell_none(inputs, tmp_path):
    out, _ = run(inputs, tmp_path, "gru")
    assert read_table(out.attention, ATTENTION).empty


def test_attention_belongs_to_its_slice_in_a_shuffled_sequence(inputs, tmp_path):
    # Attention does not see the order: shuffled or not, a slice has the same weight.
    tables = []
    for number, shuffled in enumerate((False, True)):
        folder = tmp_path / str(number)
        folder.mkdir()
        names = ("head.safetensors", "history.csv", "scores.csv", "summary.json", "attention.csv")
        out = SimpleNamespace(**{name.partition(".")[0]: folder / name for name in names})
        train_sequence_head.main(
            inputs, out, replicate=1, folds=None, seed=5,
            model={"head": "attention", "shuffled": shuffled,
                   "training": TRAINING | {"learning_rate": 1e-2}},
        )  # fmt: skip
        tables.append(read_table(out.attention, ATTENTION))
    np.testing.assert_allclose(tables[0]["weight"], tables[1]["weight"], atol=1e-5)
