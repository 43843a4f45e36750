"""Shares of right decisions in groups of patients, with Wilson's intervals."""

import numpy as np
import pandas as pd
import pytest

from ctseq.evidence.notes import read_notes
from ctseq.evidence.over_patients import tested
from ctseq.evidence.over_patients.subgroups import (
    FEWEST,
    called_right,
    subgroup_share,
    subgroups_table,
)
from ctseq.evidence.over_replicates.design import Design
from patients import SETTINGS, described, predictions, small_study

pytestmark = pytest.mark.filterwarnings("error")


def test_whole_successes_have_wilson_s_interval():
    right = np.array([1.0] * 9 + [0.0])
    assert subgroup_share(right, alpha=0.05) == pytest.approx((0.9, 0.5958, 0.9821), abs=5e-5)


def test_half_successes_count_half():
    """9 of 10 whether one patient is wrong each time or two are wrong half of the time."""
    halves = np.array([1.0] * 8 + [0.5, 0.5])
    whole = np.array([1.0] * 9 + [0.0])
    assert subgroup_share(halves, alpha=0.05) == pytest.approx(subgroup_share(whole, alpha=0.05))


def test_ends_stay_inside_and_nobody_has_no_share():
    estimate, low, high = subgroup_share(np.ones(5), alpha=0.05)
    assert (estimate, high) == (1, pytest.approx(1))
    assert low == pytest.approx(5 / (5 + 1.959964**2))
    assert np.isnan(subgroup_share(np.array([]), alpha=0.05)).all()


@pytest.mark.parametrize("wrong", [[1.5], [-0.1], [np.nan]])
def test_what_is_no_share_is_refused(wrong):
    with pytest.raises(ValueError, match="between 0 and 1"):
        subgroup_share(np.array(wrong), alpha=0.05)


def of(rows, truth):
    patients = described(pd.DataFrame({"patient_id": list(truth), "hemorrhage": truth.values()}))
    settings = {"models": ["a", "b"], "contrasts": [["a", "b"]], **SETTINGS}
    table = predictions(*((*row[:3], truth[row[2]], 0.5, row[3]) for row in rows))
    return tested.tested_of(table, patients, Design(0.5, len(truth)), settings)


def test_a_patient_s_share_is_over_the_replicates_that_tested_it():
    truth = {"1": 1, "2": 0, "3": 1}
    rows = [("a", 1, "1", 1), ("a", 1, "2", 1), ("b", 1, "1", 0), ("b", 1, "2", 0)]
    rows += [("a", 2, "1", 0), ("b", 2, "1", 0)]
    right = called_right(of(rows, truth))
    np.testing.assert_array_equal(right, [[0.5, 0, np.nan], [0, 1, np.nan]])


@pytest.fixture(scope="module")
def table():
    made = subgroups_table(small_study(replicates=12))
    return made.set_index(["attribute", "group", "measure", "model"])


def test_groups_are_parted_by_what_is_known(table):
    groups = table.reset_index()[["attribute", "group"]].drop_duplicates().to_numpy().tolist()
    assert groups == [
        ["all", "all"],
        *(["subtype", name] for name in ("epidural", "subdural")),
        *(["sex", sex] for sex in "FM"),
        *(["age_years", ages] for ages in ("<50", "50-69", ">=70")),
        *(["n_slices", half] for half in ("<=20", ">20")),
    ]  # all slices are 5 mm apart, so that nothing is parted by spacing


def test_counts_of_an_attribute_add_up_to_all_in_whom_it_is_known(table):
    n = table["n"].groupby(["attribute", "measure", "model"]).sum().unstack("attribute")
    assert (n["n_slices"] == n["all"]).all()
    tested_first = int(n.loc[("sensitivity", "a"), "all"] - n.loc[("sensitivity", "a"), "sex"])
    assert tested_first in (0, 1)  # of one positive patient, age and sex are not known
    assert n.loc[("sensitivity", "a"), "subtype"] == n.loc[("sensitivity", "a"), "all"]
    assert np.isnan(n.loc[("specificity", "a"), "subtype"])  # only hemorrhages have one


def test_the_share_of_a_group_is_the_mean_of_its_patients():
    study = small_study(replicates=12)
    right = called_right(study)[0]
    women = (study.patients["sex"] == "F") & (study.patients["hemorrhage"] == 1)
    own = right[women & ~np.isnan(right)]
    row = subgroups_table(study).query(
        "model == 'a' and attribute == 'sex' and group == 'F' and measure == 'sensitivity'"
    )
    expected = subgroup_share(own, alpha=0.05)
    assert row[["estimate", "low", "high"]].to_numpy()[0] == pytest.approx(expected)
    assert row["n"].item() == len(own)


def test_of_a_small_group_the_number_alone_is_told():
    truth = {str(number): int(number < FEWEST - 1) for number in range(12)}
    rows = [(model, 1, patient, 1) for model in "ab" for patient in truth]
    made = subgroups_table(of(rows, truth)).set_index(["attribute", "measure", "model"])
    few, enough = made.loc[("all", "sensitivity", "a")], made.loc[("all", "specificity", "a")]
    assert few["n"] == FEWEST - 1
    assert np.isnan(few[["estimate", "low", "high"]].astype(float)).all()
    assert [note["code"] for note in read_notes(few["notes"])] == ["few_patients"]
    assert (enough["n"], enough["estimate"]) == (8, 0)
