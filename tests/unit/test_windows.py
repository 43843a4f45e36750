"""Windows: presets, numbers, three of them, and grey values by hand."""

import numpy as np
import pytest

from ctseq.core.errors import InputError
from ctseq.imaging.windows import PRESETS, Window, apply_windows, parse_windows


@pytest.mark.parametrize(
    ("value", "windows"),
    [
        ("brain", [(40, 120)]),
        ("brain80", [(40, 80)]),
        ("bone", [(700, 3200)]),
        ("40/120", [(40, 120)]),
        (" -20.5 / 80 ", [(-20.5, 80)]),
        ({"level": 40, "width": 120}, [(40, 120)]),
        (["brain80", "subdural", "40/380"], [(40, 80), (80, 200), (40, 380)]),
    ],
)
def test_what_names_a_window(value, windows):
    assert parse_windows(value) == tuple(Window(*one) for one in windows)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("brian", "'brian'; give one of brain, bone"),
        ("40", "level and width"),
        ("40/0", "width must be above 0"),
        ({"level": 40}, "level and width"),
        (["brain", "bone"], "lists 2 windows; give one, or three"),
        (["brain", "bone", 3], "window is 3"),
        (["brain", ["bone"], "bone"], "level and width"),
        ({"level": "x", "width": 3}, "level and width"),
    ],
)
def test_what_does_not(value, words):
    with pytest.raises(InputError, match=words):
        parse_windows(value)


def test_grey_values_by_hand():
    # Brain: -20 HU is black, 100 HU white, 40 HU in the middle; 41 HU is 127.5 + 255 / 120.
    hu = np.array([[-1000, -20, 40, 41, 100, 3000]], np.float32)
    grey = apply_windows(hu, [PRESETS["brain"]])
    assert grey.tolist() == [[0, 0, 128, 130, 255, 255]]
    assert grey.dtype == np.uint8
    assert apply_windows(hu, [PRESETS[name] for name in ("brain", "bone", "brain")]).shape == (
        *(3, 1, 6),
    )
