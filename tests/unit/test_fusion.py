"""Features of several encoders, joined: by hand, from training patients alone, for every family."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ctseq.cache.row_arrays import RowArrays
from ctseq.families import fusion
from ctseq.families.fusion import Joined, scale_of
from ctseq.families.learning import fit, predict
from ctseq.replicates.tasks import tabulate_scores
from featured import MODELS, fitted_to, labelled, model_of, split_of

pytestmark = [pytest.mark.numerical, pytest.mark.usefixtures("small_forest")]


@pytest.fixture(scope="module")
def data():
    """Return features by two encoders, one of them a hundred times as large."""
    found = labelled(widths=(5, 3))
    vectors = [found.features.vectors[0], found.features.vectors[1] * 100 + 7]
    return replace(found, features=replace(found.features, vectors=vectors))


@pytest.fixture(scope="module")
def split(data):
    return split_of(data)


def test_joining_by_hand():
    vectors = [np.array([[1, 5], [3, 5], [9, 9]], np.float32), np.array([[0], [4], [8]], "f4")]
    scale = scale_of(vectors, np.array([0, 1]))
    assert scale.mean.tolist() == [2, 5, 2]
    assert scale.deviation.tolist() == [1, 1, 2]  # 1 where all are the same
    joined = Joined(vectors, scale)
    assert joined.shape == (3, 3)
    assert joined[np.array([0, 2])].tolist() == [[-1, 0, -1], [7, 4, 3]]
    assert joined[np.array([[0], [2]])].shape == (2, 1, 3)


def test_rows_are_read_in_parts(monkeypatch):
    rng = np.random.default_rng(0)
    whole = rng.normal(3, 2, (50, 4)).astype(np.float32)
    monkeypatch.setattr(fusion, "_READ", 7)
    rows = np.arange(3, 44)
    scale = scale_of([RowArrays([whole[:20], whole[20:]]), whole[:, :2]], rows)
    both = np.concatenate([whole, whole[:, :2]], axis=1)[rows].astype(float)
    np.testing.assert_allclose(scale.mean, both.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(scale.deviation, both.std(axis=0), rtol=1e-6)


def test_numbers_that_never_change_become_zero():
    constant = np.full((1000, 1), 0.1, np.float32)
    scale = scale_of([constant, constant], np.arange(1000))
    assert scale.deviation.tolist() == [1, 1]
    assert abs(Joined([constant, constant], scale)[np.arange(3)]).max() < 1e-7


@pytest.mark.parametrize("model", MODELS)
def test_every_family_takes_several_encoders_whatever_their_sizes(data, split, model):
    larger = replace(data.features, vectors=[own * 1024 for own in data.features.vectors])
    tables = []
    for features in (data.features, larger):
        known = replace(data, features=features)
        task, learned = fit(known, split, MODELS[model], folds=2, seed=0, replicate=1)
        tables.append(tabulate_scores(task, predict(learned.fitted, features)[0], learned.held_out))
    pd.testing.assert_frame_equal(*tables, rtol=1e-3)


def test_test_patients_scale_nothing(data, split):
    test = data.features.rows["patient_id"].map(split.set_index("patient_id")["subset"]) == "test"
    spoiled = [own.copy() for own in data.features.vectors]
    for own in spoiled:
        own[test] *= -9
    others = replace(data, features=replace(data.features, vectors=spoiled))
    first, second = (fitted_to(each, split, MODELS["linear"]) for each in (data, others))
    np.testing.assert_array_equal(first.reading.scale.mean, second.reading.scale.mean)
    np.testing.assert_array_equal(first.reading.scale.deviation, second.reading.scale.deviation)
    np.testing.assert_array_equal(first.arrays["weight"], second.arrays["weight"])


def test_mirrored_views_are_learned_from_too(data, split):
    mirrored = [np.concatenate([own, own[:, ::-1]]) for own in data.features.vectors]
    features = replace(data.features, vectors=mirrored, views=2)
    for family in ("linear", "gru", "mean"):
        plain = fitted_to(data, split, model_of(family))
        both = fitted_to(replace(data, features=features), split, model_of(family))
        assert (plain.reading.scale.mean != both.reading.scale.mean).any()
        assert any((plain.arrays[name] != both.arrays[name]).any() for name in plain.arrays)
        scores, _ = predict(both, features)
        assert len(scores) == len(data.scans if family != "linear" else data.slices)


def test_one_encoder_is_not_scaled():
    alone = labelled()
    fitted = fitted_to(alone, split_of(alone), MODELS["linear"])
    assert fitted.reading.scale is None
    inputs = fitted.reading.inputs_of(alone.features.vectors, [], initializer_range=0.02)
    assert inputs.vectors is alone.features.vectors[0]
