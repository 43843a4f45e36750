"""Classical heads: each learns, is tuned inside the training patients, and repeats itself."""

import dataclasses

import numpy as np
import pytest

from ctseq.classical import CLASSICAL_HEADS, fit_classical
from ctseq.families import HEAD_FAMILIES
from ctseq.fits import Fit
from ctseq.heads import LINEAR
from ctseq.sequence_heads import SEQUENCE_HEADS
from ctseq.tasks import Task


def problem(n=60):
    rng = np.random.default_rng(1)
    labels = np.arange(n) % 2
    features = rng.normal(labels[:, None] * 1.5, 1.0, (n, 6)).astype(np.float32)
    rows = np.arange(n)
    whole = Fit(rows[rows < 45], rows[rows >= 45])
    inner = [Fit(rows[(rows < 45) & (rows % 3 != k)], rows[(rows < 45) & (rows % 3 == k)])
             for k in range(3)]  # fmt: skip
    return features, Task(None, labels, whole, inner)


@pytest.mark.parametrize("head", CLASSICAL_HEADS)
def test_each_learns_the_same_thing_twice(head):
    features, task = problem()
    fitted, again = (
        fit_classical(head, features, task, weighted=False, seed=3, replicate=1) for _ in range(2)
    )
    truth = task.labels[task.whole.held_out]
    assert ((fitted.probabilities >= 0.5) == truth).mean() >= 0.85
    assert ((fitted.probabilities >= 0) & (fitted.probabilities <= 1)).all()
    assert [len(part) for part in fitted.inner] == [15, 15, 15]
    np.testing.assert_array_equal(fitted.probabilities, again.probabilities)
    (name,) = fitted.chosen
    assert fitted.chosen[name] in CLASSICAL_HEADS[head].grid[name]


@pytest.mark.parametrize("head", CLASSICAL_HEADS)
def test_validation_rows_decide_nothing(head):
    features, task = problem()
    others = features.copy()
    others[task.whole.held_out] *= -9
    first = fit_classical(head, features, task, weighted=True, seed=3, replicate=1)
    second = fit_classical(head, others, task, weighted=True, seed=3, replicate=1)
    assert first.chosen == second.chosen
    for one, other in zip(first.inner, second.inner, strict=True):
        np.testing.assert_array_equal(one, other)


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
