"""Decisions are the same whatever rounding errors do to the last digits of features and scores."""

from pathlib import Path

import numpy as np
import pytest

from ctseq.families.classical import CLASSIFIERS
from ctseq.families.ties import RESOLUTION, first_best, improves
from ctseq.replicates.aggregation import choose_threshold
from featured import LEARNING

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_the_first_of_nearly_equal_scores_is_the_best():
    assert improves(0.0, -np.inf)
    assert improves(0.5 + 2 * RESOLUTION, 0.5)
    assert not improves(0.5 + RESOLUTION / 2, 0.5)
    assert not improves(np.nan, 0.5)
    assert first_best([0.1, 0.7, 0.7 + RESOLUTION / 2, 0.2]) == 1
    assert first_best([0.1, 0.7, 0.7 + 2 * RESOLUTION, -np.inf]) == 2


def test_a_threshold_never_separates_what_only_rounding_does():
    truth = np.array([0, 0, 1, 1])
    for third in (0.4 - 1e-9, 0.4 + 1e-9):
        # Between the second and the third patient lies a rounding error.
        assert choose_threshold(truth, np.array([0.1, 0.4, third, 0.8])) == pytest.approx(0.6)
    # Near 1, a tiny difference is a large one of the logits.
    tiny = choose_threshold(truth, np.array([0.9, 1 - 1e-9, 1 - 1e-12, 1]))
    assert 1 - 1e-9 < tiny < 1 - 1e-12


@pytest.mark.usefixtures("small_forest")
@pytest.mark.parametrize("family", LEARNING)
def test_the_last_digits_of_features_decide_nothing(family, monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import perturbed_features

    # The benchmark itself takes more epochs.
    monkeypatch.setitem(perturbed_features.TRAINING, "epochs", 10)
    monkeypatch.setattr(CLASSIFIERS["mlp"].classifier, "max_iter", 30)
    found = perturbed_features.differences(family, seed=0)
    assert found["choices"] == found["predictions"] == 0
    assert found["loss"] <= RESOLUTION
    # A forest's probabilities move by whole trees.
    bound = 0.05 if family == "forest" else 1e-3
    assert found["probability"] <= bound
    assert found["metric"] <= bound / 10
