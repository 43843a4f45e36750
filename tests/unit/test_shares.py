"""Shares of scans that are decided right over replicates, and their intervals."""

import numpy as np
import pytest

from ctseq.core.errors import InputError
from ctseq.evidence.over_patients.shares import share_of_scans

pytestmark = pytest.mark.filterwarnings("error")

OPTIONS = {"overlap": 0.5, "alpha": 0.05}
EVERYONE = np.ones((4, 10), bool)


def share_of_single_scans(right, tested, **options):
    """Return the share of scans of which every patient has one."""
    return share_of_scans(right, tested, np.arange(tested.shape[1]), **options)


def test_where_replicates_agree_it_is_wilsons():
    right = np.arange(10) < np.full((4, 1), 9)
    share, low, high = share_of_single_scans(right, EVERYONE, **OPTIONS)
    assert share == pytest.approx(0.9)
    assert [low, high] == pytest.approx([0.5958, 0.9821], abs=5e-5)


def test_a_patient_counts_once():
    """One that is tested on three times counts as much as one that is tested on once."""
    tested = np.array([[1, 1], [1, 0], [1, 0]], bool)
    right = np.array([[1, 0], [1, 0], [0, 0]], bool)
    share, *_ = share_of_single_scans(right, tested, **OPTIONS)
    assert share == pytest.approx((2 / 3 + 0) / 2)
    # Decisions on patients that are not tested on do not count.
    assert share_of_single_scans(right | ~tested, tested, **OPTIONS)[0] == share


def test_by_hand():
    """Half right: 8, 8, 2 and 2 of 10, so that s^2 = .12 and the models' part .5 x .12 = .06."""
    right = np.arange(10) < np.array([[8], [8], [2], [2]])
    share, low, high = share_of_single_scans(right, EVERYONE, **OPTIONS)
    n = 0.25 / (0.25 / 10 + (1 / 4 + 0.25) * 0.12)
    z = 1.959964
    half = z * np.sqrt(0.25 / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    assert [share, low, high] == pytest.approx([0.5, 0.5 - half, 0.5 + half], abs=1e-6)


def test_scans_of_a_patient_count_as_one_patient():
    """Two of each, all alike: as many patients decide as before, and no more."""
    right = np.arange(10) < np.array([[8], [8], [2], [2]])
    pairs = np.arange(10).repeat(2)
    of_pairs = share_of_scans(right[:, pairs], EVERYONE[:, pairs], pairs, **OPTIONS)
    assert of_pairs == pytest.approx(share_of_single_scans(right, EVERYONE, **OPTIONS), abs=1e-12)
    _, low, high = share_of_single_scans(right[:, pairs], EVERYONE[:, pairs], **OPTIONS)
    assert of_pairs[1] < low < high < of_pairs[2]  # as if all scans were other patients'


def test_patients_with_more_scans_weigh_more_by_hand():
    """Of 10 scans 6 are one patient's: n is 100 / (36 + 4), and Wilson's interval that of 2.5."""
    right = np.arange(10) < np.full((4, 1), 5)
    patients = np.array([0, 1, 2, 3, 4, 4, 4, 4, 4, 4])
    share, low, high = share_of_scans(right, EVERYONE, patients, **OPTIONS)
    n, z = 2.5, 1.959964
    half = z * np.sqrt(0.25 / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    assert [share, low, high] == pytest.approx([0.5, 0.5 - half, 0.5 + half], abs=1e-6)


def test_only_scans_that_are_tested_on_count():
    tested = EVERYONE & (np.arange(10) < 6)
    patients = np.array([0, 1, 2, 3, 4, 5, 0, 1, 2, 3])
    six = share_of_single_scans(EVERYONE[:, :6], EVERYONE[:, :6], **OPTIONS)
    assert share_of_scans(EVERYONE, tested, patients, **OPTIONS) == six


@pytest.mark.parametrize("right", [True, False])
def test_all_or_none_right_stay_inside(right):
    share, low, high = share_of_single_scans(EVERYONE & right, EVERYONE, **OPTIONS)
    assert share == right
    assert 0 <= low < high <= 1
    assert (low if right else 1 - high) == pytest.approx(0.7225, abs=5e-5)  # Wilson, 10 of 10


def test_what_is_missing():
    assert np.isnan(share_of_single_scans(EVERYONE, ~EVERYONE, **OPTIONS)).all()
    share, *ends = share_of_single_scans(EVERYONE[:1], EVERYONE[:1], **OPTIONS)
    assert share == 1
    assert np.isnan(ends).all()
    with pytest.raises(InputError, match="alpha"):
        share_of_single_scans(EVERYONE, EVERYONE, overlap=0.5, alpha=1)
