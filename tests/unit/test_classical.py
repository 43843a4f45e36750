"""Classical heads: each learns, is tuned inside the training patients, and repeats itself."""

import dataclasses

import numpy as np
import pytest

from ctseq.families.classical import CLASSICAL_HEADS, fit_classical
from ctseq.families.heads import LINEAR
from ctseq.families.sequence_heads import SEQUENCE_HEADS
from ctseq.replicates.tasks import Fit, Task
from ctseq.study.models import HEAD_FAMILIES


def problem(n=60):
    rng = np.random.default_rng(1)
    labels = np.arange(n) % 2
    features = rng.normal(labels[:, None] * 1.5, 1.0, (n, 6)).astype(np.float32)
    rows = np.arange(n)
    whole = Fit(rows[rows < 45], rows[rows >= 45])
    inner = [Fit(rows[(rows < 45) & (rows % 3 != k)], rows[(rows < 45) & (rows % 3 == k)])
             for k in range(3)]  # fmt: skip
    return features, Task(None, labels, whole, inner)


def fit(head, features, task):
    return fit_classical(head, features, task, weighted=False, seed=3, replicate=1)


@pytest.fixture(scope="module", params=CLASSICAL_HEADS)
def fitted(request, small_forest):
    """Give each head's name and what came of it."""
    return request.param, fit(request.param, *problem())


def test_each_learns_the_same_thing_twice(fitted):
    head, first = fitted
    features, task = problem()
    truth = task.labels[task.outer.held_out]
    assert ((first.probabilities >= 0.5) == truth).mean() >= 0.85
    assert ((first.probabilities >= 0) & (first.probabilities <= 1)).all()
    assert [len(part) for part in first.inner] == [15, 15, 15]
    again = fit(head, features, task)
    np.testing.assert_array_equal(first.probabilities, again.probabilities)
    (name,) = first.chosen
    assert first.chosen[name] in CLASSICAL_HEADS[head].grid[name]


def test_test_rows_decide_nothing(fitted):
    head, first = fitted
    features, task = problem()
    features[task.outer.held_out] *= -9
    other = fit(head, features, task)
    assert first.chosen == other.chosen
    for one, another in zip(first.inner, other.inner, strict=True):
        np.testing.assert_array_equal(one, another)


def test_weights_raise_the_rare_class():
    features, task = problem()
    rare = task.labels.copy()
    rare[np.arange(60) % 4 == 1] = 0
    task = dataclasses.replace(task, labels=rare)
    means = [
        fit_classical("logistic", features, task, weighted=w, seed=0, replicate=1).probabilities
        for w in (False, True)
    ]
    assert means[1].mean() > means[0].mean() + 0.05


def test_every_type_of_head_has_its_family():
    assert {t for t, family in HEAD_FAMILIES.items() if family == "sequence"} == set(SEQUENCE_HEADS)
    assert {t for t, family in HEAD_FAMILIES.items() if family == "classical"} == set(
        CLASSICAL_HEADS
    )
    assert HEAD_FAMILIES["linear"] == "linear"
    assert LINEAR is SEQUENCE_HEADS["mean"]
