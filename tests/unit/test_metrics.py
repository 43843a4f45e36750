"""Metrics: by hand, against scikit-learn, and undefined where they are."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from ctseq.evidence.metrics import METRICS, Metric, classification_metrics, comparable_metrics

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"

cases = st.integers(2, 40).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 1), min_size=n, max_size=n),
        # Few distinct values, so that ties are common.
        st.lists(st.integers(0, 8).map(lambda k: k / 8), min_size=n, max_size=n),
        st.lists(st.integers(0, 1), min_size=n, max_size=n),
    )
)


def test_by_hand():
    truth = [1, 1, 1, 0, 0, 0, 0, 0]
    probability = [0.9, 0.6, 0.3, 0.6, 0.4, 0.2, 0.1, 0.0]
    predicted = [1, 1, 0, 1, 0, 0, 0, 0]
    measured = classification_metrics(truth, probability, predicted)
    assert list(measured) == list(METRICS)
    assert measured == pytest.approx(
        {
            "tn": 4,
            "fp": 1,
            "fn": 1,
            "tp": 2,
            "accuracy": 6 / 8,
            "precision": 2 / 3,
            "recall": 2 / 3,
            "specificity": 4 / 5,
            "f1": 2 / 3,
            "balanced_accuracy": (2 / 3 + 4 / 5) / 2,
            "mcc": 7 / 15,  # (2 * 4 - 1 * 1) / sqrt(3 * 3 * 5 * 5)
            "roc_auc": 12.5 / 15,  # 5 + 4.5 + 3 of 15 pairs
            "average_precision": (1 + 2 / 3 + 3 / 5) / 3,
            "brier": (0.01 + 0.16 + 0.49 + 0.36 + 0.16 + 0.04 + 0.01) / 8,
            "macro_precision": (2 / 3 + 4 / 5) / 2,
            "macro_recall": (2 / 3 + 4 / 5) / 2,
        }
    )


@given(cases)
def test_agrees_with_scikit_learn_where_defined(case):
    truth, probability, predicted = map(np.array, case)
    measured = classification_metrics(truth, probability, predicted)
    options = {"zero_division": np.nan}
    expected = {
        "accuracy": sk.accuracy_score(truth, predicted),
        "precision": sk.precision_score(truth, predicted, **options),
        "recall": sk.recall_score(truth, predicted, **options),
        "specificity": sk.recall_score(truth, predicted, pos_label=0, **options),
        "f1": sk.f1_score(truth, predicted, **options),
        "brier": sk.brier_score_loss(truth, probability),
    }
    if 0 < truth.sum() < truth.size:
        expected["roc_auc"] = sk.roc_auc_score(truth, probability)
        expected["average_precision"] = sk.average_precision_score(truth, probability)
        expected["balanced_accuracy"] = sk.balanced_accuracy_score(truth, predicted)
        if 0 < predicted.sum() < truth.size:
            expected["mcc"] = sk.matthews_corrcoef(truth, predicted)
            expected["macro_precision"] = sk.precision_score(truth, predicted, average="macro")
    for name, value in expected.items():
        assert measured[name] == pytest.approx(value, nan_ok=True), name


@pytest.mark.parametrize(
    ("truth", "predicted", "undefined"),
    [
        # Nobody called positive, as in replicates 3 and 8 of the published ConvNeXt.
        ([1, 1, 0, 0], [0, 0, 0, 0], {"precision", "mcc", "macro_precision"}),
        (
            [0, 0, 0, 0],
            [0, 0, 1, 0],
            {"recall", "balanced_accuracy", "macro_recall", "mcc", "roc_auc", "average_precision"},
        ),
        (
            [1, 1, 1, 1],
            [1, 1, 1, 1],
            {"specificity", "balanced_accuracy", "macro_recall", "macro_precision", "mcc"}
            | {"roc_auc", "average_precision"},
        ),
        (
            [0, 0],
            [0, 0],
            {"precision", "recall", "f1", "balanced_accuracy", "macro_recall", "macro_precision"}
            | {"mcc", "roc_auc", "average_precision"},
        ),
    ],
)
def test_nothing_over_nothing_is_undefined(truth, predicted, undefined):
    measured = classification_metrics(truth, np.full(len(truth), 0.5), predicted)
    assert {name for name, value in measured.items() if math.isnan(value)} == undefined


def test_positives_that_nobody_finds_are_no_undefined_f1():
    assert classification_metrics([1, 0], [0.2, 0.1], [0, 0])["f1"] == 0


@pytest.mark.parametrize(
    ("truth", "probability", "predicted", "message"),
    [
        ([1, 0], [0.5], [1, 0], "shapes"),
        ([], [], [], "one value a prediction"),
        ([[1, 0]], [[0.5, 0.5]], [[1, 0]], "one value a prediction"),
        ([1, 2], [0.5, 0.5], [1, 0], "truth must hold 0 and 1"),
        ([1, 0], [0.5, 0.5], [1, np.nan], "predicted must hold 0 and 1"),
        ([1, 0], [0.5, 1.1], [1, 0], "lie in"),
        ([1, 0], [0.5, np.nan], [1, 0], "lie in"),
    ],
)
def test_refuses_what_cannot_be_measured(truth, probability, predicted, message):
    with pytest.raises(ValueError, match=message):
        classification_metrics(truth, probability, predicted)


def test_every_metric_says_what_it_is():
    assert [name for name, metric in METRICS.items() if not metric.higher_is_better] == [
        "fp", "fn", "brier"
    ]  # fmt: skip
    assert comparable_metrics() == list(METRICS)[4:]  # all but the counts
    for name, metric in METRICS.items():
        assert (metric.name, bool(metric.title), bool(metric.words)) == (name, True, True)


@given(cases)
def test_metrics_stay_in_their_range(case):
    for name, value in classification_metrics(*map(np.array, case)).items():
        low, high = METRICS[name].range
        assert math.isnan(value) or low - 1e-12 <= value <= high + 1e-12, name


def test_a_metric_is_added_in_one_place(monkeypatch):
    toy = Metric("toy", "Toy", "toy", lambda truth, probability, predicted: 0.25)
    monkeypatch.setitem(METRICS, "toy", toy)
    assert classification_metrics([1, 0], [0.5, 0.5], [1, 1])["toy"] == 0.25
    assert "toy" in comparable_metrics()


def test_needs_numpy_alone():
    program = (
        "import sys; import ctseq.evidence.metrics;"
        "print(sorted({'scipy', 'pandas', 'sklearn', 'statsmodels'} & set(sys.modules)))"
    )
    out = subprocess.run(
        [sys.executable, "-c", program], cwd=SCRIPTS, capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == "[]"
