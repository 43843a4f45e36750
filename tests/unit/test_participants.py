"""Who the patients are and what was scanned, in all and by subset, and which splits are odd."""

import numpy as np
import pandas as pd
import pytest

from ctseq.evidence.over_patients import participants, tested
from ctseq.evidence.over_replicates.design import Design
from ctseq.readers.subtypes import SUBTYPES
from patients import SETTINGS, predictions, small_study

pytestmark = pytest.mark.filterwarnings("error")

IDS = ["1", "2", "3", "4"]
SCANS = pd.DataFrame(
    {
        "scan_id": IDS,
        "patient_id": IDS,
        "target": [1, 0, 1, 0],
        "n_slices": [20, 30, 40, 50],
        "age_years": [30.0, 50.0, 70.0, np.nan],
        "sex": ["F", "M", "M", ""],
        "spacing_mm": np.nan,
        **dict.fromkeys(SUBTYPES, np.nan),
        "epidural": [1.0, 0, 0, 0],
    }
)


def study(*test_subsets, scans=SCANS):
    """Return a study of patients, of whose scans the subsets are tested on."""
    truth = scans.set_index("scan_id")["target"]
    rows = [
        ("a", replicate, scan, truth[scan], 0.5, 1)
        for replicate, subset in enumerate(test_subsets, start=1)
        for scan in subset
    ]
    settings = {"models": ["a"], "contrasts": [], **SETTINGS}
    return tested.tested_of(predictions(*rows), scans, Design(1 / 3, len(scans)), settings)


@pytest.fixture(scope="module")
def table():
    """Of two replicates: patients 1 and 2 are tested in the first, 4 in the second."""
    made = participants.participants_table(study(["1", "2"], ["4"]))
    return made.set_index(["characteristic", "statistic", "subset"])


def cells(table, characteristic, statistic):
    rows = [table.loc[characteristic, statistic, subset] for subset in ("all", "train", "test")]
    return [row.tolist() for row in rows]


def test_all_patients_are_described_once_and_subsets_by_their_mean_and_extremes(table):
    nan = np.nan
    expected = {
        ("patients", "n"): [[4, nan, nan], [2.5, 2, 3], [1.5, 1, 2]],
        ("scans", "n"): [[4, nan, nan], [2.5, 2, 3], [1.5, 1, 2]],
        ("age_years", "median"): [[50, nan, nan], [60, 50, 70], [40, 40, 40]],
        # Of all: 30, 50 and 70 years. Training: 70 alone, then 30, 50 and 70. Test: 30 and 50.
        ("age_years", "q1"): [[40, nan, nan], [55, 40, 70], [35, 35, 35]],
        ("age_years", "q3"): [[60, nan, nan], [65, 60, 70], [45, 45, 45]],
        ("age_years", "missing"): [[1, nan, nan], [0.5, 0, 1], [0.5, 0, 1]],
        ("women", "n"): [[1, nan, nan], [0.5, 0, 1], [1, 1, 1]],
        ("women", "share"): [[1 / 3, nan, nan], [1 / 6, 0, 1 / 3], [0.5, 0.5, 0.5]],
        ("target", "share"): [[0.5, nan, nan], [7 / 12, 0.5, 2 / 3], [0.25, 0, 0.5]],
        ("epidural", "n"): [[1, nan, nan], [0.5, 0, 1], [0.5, 0, 1]],
        ("n_slices", "median"): [[35, nan, nan], [37.5, 30, 45], [37.5, 25, 50]],
    }
    for name, rows in expected.items():
        np.testing.assert_allclose(cells(table, *name), rows, err_msg=name)


def test_what_nobody_is_known_to_have_is_missing(table):
    assert table.loc[("spacing_mm", "missing", "all"), "value"] == 4
    assert np.isnan(table.loc[("spacing_mm", "median", "all"), "value"])
    assert np.isnan(table.loc[("subdural", "n", "test"), "value"])
    assert table.loc[("subdural", "missing", "train"), "most"] == 3


def test_subtypes_are_those_of_any_slice_and_unknown_where_a_slice_is_not_labelled():
    scans = pd.DataFrame({"scan_id": ["1", "2", "3"]})
    slices = pd.DataFrame({"scan_id": ["1", "1", "2", "2", "3"], **dict.fromkeys(SUBTYPES, 0)})
    slices["epidural"] = pd.array([0, 1, 0, 0, pd.NA], dtype="Int64")
    slices["subdural"] = pd.array([0, 0, 1, pd.NA, 1], dtype="Int64")
    made = participants.with_subtypes(scans, slices.sample(frac=1, random_state=1))
    np.testing.assert_array_equal(made["epidural"], [1, 0, np.nan])
    np.testing.assert_array_equal(made["subdural"], [0, np.nan, 1])
    np.testing.assert_array_equal(made["epidural"].iloc[[2, 0]], [np.nan, 1])


@pytest.mark.parametrize(
    ("counts", "p"),
    [
        # Fisher's lady tasting tea: 3 of 4 against 1 of 4, 34 of 70 ways.
        ((4, 4, 1, 3), 34 / 70),
        ((4, 4, 0, 4), 2 / 70),
        ((42, 18, 12, 11), 0.02298),
        ((57, 25, 25, 11), 1.0),
    ],
)
def test_a_split_is_as_improbable_as_fisher_s_exact_test_says(counts, p):
    assert participants.split_p(*counts) == pytest.approx(p, abs=1e-5)


def test_odd_splits_are_flagged():
    """Of 60 patients, 23 positive: 11 of 18 test patients are too many, 7 are not."""
    ids = [f"{number:02d}" for number in range(60)]
    scans = pd.DataFrame({"scan_id": ids, "patient_id": ids, "target": [1] * 23 + [0] * 37})
    odd, even = ids[:11] + ids[23:30], ids[:7] + ids[23:34]
    made = participants.splits_table(study(odd, even, scans=scans))
    assert made["odd"].tolist() == [1, 0]
    first = made.iloc[0]
    assert first[["n_train", "n_test", "positive_train", "positive_test"]].tolist() == [
        42, 18, 12, 11
    ]  # fmt: skip
    assert first["p"] == pytest.approx(0.02298, abs=1e-5)


def test_patients_with_several_scans_are_counted_once_and_their_scans_each():
    """Patient 1 has two scans, of which the second is positive, and so is the only one of 3."""
    scans = SCANS.assign(
        scan_id=["1-1", "1-2", "2", "3"],
        patient_id=["1", "1", "2", "3"],
        target=[0, 1, 0, 1],
        age_years=[30.0, 30.0, 50.0, 70.0],
        sex=["F", "F", "M", "M"],
        epidural=[0.0, 1.0, 0, 0],
    )
    tested_on = study(["1-1", "1-2"], ["2", "3"], scans=scans)
    made = participants.participants_table(tested_on)
    value = made.set_index(["characteristic", "statistic", "subset"])["value"]
    assert [value[name, "n", "all"] for name in ("patients", "scans")] == [3, 4]
    assert [value[name, "n", "test"] for name in ("patients", "scans")] == [1.5, 2]
    assert value["women", "share", "all"] == pytest.approx(1 / 3)
    assert value["age_years", "median", "all"] == 50
    assert [value[name, "share", "all"] for name in ("target", "epidural")] == [0.5, 0.25]
    assert value["n_slices", "median", "all"] == 35
    # Patients are drawn, so that they are what a split parts.
    splits = participants.splits_table(tested_on).iloc[:, 1:5].to_numpy().tolist()
    assert splits == [[2, 1, 1, 1], [1, 2, 1, 1]]


def test_both_subsets_together_are_all_patients():
    table = participants.participants_table(small_study(replicates=3))
    n = table[table["statistic"].isin(["n", "missing"])].pivot_table(
        index=["characteristic", "statistic"], columns="subset", values="value"
    )
    np.testing.assert_allclose(n["train"] + n["test"], n["all"])
