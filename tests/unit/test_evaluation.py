"""From scores to predictions and metrics, by hand."""

import numpy as np
import pandas as pd
import pytest

from ctseq.core.errors import InputError
from ctseq.evidence.evaluation import evaluate, predict_slices
from ctseq.evidence.metrics import METRICS

SCANS = pd.DataFrame(
    {
        "scan_id": ["a", "b", "c", "d"],
        "patient_id": ["1", "1", "2", "3"],
        "target": [1, 0, 1, 0],
    }
)
# Scans a and b of one patient are tested, c and d were held out by inner folds.
SCORES = pd.DataFrame(
    [
        ("a", 1, "test", 0.2),
        ("a", 2, "test", 0.6),
        ("b", 1, "test", 0.1),
        ("b", 2, "test", 0.25),
        ("c", 1, "held_out", 0.4),
        ("c", 2, "held_out", 0.2),
        ("d", 1, "held_out", 0.1),
        ("d", 2, "held_out", 0.2),
    ],
    columns=["scan_id", "slice_number", "subset", "probability"],
)
SCORES.insert(1, "patient_id", SCORES["scan_id"].map(SCANS.set_index("scan_id")["patient_id"]))
SLICES = SCORES[["scan_id", "patient_id", "slice_number"]].assign(target=[0, 1, 0, 0] * 2)


def test_slices_make_a_scans_result_by_the_rule():
    for rule, probability, predicted in (
        ("any", [0.6, 0.25], [1, 0]),
        ("mean", [0.4, 0.175], [0, 0]),
        ("noisy_or", [1 - 0.8 * 0.4, 1 - 0.9 * 0.75], [1, 0]),
    ):
        found = evaluate(SCORES, SCANS, sequence_rule=rule, threshold=0.5)
        assert found.predictions["scan_id"].tolist() == ["a", "b"]
        assert found.predictions["patient_id"].tolist() == ["1", "1"]
        assert found.predictions["target"].tolist() == [1, 0]
        assert found.predictions["probability"].tolist() == pytest.approx(probability)
        assert found.predictions["predicted"].tolist() == predicted
        assert found.threshold == 0.5
        assert found.metrics["recall"] == predicted[0]
        assert found.metrics.keys() == METRICS.keys()


def test_a_threshold_is_chosen_on_scans_held_out():
    # By any: c has 0.4 and d 0.2; by mean, 0.3 and 0.15. The threshold lies half way.
    for rule, threshold in (("any", 0.3), ("mean", 0.225)):
        found = evaluate(SCORES, SCANS, sequence_rule=rule, threshold="chosen")
        assert found.threshold == pytest.approx(threshold)
        assert found.predictions["predicted"].tolist() == [1, 0]


def test_scores_of_scans_are_taken_as_they_are():
    scores = pd.DataFrame(
        {"scan_id": ["a", "b"], "patient_id": "1", "slice_number": pd.NA, "subset": "test",
         "probability": [0.5, 0.7]}
    )  # fmt: skip
    found = evaluate(scores, SCANS, sequence_rule=None, threshold=0.6)
    assert found.predictions["predicted"].tolist() == [0, 1]
    assert (found.metrics["accuracy"], found.metrics["recall"]) == (0, 0)
    assert predict_slices(scores, SLICES, threshold=0.6).empty


def test_what_is_undefined_is_nan():
    found = evaluate(SCORES, SCANS, sequence_rule="any", threshold=0.9)
    assert np.isnan(found.metrics["precision"])


def test_slices_of_test_scans_are_predicted_with_their_own_labels():
    found = predict_slices(SCORES, SLICES, threshold=0.2)
    assert found["target"].tolist() == [0, 1, 0, 0]
    assert found["predicted"].tolist() == [1, 1, 0, 1]


def test_a_score_without_a_label_is_an_error():
    with pytest.raises(InputError, match=r"scans.csv has no row of scan_id b, which"):
        evaluate(SCORES, SCANS[:1], sequence_rule="any", threshold=0.5)
    with pytest.raises(InputError, match=r"slices.csv has no row of scan_id a, slice_number 2,"):
        predict_slices(SCORES, SLICES[:1], threshold=0.5)
