"""Shares of right decisions in groups of scans, counted once a scan."""

import numpy as np
import pytest

from ctseq.evidence.notes import read_notes
from ctseq.evidence.over_patients import tested
from ctseq.evidence.over_patients.shares import share_of_scans
from ctseq.evidence.over_patients.subgroups import FEWEST, decisions, subgroups_table
from ctseq.evidence.over_replicates.design import Design
from patients import SETTINGS, described, predictions, scans_of, small_study

pytestmark = pytest.mark.filterwarnings("error")


def of(rows, truth):
    settings = {"models": ["a", "b"], "contrasts": [["a", "b"]], **SETTINGS}
    table = predictions(*((*row[:3], truth[row[2]], 0.5, row[3]) for row in rows))
    return tested.tested_of(table, described(scans_of(truth)), Design(0.5, len(truth)), settings)


def test_decisions_stand_by_replicate_and_scan():
    truth = {"1": 1, "2": 0, "3": 1}
    rows = [("a", 1, "1", 1), ("a", 1, "2", 1), ("b", 1, "1", 0), ("b", 1, "2", 0)]
    rows += [("a", 2, "1", 0), ("b", 2, "1", 0)]
    right, seen = decisions(of(rows, truth))
    np.testing.assert_array_equal(right, [[[1, 0, 0], [0, 0, 0]], [[0, 1, 0], [0, 0, 0]]])
    np.testing.assert_array_equal(seen, [[1, 1, 0], [1, 0, 0]])


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


def test_the_share_of_a_group_counts_its_tested_scans_once():
    study = small_study(replicates=12)
    right, seen = decisions(study)
    women = ((study.scans["sex"] == "F") & (study.scans["target"] == 1)).to_numpy()
    women = women & seen.any(axis=0)
    row = subgroups_table(study).query(
        "model == 'a' and attribute == 'sex' and group == 'F' and measure == 'sensitivity'"
    )
    shares = right[0][:, women].sum(axis=0) / seen[:, women].sum(axis=0)
    assert row["estimate"].item() == pytest.approx(shares.mean())
    assert row["n"].item() == row["n_patients"].item() == len(shares)
    alone = np.arange(len(shares))
    expected = share_of_scans(right[0][:, women], seen[:, women], alone, **study.corrected)
    assert row[["estimate", "low", "high"]].to_numpy()[0] == pytest.approx(expected)


def test_models_that_differ_by_replicate_have_wider_intervals():
    """Both are right on half of ten patients: `a` on the same five, `b` on all or on none."""
    truth = {str(number): 1 for number in range(10)}
    rows = [("a", at, patient, int(int(patient) < 5)) for at in (1, 2) for patient in truth]
    rows += [("b", at, patient, at - 1) for at in (1, 2) for patient in truth]
    made = subgroups_table(of(rows, truth)).query("attribute == 'all'").set_index("model")
    assert made["estimate"].tolist() == [0.5, 0.5]
    # Wilson, 5 of 10
    assert made.loc["a", ["low", "high"]].tolist() == pytest.approx([0.2366, 0.7634], abs=5e-5)
    assert made.loc["b", "low"] < 0.1


def test_of_a_small_group_the_number_alone_is_told():
    truth = {str(number): int(number < FEWEST - 1) for number in range(12)}
    rows = [(model, at, patient, 1) for model in "ab" for at in (1, 2) for patient in truth]
    made = subgroups_table(of(rows, truth)).set_index(["attribute", "measure", "model"])
    few, enough = made.loc[("all", "sensitivity", "a")], made.loc[("all", "specificity", "a")]
    assert few["n"] == few["n_patients"] == FEWEST - 1
    assert np.isnan(few[["estimate", "low", "high"]].astype(float)).all()
    assert [note["code"] for note in read_notes(few["notes"])] == ["few_patients"]
    assert (enough["n"], enough["estimate"]) == (8, 0)
