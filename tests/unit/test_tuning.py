"""Choosing inside the training patients: who learns, who judges, and what test may decide."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctseq.core.errors import InputError
from ctseq.families.heads import LINEAR
from ctseq.families.inputs import Inputs
from ctseq.families.trained.reading import seen, standards
from ctseq.families.trained.training import Setting, predict, predict_fitted
from ctseq.families.trained.tuning import settings_of, tune_head
from ctseq.replicates.aggregation import Scans, choose_threshold, combine_slices
from ctseq.replicates.splits import inner_folds
from ctseq.replicates.tasks import Task, draw_fits

TRAINING = {
    "learning_rate": [1e-3, 1e-2],
    "weight_decay": 0.01,
    "batch_size": 8,
    "epochs": 6,
    "warmup_steps": 2,
    "patience": 3,
    "loss": "cross_entropy",
    "focal_gamma": 2.0,
    "sampling": "shuffled",
    "standardise": False,
    "components": None,
    "seeds": 1,
}


def dataset(n_patients=20, n_slices=3):
    ids = [f"{n:03d}" for n in range(n_patients)]
    patients = pd.DataFrame(
        {"scan_id": ids, "patient_id": ids, "target": np.arange(n_patients) % 2}
    )
    split = pd.DataFrame({"patient_id": ids, "subset": "train"})
    split.loc[split.index >= 14, "subset"] = "test"
    rows = pd.DataFrame(
        {
            "scan_id": np.repeat(ids, n_slices),
            "patient_id": np.repeat(ids, n_slices),
            "slice_number": list(range(1, 1 + n_slices)) * n_patients,
        }
    )
    labels = np.repeat(patients["target"].to_numpy(), n_slices)
    rng = np.random.default_rng(3)
    features = rng.normal(labels[:, None], 1.0, (len(rows), 5)).astype(np.float32)
    return patients, split, rows, features, labels


def task_of(patients, split, rows, labels, folds):
    views = len(labels) // len(rows)
    fits = draw_fits(rows, patients, split, folds=folds, seed=[0, 1, 4], views=views)
    scans = Scans(np.repeat(np.arange(len(patients)), 3), labels[: len(rows)], "mean")
    return Task(rows, labels, scans, *fits)


def trained(features, labels, patients, split, rows, folds, **changes):
    return tune_head(
        LINEAR,
        Inputs(features, None, 0.02),
        task_of(patients, split, rows, labels, folds),
        settings={"family": "linear", "halving": False, "training": TRAINING | changes},
        seed=0,
        replicate=1,
    )


def patients_at(rows, positions):
    return set(rows["patient_id"].iloc[positions % len(rows)])


@given(st.integers(4, 40), st.integers(2, 4), st.integers(0, 99), st.randoms(use_true_random=False))
def test_folds_are_even_whatever_the_order(n, folds, seed, random):
    labels = [1] * folds + [0] * folds + [random.randint(0, 1) for _ in range(n)]
    patients = pd.DataFrame({"patient_id": [f"{k:02d}" for k in range(len(labels))]})
    patients["target"] = labels
    fold = inner_folds(patients, folds=folds, seed=[seed])
    shuffled = patients.sample(frac=1, random_state=random.randint(0, 999))
    pd.testing.assert_series_equal(fold, inner_folds(shuffled, folds=folds, seed=[seed]))
    counts = pd.crosstab(fold.to_numpy(), patients["target"])
    assert len(counts) == folds
    assert (counts.max() - counts.min() <= 1).all()
    assert counts.sum(axis=1).max() - counts.sum(axis=1).min() <= 1


def test_too_many_folds_name_the_key():
    patients = pd.DataFrame({"patient_id": ["a", "b", "c", "d"], "target": [1, 0, 0, 0]})
    with pytest.raises(InputError, match=r"tuning\.folds is 2 but only 1 of 4 patients are pos"):
        inner_folds(patients, folds=2, seed=[0])


@pytest.mark.parametrize("views", [1, 2])
def test_nobody_is_learned_and_held_out(views):
    patients, split, rows, _, labels = dataset()
    task = task_of(patients, split, rows, np.tile(labels, views), 3)
    whole, inner = task.outer, task.inner
    training = set(split.loc[split["subset"] == "train", "patient_id"])
    assert patients_at(rows, whole.train) == training
    assert patients_at(rows, whole.held_out) == set(split["patient_id"]) - training
    held_out = [patients_at(rows, fit.held_out) for fit in inner]
    assert set.union(*held_out) == training
    assert sum(map(len, held_out)) == len(training)
    for fit, out in zip(inner, held_out, strict=True):
        assert patients_at(rows, fit.train) == training - out
    for fit in (whole, *inner):
        assert (fit.held_out < len(rows)).all()  # the first view judges
        assert len(fit.train) == views * 3 * len(patients_at(rows, fit.train))


def test_test_patients_decide_nothing_with_inner_folds():
    patients, split, rows, features, labels = dataset()
    test = rows["patient_id"].isin(split.loc[split["subset"] == "test", "patient_id"])
    others = features.copy()
    others[test] *= -100
    flipped = np.where(test, 1 - labels, labels)
    first = trained(features, labels, patients, split, rows, 3)
    second = trained(others, flipped, patients, split, rows, 3)
    np.testing.assert_array_equal(first.fitted.arrays["weight"], second.fitted.arrays["weight"])
    pd.testing.assert_frame_equal(first.history, second.history)
    assert first.summary == second.summary
    for pair in zip(first.held_out, second.held_out, strict=True):
        np.testing.assert_array_equal(*pair)
    # As the paper does it, they judge every epoch.
    paper, other = (
        trained(values, labels, patients, split, rows, None, learning_rate=1e-2).history
        for values in (features, others)
    )
    assert paper["tuning_accuracy"][0] != other["tuning_accuracy"][0]


def test_rate_and_epoch_have_the_lowest_held_out_loss():
    patients, split, rows, features, labels = dataset()
    run = trained(features, labels, patients, split, rows, 3)
    best = run.history.loc[run.history["tuning_loss"].idxmin()]
    assert best["kept"] == 1
    assert run.history["kept"].sum() == 1
    assert (run.summary["peak_rate"], run.summary["epoch"]) == (best["peak_rate"], best["epoch"])
    assert set(run.history["peak_rate"]) == {1e-3, 1e-2}


def test_lists_are_chosen_from_in_all_combinations():
    training = {"learning_rate": [1e-3, 1e-2], "weight_decay": 0.01, "dropout": [0, 0.5]}
    assert settings_of(training | {"size": None}) == [
        Setting(1e-3, 0.01, 0), Setting(1e-3, 0.01, 0.5),
        Setting(1e-2, 0.01, 0), Setting(1e-2, 0.01, 0.5),
    ]  # fmt: skip
    patients, split, rows, features, labels = dataset()
    run = trained(features, labels, patients, split, rows, 3, weight_decay=[0.01, 1.0])
    kept = run.history.query("kept == 1").iloc[0]
    tried = run.history[["setting", "peak_rate", "weight_decay"]].drop_duplicates()
    assert tried.to_numpy().tolist() == [
        [1, 1e-3, 0.01], [2, 1e-3, 1.0], [3, 1e-2, 0.01], [4, 1e-2, 1.0]
    ]  # fmt: skip
    assert [*run.summary] == ["peak_rate", "weight_decay", "epoch", "relative_weight_change"]
    assert run.summary["weight_decay"] == kept["weight_decay"]


@pytest.mark.parametrize("folds", [3, None])
def test_seeds_differ_in_their_seed_alone_and_held_out_rows_are_predicted_by_all(folds):
    patients, split, rows, features, labels = dataset()
    options = {"learning_rate": 1e-2}
    one = trained(features, labels, patients, split, rows, folds, **options)
    three = trained(features, labels, patients, split, rows, folds, **options, seeds=3)
    pd.testing.assert_frame_equal(one.history, three.history)
    weights = three.fitted.arrays["weight"]
    assert weights.shape == (3, 2, 5)
    np.testing.assert_allclose(weights[0], one.fitted.arrays["weight"], rtol=1e-6)
    assert len({own.tobytes() for own in weights}) == 3
    if folds:
        task = task_of(patients, split, rows, labels, folds)
        for fit, alone, mean in zip(task.inner, one.held_out, three.held_out, strict=True):
            assert len(mean) == len(fit.held_out)
            assert 0 < abs(mean - alone).max() < 0.1
    inputs = Inputs(features, None, 0.02)
    each = [
        predict(LINEAR, {name: own[n] for name, own in three.fitted.arrays.items()}, [features],
                np.arange(len(rows)))
        for n in range(3)
    ]  # fmt: skip
    np.testing.assert_allclose(predict_fitted(LINEAR, three.fitted, inputs), np.mean(each, axis=0))


@pytest.mark.parametrize("components", [None, 2])
def test_every_fit_standardises_by_its_own_rows(components):
    patients, split, rows, features, labels = dataset()
    scaled = features * [1e-2, 1, 10, 100, 1e3] + 7
    options = {"standardise": True, "components": components}
    run = trained(scaled.astype(np.float32), labels, patients, split, rows, 3, **options)
    task = task_of(patients, split, rows, labels, 3)
    np.testing.assert_allclose(
        run.fitted.arrays["features.mean"], scaled[task.outer.train].mean(0), rtol=1e-5
    )
    assert run.fitted.arrays["weight"].shape == (2, components or 5)
    inner = standards(Inputs(scaled, None, 0.02), task.inner, TRAINING | options)
    for fit, learned in zip(task.inner, inner, strict=True):
        np.testing.assert_allclose(learned["features.mean"], scaled[fit.train].mean(0), rtol=1e-5)
        if components:  # as large as standardised features
            found = seen(Inputs(scaled, None, 0.02), learned).vectors[fit.train]
            assert found.std() == pytest.approx(1, rel=1e-5)
    # As features that are standardised beforehand would be learned from, of all training rows.
    mean, deviation = scaled[task.outer.train].mean(0), scaled[task.outer.train].std(0)
    by_hand = ((scaled - mean) / deviation).astype(np.float32)
    if components is None:
        own = {name: run.fitted.arrays[name] for name in ("weight", "bias")}
        np.testing.assert_allclose(
            predict_fitted(LINEAR, run.fitted, Inputs(scaled, None, 0.02)),
            predict(LINEAR, own, [by_hand], np.arange(len(rows))), rtol=1e-5,
        )  # fmt: skip


def test_all_fits_have_the_components_that_the_smallest_allows():
    patients, split, rows, features, labels = dataset(n_slices=1)
    scans = Scans(np.arange(20), labels, None)
    task = Task(rows, labels, scans, *draw_fits(rows, patients, split, folds=3, seed=[0, 1, 4]))
    wide = np.random.default_rng(0).normal(size=(20, 30)).astype(np.float32)
    training = TRAINING | {"standardise": True, "components": 25}
    settings = {"family": "mean", "halving": False, "training": training}
    run = tune_head(LINEAR, Inputs(wide, None, 0.02), task, settings=settings, seed=0, replicate=1)
    assert run.fitted.arrays["weight"].shape == (2, min(len(fit.train) for fit in task.inner) - 1)


def test_every_inner_fit_predicts_the_rows_that_it_held_out():
    patients, split, rows, features, labels = dataset()
    task = task_of(patients, split, rows, labels, 3)
    found = trained(features, labels, patients, split, rows, 3).held_out
    assert [*map(len, found)] == [len(fit.held_out) for fit in task.inner]
    assert trained(features, labels, patients, split, rows, None, learning_rate=1e-2).held_out == []


def test_what_is_fitted_is_the_last_training():
    patients, split, rows, features, labels = dataset()
    task = task_of(patients, split, rows, labels, None)
    run = trained(features, labels, patients, split, rows, None, learning_rate=1e-2)
    kept = run.history.query("kept == 1").iloc[0]
    probability = predict(LINEAR, run.fitted.arrays, [features], task.outer.held_out)
    assert task.scans[task.outer.held_out].accuracy(probability) == kept["tuning_accuracy"]
    assert run.fitted.settings["family"] == "linear"


def test_mirrored_rows_are_learned_from_and_never_scored():
    patients, split, rows, features, labels = dataset()
    views = np.concatenate([features, features[:, ::-1]])
    one = trained(features, labels, patients, split, rows, 3)
    two = trained(views, np.tile(labels, 2), patients, split, rows, 3)
    assert (one.fitted.arrays["weight"] != two.fitted.arrays["weight"]).any()
    assert [*map(len, one.held_out)] == [*map(len, two.held_out)]


def test_threshold_by_hand():
    truth = np.array([0, 0, 1, 0, 1, 1])
    probability = np.array([0.1, 0.2, 0.3, 0.4, 0.6, 0.9])
    # Above 0.4 all negatives are right and two of three positives; above 0.2 it is the other way
    # round: equal gains, and 0.5 is nearer to one half than 0.25.
    assert choose_threshold(truth, probability) == pytest.approx(0.5)
    assert choose_threshold(np.array([0, 1]), np.array([0.7, 0.9])) == pytest.approx(0.8)
    assert choose_threshold(np.array([0, 1]), np.array([0.01, 0.02])) == pytest.approx(0.015)


hundredths = st.integers(0, 100).map(lambda number: number / 100)


@given(st.lists(st.tuples(st.integers(0, 1), hundredths), min_size=2, max_size=30))
def test_no_threshold_is_better(pairs):
    truth, probability = (np.array(values) for values in zip(*pairs, strict=True))
    if truth.min() == truth.max():
        with pytest.raises(ValueError, match="two classes"):
            choose_threshold(truth, probability)
        return

    def gain(threshold):
        called = probability >= threshold
        return called[truth == 1].mean() - called[truth == 0].mean()

    chosen = choose_threshold(truth, probability)
    assert all(gain(chosen) >= gain(other) - 1e-9 for other in (*probability, 0.5))


def test_slices_combine_by_rule():
    slices = pd.DataFrame(
        {"scan_id": ["b", "a", "a", "a", "a"], "probability": [0.5, 0.2, 0.5, 0.9, 0.4]}
    )
    expected = {
        "any": [0.9, 0.5], "max": [0.9, 0.5], "mean": [0.5, 0.5], "majority": [0.5, 1.0],
        "noisy_or": [1 - 0.8 * 0.5 * 0.1 * 0.6, 0.5], "top_mean": [0.6, 0.5],
    }  # fmt: skip
    for rule, values in expected.items():
        combined = combine_slices(slices, rule=rule)
        assert combined["scan_id"].tolist() == ["a", "b"]
        assert combined["probability"].tolist() == pytest.approx(values), rule
