"""Classical heads: each learns, is tuned inside the training patients, and repeats itself."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from ctseq.families.classical import CLASSICAL_HEADS, fit_classical
from ctseq.families.heads import LINEAR
from ctseq.families.sequence_heads import SEQUENCE_HEADS
from ctseq.replicates.tasks import Fit, Task
from ctseq.study.models import HEAD_FAMILIES
from scans import alone

pytestmark = pytest.mark.numerical


def problem(n=60):
    rng = np.random.default_rng(1)
    labels = np.arange(n) % 2
    features = rng.normal(labels[:, None] * 1.5, 1.0, (n, 6)).astype(np.float32)
    rows = np.arange(n)
    outer = Fit(rows[rows < 45], rows[rows >= 45])
    inner = [Fit(rows[(rows < 45) & (rows % 3 != k)], rows[(rows < 45) & (rows % 3 == k)])
             for k in range(3)]  # fmt: skip
    index = pd.DataFrame({"patient_id": [f"{row:02d}" for row in rows], "slice_number": 1})
    return features, Task(index, labels, alone(labels), outer, inner)


def fit(head, features, task):
    return fit_classical(head, features, task, weighted=False, seed=3, replicate=1)


@pytest.fixture(scope="module", params=CLASSICAL_HEADS)
def fitted(request, small_forest):
    """Return each head's name and what came of it."""
    return request.param, fit(request.param, *problem())


def test_each_learns_the_same_thing_twice(fitted):
    head, (chosen, scores) = fitted
    features, task = problem()
    test = scores[scores["subset"] == "test"]
    truth = task.labels[task.outer.held_out]
    assert ((test["probability"] >= 0.5) == truth).mean() >= 0.85
    assert scores["probability"].between(0, 1).all()
    assert scores["subset"].value_counts().to_dict() == {"held_out": 45, "test": 15}
    again, same_scores = fit(head, features, task)
    assert again == chosen
    pd.testing.assert_frame_equal(same_scores, scores)
    (name,) = chosen
    assert chosen[name] in CLASSICAL_HEADS[head].grid[name]


def test_test_rows_decide_nothing(fitted):
    head, (chosen, scores) = fitted
    features, task = problem()
    features[task.outer.held_out] *= -9
    other, other_scores = fit(head, features, task)
    assert other == chosen
    held_out = [table[table["subset"] == "held_out"] for table in (scores, other_scores)]
    pd.testing.assert_frame_equal(*held_out)


def test_weights_raise_the_rare_class():
    features, task = problem()
    rare = task.labels.copy()
    rare[np.arange(60) % 4 == 1] = 0
    task = dataclasses.replace(task, labels=rare)
    means = [
        fit_classical("logistic", features, task, weighted=weighted, seed=0, replicate=1)[1]
        .query("subset == 'test'")["probability"]
        .mean()
        for weighted in (False, True)
    ]
    assert means[1] > means[0] + 0.05


def test_every_type_of_head_has_its_family():
    assert {t for t, family in HEAD_FAMILIES.items() if family == "sequence"} == set(SEQUENCE_HEADS)
    assert {t for t, family in HEAD_FAMILIES.items() if family == "classical"} == set(
        CLASSICAL_HEADS
    )
    assert HEAD_FAMILIES["linear"] == "linear"
    assert LINEAR is SEQUENCE_HEADS["mean"]
