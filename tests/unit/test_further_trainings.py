"""Trainings beyond the study's own: which patients and seeds they have, and the learning curve."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ctseq.cache.row_arrays import RowArrays
from ctseq.core.errors import InputError
from ctseq.evidence.evaluation import evaluate
from ctseq.evidence.further.learning_curve import FewerRuns, learning_curve_table
from ctseq.evidence.further.trainings import fewer_patients, train_cells, train_fewer, train_seeds
from ctseq.evidence.notes import Code, read_notes
from ctseq.evidence.over_replicates.resampled import corrected_mean
from ctseq.families.features import Features, Labelled
from ctseq.families.learning import learn
from ctseq.replicates.splits import draw_split
from featured import encoder_of
from replicates import RATIO, replicates

TRAINING = {"learning_rate": 0.05, "weight_decay": 0.01, "batch_size": 8, "epochs": 3}
TRAINING |= {"warmup_steps": 2, "patience": 3, "loss": "cross_entropy", "focal_gamma": 2.0}
TRAINING |= {"sampling": "shuffled", "augmentation": {"mirror": False}, "solver": "adamw"}
TRAINING |= {"standardise": False, "components": None, "seeds": 1}
LINEAR = {"family": "linear", "labels": "slice", "sequence_rule": "any", "training": TRAINING}
LINEAR |= {"halving": False}
LEARNING = {"model": LINEAR, "folds": None, "seed": 7}
EVALUATION = {"sequence_rule": "any", "threshold": 0.5}
SPLITS = {"scheme": "random", "test_proportion": 0.3, "stratify": True}
METRICS = ["accuracy", "brier"]


@pytest.fixture(scope="module")
def data():
    """Thirty patients, twelve of them positive, with three slices each."""
    rng = np.random.default_rng(1)
    ids = [f"{number:03d}" for number in range(30)]
    truth = np.array([1] * 12 + [0] * 18)
    scans = pd.DataFrame({"scan_id": ids, "patient_id": ids, "target": truth})
    rows = pd.DataFrame({"scan_id": np.repeat(ids, 3), "slice_number": [1, 2, 3] * 30})
    rows = rows.assign(patient_id=rows["scan_id"])
    labels = np.repeat(truth, 3)
    values = (rng.normal(size=(90, 4)) + labels[:, None]).astype(np.float32)
    features = Features([RowArrays([values])], 1, rows, [encoder_of(4)])
    return Labelled(features, scans, rows.assign(target=labels))


@pytest.fixture(scope="module")
def splits(data):
    return {n: draw_split(data.scans, SPLITS, replicate=n, seed=7) for n in (1, 2)}


def own_metrics(data, split, replicate, learning=LEARNING):
    scores = learn(data, split, replicate=replicate, **learning)
    return evaluate(scores, data.scans, **EVALUATION).metrics


def values_of(rows, **names):
    for name, value in names.items():
        rows = rows[rows[name] == value]
    return rows.set_index("metric")["value"].to_dict()


def test_runs_seeded_by_their_replicates_number_are_the_studys(data, splits):
    options = {"metrics": METRICS, "learning": LEARNING, "evaluation": EVALUATION}
    rows = train_seeds(data, splits, seeds=3, **options)
    assert len(rows) == 2 * 3 * 2
    for replicate in (1, 2):
        own = own_metrics(data, splits[replicate], replicate)
        found = values_of(rows, replicate=replicate, seed=replicate)
        assert found == {name: own[name] for name in METRICS}
    # Another seed on the same patients is another training.
    assert values_of(rows, replicate=1, seed=1) != values_of(rows, replicate=1, seed=3)


def test_smaller_shares_are_nested_and_keep_both_classes(data, splits):
    truth = data.scans.set_index("patient_id")["target"]
    known = set(splits[1].loc[splits[1]["subset"] == "train", "patient_id"])
    larger = known
    for share, n in ((0.75, (10, 6)), (0.5, (7, 4)), (0.1, (1, 1))):
        part = fewer_patients(splits[1], data.scans, share=share, seed=[1])
        train = set(part.loc[part["subset"] == "train", "patient_id"])
        assert train < larger
        assert tuple((truth[[*train]] == label).sum() for label in (0, 1)) == n
        tested = [set(s.loc[s["subset"] == "test", "patient_id"]) for s in (part, splits[1])]
        assert tested[0] == tested[1]
        larger = train


def test_the_order_of_rows_does_not_decide_who_is_left_out(data, splits):
    parts = [
        fewer_patients(split, data.scans, share=0.5, seed=[1])
        for split in (splits[1], splits[1].iloc[::-1])
    ]
    pd.testing.assert_frame_equal(*parts)


def test_patients_that_are_left_out_have_no_part_in_a_training(data, splits):
    part = fewer_patients(splits[1], data.scans, share=0.5, seed=[1])
    rows = data.features.rows
    left_out = rows["patient_id"].isin(part.loc[part["subset"] == "", "patient_id"])
    values = data.features.vectors[0][np.arange(90)]
    values[left_out] = 1e6
    spoiled = replace(data, features=replace(data.features, vectors=[values]))
    found = [learn(one, part, replicate=1, **LEARNING) for one in (data, spoiled)]
    pd.testing.assert_frame_equal(*found)
    assert set(found[0]["patient_id"]) == set(part.loc[part["subset"] == "test", "patient_id"])


def test_shares_with_too_few_patients_for_the_inner_folds_are_left_out(data, splits):
    options = {"metrics": METRICS, "learning": LEARNING | {"folds": 4}, "evaluation": EVALUATION}
    rows = train_fewer(data, splits, shares=[0.25, 0.5], **options)
    assert set(rows["share"]) == {0.5}  # 2 and 4 of 8 positive patients
    assert set(rows["n_train"]) == {11}


def test_a_protocol_is_trained_as_a_study_with_it_would_be(data):
    kfold = {"scheme": "repeated_kfold", "folds": 3}
    evaluations = [
        {"sequence_rule": "any", "threshold": 0.5, "cells": [1, 3]},
        {"sequence_rule": "mean", "threshold": 0.7, "cells": [2]},
    ]
    training = {
        "model": LINEAR,
        "folds": None,
        "repeats": 1,
        "splits": kfold,
        "evaluations": evaluations,
    }
    rows = train_cells(data, [training], replicates=[1, 2], metric="accuracy", seed=7)
    split = draw_split(data.scans, kfold, replicate=2, seed=7)
    own = own_metrics(data, split, 2)["accuracy"]
    assert values_of(rows, cell=1, replicate=2) == {"accuracy": own}
    assert values_of(rows, cell=3, replicate=2) == {"accuracy": own}
    scores = learn(data, split, replicate=2, **LEARNING)
    other = evaluate(scores, data.scans, sequence_rule="mean", threshold=0.7).metrics
    assert values_of(rows, cell=2, replicate=2) == {"accuracy": other["accuracy"]}


@pytest.mark.parametrize(
    ("impossible", "message"),
    [
        ({"splits": {"scheme": "repeated_kfold", "folds": 13}}, "splits.folds is 13 but only 12"),
        ({"folds": 9}, "tuning.folds is 9, but replicate 1 with .* random has only 8 training"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_is_trained(
    data, monkeypatch, impossible, message
):
    monkeypatch.setattr("ctseq.evidence.further.trainings.learn", None)  # calling it would fail
    possible = {"model": LINEAR, "folds": None, "repeats": 1, "splits": SPLITS, "evaluations": []}
    grid = [possible, possible | impossible]
    with pytest.raises(InputError, match=message):
        train_cells(data, grid, replicates=[1, 2], metric="accuracy", seed=7)


def fewer_runs(values):
    """Return rows of a model `a`, from share to values of replicates 1, 2, ..."""
    rows = [
        {"model": "a", "share": share, "replicate": r, "n_train": int(40 * share)}
        | {"metric": "recall", "value": value}
        for share, own in values.items()
        for r, value in enumerate(own, start=1)
    ]
    return pd.DataFrame(rows)


def curve(values, **settings):
    study = replicates({"a": [0.8, 0.9, 0.7], "b": [0.5, 0.5, 0.6]}, **settings)
    rows = fewer_runs(values)
    rows = pd.concat([rows, rows.assign(model="b")])
    table = learning_curve_table(FewerRuns(rows, [0.5, 0.25], study, dict.fromkeys((1, 2, 3), 40)))
    return table[table["model"] == "a"].set_index("share")


def test_the_last_point_of_the_curve_is_the_study():
    table = curve({0.25: [0.4, 0.6, 0.5], 0.5: [0.6, 0.7, 0.8]})
    assert table.index.tolist() == [0.25, 0.5, 1.0]
    assert table["n_train"].tolist() == [10, 20, 40]
    for share, values in ((0.25, [0.4, 0.6, 0.5]), (1.0, [0.8, 0.9, 0.7])):
        mean, low, high = corrected_mean(np.array(values), overlap=2 * RATIO, alpha=0.05)
        within = [mean, max(low, 0), min(high, 1)]
        assert table.loc[share, ["estimate", "low", "high"]].tolist() == within


def test_replicates_without_enough_patients_are_counted_in_a_note():
    table = curve({0.5: [0.6, 0.7]})
    few, cut = read_notes(table.loc[0.5, "notes"])  # two values: t has one degree of freedom
    assert few == {"code": Code.TOO_FEW_TO_LEARN, "n": 1, "of": 3}
    assert cut == {"code": Code.CUT_AT_RANGE, "low": 1, "high": 1}
    assert table.loc[0.5, "n"] == 2
    assert read_notes(table.loc[0.25, "notes"])[0]["n"] == 3
    assert table.loc[0.25, ["n_train", "estimate", "low"]].isna().all()


@pytest.mark.parametrize(
    ("undefined", "estimate", "n"), [("exclude", 0.7, 2), ("zero", 1.4 / 3, 3)]
)
def test_undefined_values_of_the_curve(undefined, estimate, n):
    table = curve({0.5: [0.6, np.nan, 0.8]}, undefined=undefined)
    assert table.loc[0.5, "estimate"] == pytest.approx(estimate)
    assert (table.loc[0.5, "n"], table.loc[0.5, "n_undefined"]) == (n, 1)


def test_undefined_values_of_the_curve_may_be_refused():
    with pytest.raises(InputError, match="recall of a is undefined"):
        curve({0.5: [0.6, np.nan, 0.8]}, undefined="error")
