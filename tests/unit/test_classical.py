"""Classifiers: each learns, is tuned inside the training patients, and repeats itself."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.naive_bayes import GaussianNB

from ctseq.core.errors import InputError
from ctseq.families import classical
from ctseq.families.classical import CLASSIFIERS, Classical, fit, predict
from ctseq.families.inputs import Inputs
from ctseq.families.registry import FAMILIES
from ctseq.replicates.tasks import Fit, Task
from featured import problem
from scans import alone

pytestmark = pytest.mark.numerical


def learned(family, features, task, *, weighted=False, seed=3):
    """Fit a classifier, and predict the test rows."""
    inputs = Inputs(features, None, 0.02)
    settings = {"family": family, "weighted": weighted}
    found = fit(inputs, task, settings, seed=seed, replicate=1)
    tested = Inputs(features[task.outer.held_out], None, 0.02)
    return found, predict(found.fitted, tested).probability


@pytest.fixture(scope="module", params=CLASSIFIERS)
def fitted(request, small_forest):
    """Return each family's name and what came of it."""
    return request.param, learned(request.param, *problem())


def test_each_learns_the_same_thing_twice(fitted):
    family, (found, tested) = fitted
    features, task = problem()
    truth = task.labels[task.outer.held_out]
    assert ((tested >= 0.5) == truth).mean() >= 0.85
    assert [len(part) for part in found.held_out] == [15, 15, 15]
    for probability in (tested, *found.held_out):
        assert ((probability >= 0) & (probability <= 1)).all()
    again, same = learned(family, features, task)
    assert again.summary == found.summary
    np.testing.assert_array_equal(same, tested)
    np.testing.assert_array_equal(again.held_out, found.held_out)
    grid = CLASSIFIERS[family].grid
    assert {*found.summary} == {*grid}
    assert all(value in grid[name] for name, value in found.summary.items())


def test_test_rows_decide_nothing(fitted):
    family, (found, _) = fitted
    features, task = problem()
    features[task.outer.held_out] *= -9
    other, _ = learned(family, features, task)
    assert other.summary == found.summary
    np.testing.assert_array_equal(other.held_out, found.held_out)


def test_a_classifier_without_probabilities_keeps_its_curve(fitted):
    family, (found, tested) = fitted
    estimators = found.fitted.estimators
    assert ("curve" in estimators) == (family == "svm")
    if family == "svm":
        features, task = problem()
        distance = estimators["classifier"].decision_function(features[task.outer.held_out])
        curve = estimators["curve"]
        expected = 1 / (1 + np.exp(-(distance * curve.coef_[0, 0] + curve.intercept_[0])))
        np.testing.assert_allclose(tested, expected, rtol=1e-9)


def test_weights_raise_the_rare_class():
    features, task = problem()
    rare = task.labels.copy()
    rare[np.arange(60) % 4 == 1] = 0
    task = dataclasses.replace(task, labels=rare)

    def mean(weighted):
        found, _ = learned("svm", features, task, weighted=weighted, seed=0)
        return found.fitted.estimators["classifier"].decision_function(features).mean()

    assert mean(weighted=True) > mean(weighted=False) + 0.05


def few(n_train, width):
    """Return the problem with so many features, and a task of so many training rows."""
    features, task = problem()
    rows = np.arange(n_train)
    inner = [Fit(rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3)]
    wider = np.random.default_rng(0).normal(size=(len(features), width)).astype(np.float32)
    outer = Fit(rows, task.outer.held_out)
    return wider, dataclasses.replace(task, outer=outer, inner=inner)


def test_components_and_neighbours_are_fewer_than_few_rows(monkeypatch):
    kept, asked = [], classical.PCA
    monkeypatch.setattr(
        classical, "PCA", lambda number, **options: kept.append(number) or asked(number, **options)
    )
    found, _ = learned("neighbours", *few(9, 20))
    assert {*kept} <= {5, 8}  # of six and of nine rows
    assert 5 in kept
    assert found.summary["n_neighbors"] == 3  # not seven


def test_too_few_rows_for_the_fewest_neighbours_are_named():
    with pytest.raises(
        InputError, match="neighbours needs 3 rows to learn from, and an inner fold leaves 2"
    ):
        learned("neighbours", *few(3, 20))


def chosen(monkeypatch, family, classifier, **grid):
    """Leave a family one classifier and one setting."""
    grid = {name: [value] for name, value in grid.items()}
    monkeypatch.setitem(CLASSIFIERS, family, Classical(classifier, grid))


def line(values):
    """Return rows of one feature, the second half of which is tested on, and their task."""
    labels = np.array([0, 0, 0, 1, 1, 1] * 2)
    rows = np.arange(12)
    inner = [Fit(rows[3:9], np.r_[0, 5])]
    index = pd.DataFrame({"scan_id": [f"{row:02d}" for row in rows], "slice_number": 1})
    task = Task(index, labels, alone(labels), Fit(rows[:6], rows[6:]), inner)
    return np.tile(values, 2).astype(np.float32)[:, None], task


def test_naive_bayes_is_the_ratio_of_two_normal_densities(monkeypatch):
    chosen(monkeypatch, "bayes", GaussianNB(), components=None, var_smoothing=1e-9)
    features, task = line([-3, -2, -1, 1, 2, 3])
    _, tested = learned("bayes", features, task)
    # Both classes have the variance 2/3 about -2 and 2: the logit is 2 * 2 * x / (2/3) = 6 x.
    expected = 1 / (1 + np.exp(-6 * features[6:, 0].astype(float)))
    np.testing.assert_allclose(tested, expected, rtol=1e-5)


def test_weighted_naive_bayes_takes_both_classes_as_equally_frequent(monkeypatch):
    chosen(monkeypatch, "bayes", GaussianNB(), components=None, var_smoothing=1e-9)
    features, task = line([-3, -2, -1, 1, 2, 3])
    twice = Fit(np.r_[0:6, 0:3], task.outer.held_out)  # the negatives
    task = dataclasses.replace(task, outer=twice)
    expected = 1 / (1 + np.exp(-6 * features[6:, 0].astype(float)))
    _, weighted = learned("bayes", features, task, weighted=True)
    np.testing.assert_allclose(weighted, expected, rtol=1e-5)
    _, tested = learned("bayes", features, task)
    odds = expected / (1 - expected) / 2
    np.testing.assert_allclose(tested, odds / (1 + odds), rtol=1e-5)


def test_boosting_takes_a_newton_step_a_tree(monkeypatch):
    one_tree = GradientBoostingClassifier(n_estimators=1)
    chosen(monkeypatch, "boosting", one_tree, learning_rate=0.5, max_depth=1)
    features, task = line([-3, -2, -1, 1, 2, 3])
    _, tested = learned("boosting", features, task)
    # From even odds, residuals of 1/2 over curvatures of 1/4 are steps of 2, half of them taken.
    expected = 1 / (1 + np.exp(-np.sign(features[6:, 0]).astype(float)))
    np.testing.assert_allclose(tested, expected)


def test_every_family_of_the_module_has_its_classifier():
    own = {name for name, about in FAMILIES.items() if about.module == fit.__module__}
    assert own == {*CLASSIFIERS}
