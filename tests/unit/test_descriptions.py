"""What descriptions and agents say: contrast agent, part of the body, computed or not."""

import pytest

from ctseq.readers.dicom.descriptions import (
    CONTRAST,
    PLAIN,
    UNTOLD,
    agent_given,
    contrast_of,
    is_derived,
    parts_of,
)


@pytest.mark.parametrize(
    "text",
    [
        *("CT PRE CONTRAST 5MM STD", "CT Plain", "PRE", "HEAD NON", "Head_NON_CON", "non-contrast"),
        *("NONCONTRAST", "no contrast", "NO IV CONTRAST", "HEAD W/O", "HEAD WO CONTRAST", "C-"),
        *("HEAD -C", "NCCT", "unenhanced", "without contrast", "Kopf nativ 5.0 H31s", "ohne KM"),
        *("sin contraste", "TAC simple", "sans injection", "senza mdc", "sem contraste", "IV-"),
        *("PreContrast", "Pre-contrast thin", "HEAD NC 5mm", "Head N/C", "contrast: none"),
        *("CONTRAST NOT GIVEN", "TC CEREBRAL S/C"),
    ],
)
def test_words_for_plain(text):
    assert contrast_of(text) == PLAIN


@pytest.mark.parametrize(
    "text",
    [
        *("CT POST CONTRAST", "HEAD POST", "HEAD POST 5MM", "C+", "HEAD +C", "with contrast"),
        *("HEAD W CONTRAST", "Head W/ IV contrast", "enhanced", "CECT", "CTA HEAD NECK"),
        *("CT PERFUSION", "arterial", "Schädel mit KM", "crâne injecté"),
        *("Premonitoring", "Angio 0.6"),
        *("con contraste", "CT 4cc sec 150cc", "Head_Post_Contrast", "delayed 5 min"),
        *("HEAD WITH", "Head W", "TC CEREBRAL C/C"),
    ],
)  # fmt: skip
def test_words_for_contrast_agent(text):
    assert contrast_of(text) == CONTRAST


@pytest.mark.parametrize(
    "text",
    [
        *("", "HEAD 5MM", "C-SPINE", "C- SPINE", "post op head", "POST FOSSA", "pre-op planning"),
        *("HEAD NON HELICAL", "WITH AND WITHOUT CONTRAST", "HEAD W/WO", "W WO", "pre and post"),
        *("C- and C+", "+/- contrast", "avec et sans injection", "Routine", "Connor 5mm"),
        *("HEAD WITH AND WITHOUT", "axial with MPR", "S/C and C/C", "INC 5mm"),
    ],
)
def test_words_that_do_not_tell(text):
    assert contrast_of(text) == UNTOLD


@pytest.mark.parametrize(
    ("agent", "volume", "expected"),
    [
        ("", None, UNTOLD),
        ("Omnipaque 300", None, CONTRAST),
        ("APPLIED", None, CONTRAST),
        ("", 80.0, CONTRAST),
        ("", 0.0, PLAIN),
        ("NONE", None, PLAIN),
        ("NONE", 0.0, PLAIN),
        ("no", None, PLAIN),
        ("N/A", None, PLAIN),
        ("0", None, PLAIN),
        ("WITHOUT CONTRAST", None, PLAIN),
        ("Omnipaque 300", 0.0, UNTOLD),
    ],
)
def test_agents_and_their_volume(agent, volume, expected):
    assert agent_given(agent, volume) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HEAD 5mm", ["head"]),
        ("HeadSeq", ["head"]),
        ("HEAD^HeadRoutine (Adult)", ["head"]),
        ("Schädel", ["head"]),
        ("Cráneo simple", ["head"]),
        ("HEADNECK", ["head", "neck"]),
        ("CTA HEAD NECK", ["head", "neck"]),
        ("CHEST", ["chest"]),
        ("ThoraxRoutine", ["chest"]),
        ("C-SPINE", ["spine"]),
        ("Neck soft", ["neck"]),
        ("ABDOMEN/PELVIS", ["abdomen", "pelvis"]),
        ("5mm STD", []),
        ("delivery", []),
    ],
)
def test_parts_of_the_body(text, expected):
    assert parts_of(text) == expected


def test_what_is_computed():
    derived = ["MIP 10mm", "AX MPR", "Head Reformat", "VNC 5mm", "Mono 70 keV", "CBF", "VRT"]
    derived += ["Axial MinIP", "MIPs", "tMIP", "MPRs", "AvgIP 10"]
    assert [text for text in derived if not is_derived(text)] == []
    plain = ["Head 5.0 H31s", "Trauma head", "Simple 5mm", "AX 3D 0.6", "Thin for MPR"]
    assert [text for text in plain if is_derived(text)] == []
