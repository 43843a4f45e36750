"""Patients with several scans: what is described of scans is as sure as its patients are many."""

import numpy as np
import pytest

from ctseq.evidence.over_patients.analyses import OVER_PATIENTS
from patients import small_study

pytestmark = pytest.mark.filterwarnings("error")

# Quartiles of doubled numbers lie elsewhere, and a table of scans has twice as many rows; both have
# tests of their own.
OF_SCANS = {"patients/participants", "patients/missed"}
COMPARED = [name for name in OVER_PATIENTS if name not in OF_SCANS]


@pytest.fixture(scope="module")
def studies():
    """One study of 82 patients with a scan each, and one where each scan is there twice."""
    return [small_study(replicates=8, twice=twice) for twice in (False, True)]


@pytest.mark.parametrize("name", COMPARED)
def test_a_second_scan_that_is_like_the_first_makes_nothing_surer(studies, name):
    analysis = OVER_PATIENTS[name]
    one, two = (analysis.compute(study) for study in studies)
    counts = {"patients/subgroups": ["n"], "patients/predicted": ["n"]}.get(name, [])
    for column in counts:
        assert (two[column] == 2 * one[column]).all()
    for column in set(one) - set(counts):
        if one[column].dtype.kind == "f":
            np.testing.assert_allclose(two[column], one[column], rtol=1e-9, atol=1e-9)
        else:
            assert two[column].equals(one[column]), column


# First rows of tables of patients with one scan each, from before a patient could have several.
HELD = {
    "patients/subgroups": (0.9296875, 0.6632976741254359, 0.9888573852441704),
    "patients/calibration": (1.4015097904998448, -0.49040097429910756, 3.2934205552987974),
    "patients/discrimination": (0.9237666222666222, 0.7373136105210266, 1.0),
    "patients/net_benefit_differences": (
        0.03399999999999999, -0.10804926330317872, 0.17604926330317872
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HELD)
def test_patients_with_one_scan_have_the_numbers_that_they_had(name):
    first = OVER_PATIENTS[name].compute(small_study(("a", "b", "c"))).iloc[0]
    found = first[["estimate", "low", "high"]].tolist()
    assert found == pytest.approx(HELD[name], rel=1e-12)
