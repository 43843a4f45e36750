"""Windows: which Hounsfield units become black, which white, and which grey."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ctseq.core.errors import InputError


@dataclass(frozen=True)
class Window:
    """Grey values from black at `level` - `width`/2 to white at `level` + `width`/2, in HU."""

    level: float
    width: float


PRESETS = {
    # CT-ICH's description (Hssayeni 2020): what its JPG release was made with.
    "brain": Window(40, 120),
    "bone": Window(700, 3200),
    # Of the three that the winners of RSNA 2019 stacked as channels.
    "brain80": Window(40, 80),
    "subdural": Window(80, 200),
    "soft": Window(40, 380),
    # For the loss of grey-white difference in early ischemia (Lev 1999).
    "stroke": Window(40, 40),
}
_NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?"
_PAIR = re.compile(rf"\s*({_NUMBER})\s*/\s*({_NUMBER})\s*")


def parse_windows(value: Any) -> tuple[Window, ...]:
    """Return the windows that a configured `window` means: one, or three for the colour channels.

    It is a preset's name, ``level/width``, a mapping of the two, or a list of three of these.

    Raises
    ------
    InputError
        If it is none of these, or a width is not above 0.
    """
    several = isinstance(value, Sequence) and not isinstance(value, str)
    if several and len(value) != 3:
        raise InputError(f"window lists {len(value)} windows; give one, or three as channels.")
    return tuple(_parse(one) for one in (value if several else [value]))


def apply_windows(hu: np.ndarray, windows: Sequence[Window]) -> np.ndarray:
    """Return the grey values, uint8, of a slice of Hounsfield units of shape (H, W).

    Their shape is (H, W) for one window and (3, H, W) for three.
    """
    grey = [np.clip((hu - one.level) / one.width + 0.5, 0, 1) * 255 for one in windows]
    grey = [np.round(channel).astype(np.uint8) for channel in grey]
    return grey[0] if len(grey) == 1 else np.stack(grey)


def _parse(value: Any) -> Window:
    if isinstance(value, str) and value in PRESETS:
        return PRESETS[value]
    if isinstance(value, str) and (match := _PAIR.fullmatch(value)):
        window = Window(float(match[1]), float(match[2]))
    elif (
        isinstance(value, Mapping)
        and set(value) == {"level", "width"}
        and all(isinstance(number, (int, float)) for number in value.values())
    ):
        window = Window(float(value["level"]), float(value["width"]))
    else:
        raise InputError(
            f"window is {value!r}; give one of {', '.join(PRESETS)}, or level and width in "
            'Hounsfield units, as in "40/120".'
        )
    if not window.width > 0:
        raise InputError(f"window is {value!r}; its width must be above 0.")
    return window
