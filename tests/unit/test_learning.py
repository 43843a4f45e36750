"""Fitting and predicting in memory: every family, what it may know, and what it must not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ctseq.core.errors import InputError
from ctseq.encoders.sequences import ordered_slices
from ctseq.families import learning
from ctseq.families.features import Features
from ctseq.families.learning import fit, learn, patients_of, predict
from ctseq.families.registry import FAMILIES, Family
from ctseq.replicates.tables import SCORES
from featured import LEARNING, MODELS, encoder_of, fitted_to, labelled, model_of, split_of

pytestmark = [pytest.mark.numerical, pytest.mark.usefixtures("small_forest")]

N = 18


@pytest.fixture(scope="module")
def data():
    return labelled(N)


@pytest.fixture(scope="module")
def split(data):
    return split_of(data)


def scored(data, split, model, folds=2, **seeds):
    return learn(data, split, MODELS[model], folds=folds, **{"seed": 0, "replicate": 1} | seeds)


def ordered(features, rows):
    """Return some rows of features, in their order."""
    table = features.rows.iloc[rows].reset_index(drop=True)
    return replace(features, rows=table, vectors=[own[rows] for own in features.vectors])


def test_models_cover_the_families():
    assert {settings["family"] for settings in MODELS.values()} == {*LEARNING}


@pytest.mark.parametrize("model", MODELS)
def test_every_model_learns_and_scores_whom_it_did_not_learn_from(data, split, model):
    scores = scored(data, split, model)
    assert {*SCORES.columns} == {*scores}
    subset = scores["patient_id"].map(split.set_index("patient_id")["subset"])
    assert (subset == scores["subset"].replace("held_out", "train")).all()
    whole = MODELS[model].get("labels") != "slice"
    assert len(scores) == (N if whole else len(data.slices))
    assert scores["slice_number"].isna().all() == whole
    assert scores["probability"].between(0, 1).all()


@pytest.mark.parametrize("model", MODELS)
def test_no_scan_matters_to_another(data, split, model):
    """Not even to the last digit: neither who else is predicted, nor in which order."""
    fitted = fitted_to(data, split, MODELS[model])
    together, _ = predict(fitted, data.features)
    backwards = np.concatenate(
        [*ordered_slices(data.features.rows, shuffle_seed=None).values()][::-1]
    )
    turned, _ = predict(fitted, ordered(data.features, backwards))
    pd.testing.assert_frame_equal(together, turned, check_exact=True)
    few, _ = predict(fitted, data.features, patients={"004", "011"})
    of_them = together[together["patient_id"].isin({"004", "011"})].reset_index(drop=True)
    pd.testing.assert_frame_equal(few, of_them, check_exact=True)


@pytest.mark.parametrize("model", ["linear", "gru", "mlp"])
def test_another_number_trains_anew_on_the_same_split(data, split, model):
    first, again = (scored(data, split, model) for _ in range(2))
    other = scored(data, split, model, replicate=2)
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    tested, others = (each.query("subset == 'test'") for each in (first, other))
    assert tested["patient_id"].tolist() == others["patient_id"].tolist()
    assert (tested["probability"] != others["probability"]).any()


def test_another_split_is_learned_from_with_the_same_seeds(data, split):
    turned = split.assign(subset=split["subset"].to_numpy()[::-1])
    assert not turned.equals(split)
    scores = scored(data, turned, "linear", folds=None)
    assert set(scores["patient_id"]) == patients_of(turned, "test")


def test_shuffled_slices_have_another_order_in_each_replicate(data, split, monkeypatch):
    orders = []

    def spied(rows, *, shuffle_seed):
        orders.append(ordered_slices(rows, shuffle_seed=shuffle_seed)["000"].tolist())
        return ordered_slices(rows, shuffle_seed=shuffle_seed)

    monkeypatch.setattr(learning, "ordered_slices", spied)
    models = (("gru-shuffled", 1), ("gru-shuffled", 2), ("gru", 1), ("gru", 2))
    for model, replicate in models:
        fit(data, split, MODELS[model], folds=None, seed=0, replicate=replicate)
    assert orders[2] == orders[3] == sorted(orders[0]) == sorted(orders[1])
    assert len({*map(tuple, orders)}) == 3


def test_a_scan_is_shuffled_alike_when_it_is_predicted_alone(data, split):
    fitted = fitted_to(data, split, MODELS["gru-shuffled"], folds=None)
    plain = replace(fitted, reading=replace(fitted.reading, order=None))
    shuffled, other = (predict(one, data.features)[0]["probability"] for one in (fitted, plain))
    assert (shuffled != other).any()
    slices = ordered_slices(data.features.rows, shuffle_seed=None)["007"]
    alone, _ = predict(fitted, ordered(data.features, slices))
    assert alone["probability"].tolist() == [shuffled[7]]


@pytest.mark.parametrize("pool", ["max", "mean"])
def test_a_classifier_reads_pooled_slices_and_learns_the_scans_labels(data, split, pool):
    task, learned = fit(data, split, model_of("forest", pool=pool), folds=2, seed=0, replicate=1)
    assert task.labels.tolist() == data.scans["target"].tolist()
    own = data.slices["scan_id"].to_numpy() == "003"
    by_hand = getattr(data.features.vectors[0][own], pool)(axis=0)
    scores, _ = predict(learned.fitted, data.features, patients={"003"})
    expected = learned.fitted.estimators["classifier"].predict_proba(by_hand[None])[0, 1]
    assert scores["probability"].tolist() == pytest.approx([expected], rel=1e-5)


def test_several_scans_of_a_patient_are_learned_from_or_tested_together():
    data = labelled(N, scans=2)
    split = split_of(data)
    for model in ("linear", "attention", "logistic-max"):
        scores = scored(data, split, model)
        tested = scores.loc[scores["subset"] == "test"]
        assert set(tested["patient_id"]) == patients_of(split, "test")
        assert tested["scan_id"].nunique() == 2 * tested["patient_id"].nunique()
        assert scores["scan_id"].nunique() == 2 * N


def test_attention_is_by_slice_whatever_the_order_in_which_they_are_read(data, split):
    tables = []
    for shuffled in (False, True):
        settings = model_of("attention", shuffled=shuffled)
        fitted = fitted_to(data, split, settings, folds=None)
        tables.append(predict(fitted, data.features, patients=patients_of(split, "test"))[1])
    for table in tables:
        sums = table.groupby("scan_id")["weight"].sum()
        assert set(sums.index) == patients_of(split, "test")
        np.testing.assert_allclose(sums, 1.0, rtol=1e-6)
    # Attention does not see the order: shuffled or not, a slice has the same weight.
    pd.testing.assert_frame_equal(*tables, rtol=1e-4)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"weights_sha256": "f" * 64}, "its weights_sha256 is 0+5, and theirs f+"),
        ({"settings": {"sees": "slice", "checkpoint": "b"}}, "'checkpoint': 'owner/of-5'.*'b'"),
        ({"pooling": "mean"}, "its pooling is None, and theirs mean"),
        ({"frames": 8}, "its frames is None, and theirs 8"),
    ],
)
def test_features_by_another_encoder_are_refused(data, split, changed, message):
    fitted = fitted_to(data, split, MODELS["linear"], folds=None)
    other = replace(data.features, encoders=[encoder_of(5, **changed)])
    with pytest.raises(InputError, match=message):
        predict(fitted, other)


def test_features_by_more_encoders_are_refused(data, split):
    fitted = fitted_to(data, split, MODELS["linear"], folds=None)
    with pytest.raises(InputError, match="its number of encoders is 1, and theirs 2"):
        predict(fitted, labelled(N, widths=(5, 3)).features)


@pytest.mark.parametrize("model", ["gru", "mean", "forest-max"])
def test_what_reads_slices_refuses_encoders_of_sequences(data, split, model):
    of_scans = data.scans.assign(slice_number=pd.NA)
    settings = encoder_of(5)["settings"] | {"sees": "sequence"}
    features = Features(
        [np.zeros((N, 5), np.float32)], 1, of_scans, [encoder_of(5, settings=settings)]
    )
    with pytest.raises(InputError, match="of a slice or difference, and its encoder sees a seq"):
        fitted_to(replace(data, features=features), split, MODELS[model])


@pytest.mark.parametrize("model", ["svm", "linear-exact"])
def test_what_always_tunes_needs_inner_folds(data, split, model):
    with pytest.raises(ValueError, match=r"(svm|linear) chooses on inner folds"):
        fitted_to(data, split, MODELS[model], folds=None)


def test_a_new_family_is_a_module_and_a_line(data, split, monkeypatch):
    monkeypatch.setitem(FAMILIES, "nearest", Family("nearest_mean", "nearest mean"))
    fitted = fitted_to(data, split, model_of("nearest"))
    scores, attention = predict(fitted, data.features, patients=patients_of(split, "test"))
    assert len(attention) == 0
    called = scores["probability"] >= 0.5
    truth = data.slices.set_index(["scan_id", "slice_number"])["target"]
    index = pd.MultiIndex.from_frame(scores[["scan_id", "slice_number"]])
    assert (called.to_numpy() == truth.reindex(index).to_numpy()).mean() > 0.8
