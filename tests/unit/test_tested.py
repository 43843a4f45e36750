"""The test sets of a study's replicates."""

import numpy as np
import pytest

from ctseq.core.errors import InputError
from ctseq.core.tables import write_table
from ctseq.evidence.over_patients import tested
from ctseq.evidence.over_patients.analyses import OVER_PATIENTS
from ctseq.evidence.over_replicates.design import Design
from patients import SETTINGS, described, predictions, scans_of, small_study

pytestmark = pytest.mark.filterwarnings("error")

SCANS = described(scans_of({"049": 1, "050": 0, "051": 0, "052": 1}))
ROWS = [
    ("a", 1, "050", 0, 0.4, 0),
    ("a", 1, "049", 1, 0.9, 1),
    ("a", 2, "052", 1, 0.2, 0),
    ("b", 1, "049", 1, 0.8, 1),
    ("b", 1, "050", 0, 0.3, 0),
    ("b", 2, "052", 1, 0.6, 1),
]


def of(rows, models=("b", "a"), **settings):
    settings = {"models": [*models], "contrasts": [[*models]], **SETTINGS, **settings}
    return tested.tested_of(predictions(*rows), SCANS, Design(0.5, 4), settings)


def test_every_replicate_keeps_its_own_scans_and_probabilities():
    made = of(ROWS)
    first, second = made.sets
    assert made.models == ("b", "a")
    assert (first.replicate, second.replicate) == (1, 2)
    assert first.scan_ids.tolist() == ["049", "050"]
    assert first.truth.tolist() == [1, 0]
    assert first.probability.tolist() == [[0.8, 0.3], [0.9, 0.4]]
    assert first.predicted.tolist() == [[1, 0], [1, 0]]
    assert second.probability.tolist() == [[0.6], [0.2]]


def test_what_is_known_of_all_replicates():
    made = of(ROWS)
    probability, truth = made.predictions_of("a")
    assert [own.tolist() for own in probability] == [[0.9, 0.4], [0.2]]
    assert [own.tolist() for own in truth] == [[1, 0], [1]]
    assert made.prevalence == pytest.approx(0.75)  # a half and all
    assert made.corrected == {"overlap": 1.0, "alpha": 0.05}


def test_the_order_of_rows_does_not_matter():
    one, other = of(ROWS), of(ROWS[::-1])
    for own, same in zip(one.sets, other.sets, strict=True):
        assert own.scan_ids.tolist() == same.scan_ids.tolist()
        assert np.array_equal(own.probability, same.probability)


@pytest.mark.parametrize(
    ("rows", "settings", "message"),
    [
        (ROWS[:3], {}, "no prediction of model b"),
        ([*ROWS, ("a", 1, "777", 1, 0.9, 1)], {}, "777, which is not in scans.csv"),
        ([*ROWS[1:], ("a", 1, "050", 1, 0.9, 1)], {}, "050.*another label"),
        (ROWS[1:], {}, "lacks predictions of replicate 1"),
        (ROWS[:-1], {}, "lacks predictions of replicate 2"),
        (ROWS, {"alpha": 1.5}, r"comparison\.alpha"),
    ],
)
def test_refused(rows, settings, message):
    with pytest.raises(InputError, match=message):
        of(rows, **settings)


@pytest.mark.parametrize("name", OVER_PATIENTS)
@pytest.mark.parametrize("replicates", [1, 5])
def test_tables_keep_their_contract(name, replicates, tmp_path):
    analysis = OVER_PATIENTS[name]
    study = small_study(("a", "b", "c"), replicates=replicates)
    made = analysis.compute(study)
    assert set(made) == set(analysis.table.columns)
    write_table(made, tmp_path / "table.csv", analysis.table)
    again = analysis.compute(study)
    assert made.equals(again)


@pytest.mark.parametrize("name", OVER_PATIENTS)
@pytest.mark.parametrize("truth", [0, 1])
@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_tables_of_one_class_and_one_probability(name, truth, probability, tmp_path):
    analysis = OVER_PATIENTS[name]
    rows = [
        (model, replicate, patient, truth, probability, int(probability >= 0.5))
        for model in "ab"
        for replicate in (1, 2)
        for patient in ("049", "052")
    ]
    scans = SCANS.assign(target=truth)
    settings = {"models": ["a", "b"], "contrasts": [["a", "b"]], **SETTINGS}
    made = analysis.compute(tested.tested_of(predictions(*rows), scans, Design(0.5, 4), settings))
    write_table(made, tmp_path / "table.csv", analysis.table)
