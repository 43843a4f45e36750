"""The slice's number in the names of a folder's pictures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctseq.readers.slice_numbers import slice_numbers


def numbers(*stems):
    return [number for number, _ in slice_numbers(stems)]


@pytest.mark.parametrize(
    ("stems", "expected"),
    [
        ("slice1 slice2 slice10", [1, 2, 10]),
        ("0 00017 3", [0, 17, 3]),
        ("slice1_512x512 slice2_512x512 slice3_512x512", [1, 2, 3]),
        ("IM1_v2 IM2_v2 IM3_v3 IM4_v3", [1, 2, 3, 4]),
        ("1_brain_W80_L40 2_brain_W80_L40", [1, 2]),
        ("p7_3 p7_4", [3, 4]),
        ("20200101_1 20200101_2", [1, 2]),
        ("head_(1) head_(2)", [1, 2]),
        ("3 3(1) 4", [3, 3, 4]),  # a copy is a second file for one slice
        ("2 02 3", [2, 2, 3]),
        ("IM7", [7]),
        ("Slice_1 slice_2", [1, 2]),
        ("IM1 last", [1, None]),
        ("1a2b3c 1a2b4c", [3, 4]),  # alike but for one number
        ("20200101123045123_1 20200101123050456_2", [1, 2]),
        # Positions beside numbers must say the same order, with their signs and decimals.
        ("IM1_z-5.5 IM2_z-0.5 IM3_z4.5", [1, 2, 3]),
        ("IM1_z0.9 IM2_z1.2 IM3_z10.1", [1, 2, 3]),
        ("z5.0 z10.0 z15.0", [5, 10, 15]),
        ("1.1 1.2 1.10", [1, 2, 10]),
        ("2020.01.05_1 2020.01.06_2", [1, 2]),
        ("IMG-1 IMG-2", [1, 2]),
    ],
)
def test_the_number_in_which_names_differ(stems, expected):
    assert numbers(*stems.split()) == expected


def test_a_copys_number_is_not_the_slices():
    assert numbers("3", "3 (1)", "4") == [3, 3, 4]


@pytest.mark.parametrize(
    ("stems", "why"),
    [
        ("ID_3f9a12e ID_7c2b07d ID_1e1003a ID_abcdef1", "a code is no number"),
        ("3f9a12e4-11aa 7c2b07d0-22bb", "a code is no number"),
        ("IM1_z20 IM2_z15", "several numbers differ, and not in one order"),
        ("last first", ""),
        # By their decimals alone these would be 0, 625, 25 and 875; without signs 7, 2, 3 and 8.
        ("z0.0 z0.625 z1.25 z1.875", "a number with a sign or decimals is a position"),
        ("z-7 z-2 z3 z8", "a number with a sign or decimals is a position"),
        ("z-7.5 z-2.5 z2.5 z7.25", "a number with a sign or decimals is a position"),
        ("IM1_z4.5 IM2_z-0.5 IM3_z-5.5", "several numbers differ, and not in one order"),
    ],
)
def test_names_without_a_number_that_is_certain(stems, why):
    stems = stems.split()
    assert slice_numbers(stems) == [(None, why)] * len(stems)


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=6))
def test_any_names_have_small_whole_numbers_or_none(stems):
    found = slice_numbers(stems)
    assert len(found) == len(stems)
    assert all(number is None or 0 <= number < 10**9 for number, _ in found)


@given(st.lists(st.integers(0, 999), min_size=2, max_size=9, unique=True), st.integers(0, 99))
def test_the_order_of_names_is_that_of_their_numbers(values, visit):
    assert numbers(*(f"visit{visit}_{value}_512" for value in values)) == values
