"""Standardised features and their components: by hand, and as scikit-learn has them."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from ctseq.families.inputs import Inputs
from ctseq.families.trained.reading import standards
from ctseq.families.trained.standardise import (
    Standardised,
    learn_standards,
    slices_of,
    standardised,
)
from ctseq.replicates.tasks import Fit

pytestmark = pytest.mark.numerical


def features(n=12, width=5, seed=0):
    rng = np.random.default_rng(seed)
    scales = 10.0 ** rng.uniform(-1, 1, width)
    return (rng.normal(3, 1, (n, width)) * scales).astype(np.float32)


def test_mean_and_deviation_by_hand():
    values = np.array([[1, 5], [3, 5], [100, 7]], np.float32)
    learned = learn_standards(values, np.array([0, 1]), standardise=True, components=None)
    assert learned["features.mean"].tolist() == [2, 5]
    assert learned["features.deviation"].tolist() == [1, 1]  # the second feature is constant
    assert standardised(values, learned).tolist() == [[-1, 0], [1, 0], [98, 2]]


def test_nothing_is_learned_where_nothing_is_asked_for():
    values = features()
    learned = learn_standards(values, np.arange(12), standardise=False, components=None)
    assert learned == {}
    np.testing.assert_array_equal(Standardised(values, learned)[np.arange(12)], values)


@pytest.mark.parametrize("standardise", [True, False])
@pytest.mark.parametrize(("n", "width"), [(12, 5), (5, 12)])
def test_components_are_those_of_scikit_learn(n, width, standardise):
    values, rows = features(n + 3, width), np.arange(n)
    learned = learn_standards(values, rows, standardise=standardise, components=3)
    seen = Standardised(values, learned)
    assert seen.shape == (n + 3, 3)
    scaler = StandardScaler(with_std=standardise).fit(values[rows].astype(float))
    pca = PCA(3, svd_solver="full").fit(scaler.transform(values[rows]))
    expected = pca.transform(scaler.transform(values))
    np.testing.assert_allclose(seen[np.arange(n + 3)], expected, rtol=1e-4, atol=1e-4)
    largest = np.abs(learned["features.components"]).argmax(1)
    assert (learned["features.components"][np.arange(3), largest] > 0).all()


def test_there_are_fewer_components_than_rows():
    learned = learn_standards(features(4, 9), np.arange(4), standardise=True, components=50)
    assert learned["features.components"].shape == (3, 9)


@pytest.mark.parametrize("width", [9, 30])
def test_directions_in_which_no_rows_differ_are_no_components(width):
    """Where rows come several times or features depend on each other, rounding would choose."""
    few = np.random.default_rng(0).normal(size=(4, width)).astype(np.float32)
    rows = np.concatenate([few, few, few])
    learned = learn_standards(rows, np.arange(12), standardise=True, components=8)
    components = learned["features.components"]
    assert components.shape == (8, width)
    np.testing.assert_allclose(components @ components.T, np.diag([1] * 3 + [0] * 5), atol=1e-6)
    assert not standardised(features(5, width), learned)[:, 3:].any()


def test_rows_that_are_all_the_same_have_components_of_zero():
    rows = np.full((12, 5), 7, np.float32)
    [learned] = standards(
        Inputs(rows, None, 0.02),
        [Fit(np.arange(12), np.arange(0))],
        {"standardise": True, "components": 3},
    )
    assert not Standardised(rows + 1, learned)[np.arange(12)].any()


def test_rows_come_in_the_shape_in_which_they_are_asked_for():
    values = features()
    seen = Standardised(
        values, learn_standards(values, np.arange(9), standardise=True, components=2)
    )
    asked = np.array([[0, 5], [11, 5]])
    assert seen[asked].shape == (2, 2, 2)
    assert seen[asked].dtype == np.float32
    np.testing.assert_array_equal(seen[asked][1, 1], seen[np.array([5])][0])


def test_a_scan_has_all_its_slices():
    members = [np.array([4, 5]), np.array([0]), np.array([2, 1, 3])]
    assert slices_of(members, np.array([2, 0])).tolist() == [2, 1, 3, 4, 5]
