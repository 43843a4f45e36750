"""DeLong's and McNemar's tests, which benchmarks/false_alarms.py measures and no page prints."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

from pooled import (  # noqa: E402
    delong,
    delong_interval,
    delong_test,
    mcnemar_corrected,
    mcnemar_exact,
    pool,
)

pytestmark = pytest.mark.filterwarnings("error")

TRUTH = np.repeat([True, False], 5)
PROBABILITY = np.array(
    [
        [0.9, 0.8, 0.7, 0.6, 0.3, 0.5, 0.4, 0.35, 0.2, 0.1],
        [0.6, 0.9, 0.4, 0.55, 0.2, 0.7, 0.5, 0.3, 0.45, 0.1],
    ]
)


def test_delongs_known_answer():
    areas = delong(TRUTH, PROBABILITY)
    assert areas.auc == pytest.approx([0.88, 0.64])
    z, p = delong_test(areas)
    assert z == pytest.approx(1.57568, abs=5e-6)
    assert p == pytest.approx(0.11510, abs=5e-6)
    for model in (0, 1):
        low, high = delong_interval(areas, model, alpha=0.05)
        half = 1.959964 * np.sqrt(areas.covariance[model, model])
        assert low == pytest.approx(areas.auc[model] - half)
        assert high == pytest.approx(min(1, areas.auc[model] + half))  # cut at 1


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 6)), min_size=6, max_size=30
    ).filter(lambda rows: 2 <= sum(row[0] for row in rows) <= len(rows) - 2)
)
def test_delong_is_its_definition(rows):
    truth, *probability = np.array(rows).T
    truth = truth == 1
    areas = delong(truth, np.array(probability))
    kernels = [np.sign(p[truth][:, None] - p[~truth]) / 2 + 0.5 for p in probability]
    expected = np.cov([k.mean(axis=1) for k in kernels]) / truth.sum()
    expected = expected + np.cov([k.mean(axis=0) for k in kernels]) / (~truth).sum()
    assert areas.covariance == pytest.approx(expected)
    assert areas.auc == pytest.approx([roc_auc_score(truth, p) for p in probability])


def test_delong_needs_two_patients_of_either_class():
    with pytest.raises(ValueError, match="two patients of either class"):
        delong(np.arange(10) < 1, PROBABILITY)
    with pytest.raises(ValueError, match="one probability a model and patient"):
        delong(TRUTH, PROBABILITY[:, 1:])


def test_mcnemars_known_answers():
    """By statsmodels: [[9959, 11], [1, 29]], and [[9945, 25], [15, 15]] with the correction."""
    assert mcnemar_exact(11, 1) == pytest.approx(0.0063477, abs=5e-8)
    assert mcnemar_corrected(25, 15) == pytest.approx((2.025, 0.15473), abs=5e-6)
    assert mcnemar_exact([0, 3], [0, 3]).tolist() == [1, 1]


def test_patients_count_once():
    tested = np.array([[[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0]]], bool).repeat(2, axis=0)
    probability = np.array([[[0.1, 0.2, 9, 9], [0.4, 9, 0.3, 9], [0.4, 0.6, 9, 9]]] * 2)
    mean, decision = pool(tested, probability, probability >= 0.4)
    assert mean == pytest.approx(np.array([[0.3, 0.4, 0.3]] * 2))  # the fourth is never tested
    assert decision.tolist() == [[True, True, False]] * 2  # a tie is positive
