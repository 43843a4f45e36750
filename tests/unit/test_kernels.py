"""How sharp a kernel is, by its maker's names, and where it is named in the description alone."""

import pytest

from ctseq.readers.dicom.kernels import MEDIUM, SHARP, SOFT, UNKNOWN, sharpness_of


@pytest.mark.parametrize(
    ("kernel", "manufacturer", "expected"),
    [
        ("H31s", "SIEMENS", SOFT),
        ("H45s", "SIEMENS", MEDIUM),
        ("H50s", "SIEMENS", SHARP),
        ("H60s", "SIEMENS", SHARP),
        ("J40s", "SIEMENS", SOFT),
        ("I70f", "Siemens", SHARP),
        ("Hr40", "Siemens Healthineers", SOFT),
        ("Br64d", "Siemens Healthineers", SHARP),
        ("U90u", "SIEMENS", SHARP),
        ("B30f", "", SOFT),
        ("STANDARD", "GE MEDICAL SYSTEMS", SOFT),
        ("SOFT", "GE MEDICAL SYSTEMS", SOFT),
        ("DETAIL", "GE MEDICAL SYSTEMS", MEDIUM),
        ("BONE", "GE MEDICAL SYSTEMS", SHARP),
        ("BONEPLUS", "GE MEDICAL SYSTEMS", SHARP),
        ("EDGE", "GE MEDICAL SYSTEMS", SHARP),
        ("LUNG", "GE MEDICAL SYSTEMS", SHARP),
        ("B", "Philips", SOFT),
        ("UB", "Philips", SOFT),
        ("UC", "Philips", MEDIUM),
        ("D", "Philips", SHARP),
        ("E", "Philips", SHARP),
        ("YB", "Philips", SHARP),
        ("D", "GE MEDICAL SYSTEMS", UNKNOWN),  # a letter is Philips' alone
        ("D", "", SHARP),
        ("FC21", "TOSHIBA", SOFT),
        ("FC64", "Canon Medical Systems", SOFT),
        ("FC30", "TOSHIBA", SHARP),
        ("FC51-H", "TOSHIBA", SHARP),
        ("FC71", "TOSHIBA", UNKNOWN),
        ("H_SOFT_B", "UIH", SOFT),
        ("B_VSHARP_C", "UIH", SHARP),
        ("Q7", "Somebody", UNKNOWN),
        ("", "SIEMENS", UNKNOWN),
    ],
)
def test_a_kernel_is_known_by_its_makers_table(kernel, manufacturer, expected):
    assert sharpness_of(kernel, manufacturer) == expected


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("Head 5.0 H31s", SOFT),
        ("Head 1.0 Hr68", SHARP),
        ("Bone 5mm", SHARP),
        ("BONE_THIN", SHARP),
        ("Knochen 2mm", SHARP),
        ("5mm STD", SOFT),
        ("Head FC30", SHARP),
        ("Brain 5mm", UNKNOWN),  # a part of the body, and no kernel
        ("T12 AX20", UNKNOWN),
        ("Carbon copy", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_a_description_tells_what_the_header_does_not(description, expected):
    assert sharpness_of("", "", description) == expected


def test_the_header_counts_more_than_the_description():
    assert sharpness_of("H31s", "SIEMENS", "Bone window") == SOFT
    assert sharpness_of("unheard", "SIEMENS", "Head 5.0 H31s") == UNKNOWN
