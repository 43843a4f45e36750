"""Bleeds of synthetic patients: five subtypes, each in its anatomical space, over some slices."""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, sin
from typing import NamedTuple

import numpy as np

from ctseq.phantom.anatomy import Slice
from ctseq.phantom.shapes import inside
from ctseq.readers.subtypes import SUBTYPES

# At a bleed's ends, where it covers a smaller part of a slice or fewer pixels than this, nobody
# would annotate it: it is not drawn there.
_SMALLEST_PART, _SMALLEST_PX = 5e-4, 3


@dataclass(frozen=True)
class Bleed:
    """One bleed of a subtype among `subtypes.SUBTYPES`.

    Attributes
    ----------
    middle, half
        The index of its middle slice, and half its height in slices; both may be fractions.
    angle, width
        Its direction from the brain's centre and half its extent around that, radians.
    size
        Relative size; 1 is large.
    hu
        Hounsfield units of its blood: fresh blood has 50 to 95, grey matter 40.
    lobes
        Two phases and a shift of its outline.
    """

    subtype: str
    middle: float
    half: float
    angle: float
    width: float
    size: float
    hu: float
    lobes: tuple[float, float, float]


def draw_bleeds(rng: np.random.Generator, heights: np.ndarray) -> list[Bleed]:
    """Draw one to three bleeds of different subtypes for slices at `heights`."""
    count = rng.choice([1, 2, 3], p=[0.66, 0.26, 0.08])
    shares = [_SPACES[name].share for name in SUBTYPES]
    chosen = rng.choice(SUBTYPES, count, replace=False, p=shares)
    return [_draw_bleed(rng, str(subtype), heights) for subtype in chosen]


def _draw_bleed(rng: np.random.Generator, subtype: str, heights: np.ndarray) -> Bleed:
    # Mostly a few slices, sometimes twenty.
    count = int(np.clip(round(rng.gamma(1.5, 5.2)), 1, 20))
    middle = int(np.abs(heights - rng.uniform(*_SPACES[subtype].heights)).argmin())
    faint = rng.random() < 0.25
    return Bleed(
        subtype=subtype,
        middle=middle + rng.uniform(-0.3, 0.3),
        half=count / 2 + 0.25,
        angle=rng.uniform(-np.pi, np.pi),
        width=rng.uniform(0.6, 1.0),
        size=rng.uniform(0.9, 1.6) * (0.5 + 0.5 * min(count / 12, 1.0)),
        hu=rng.uniform(56, 66) if faint else rng.uniform(68, 95),
        lobes=tuple(rng.uniform(-1, 1, 3).tolist()),
    )


def paint_bleeds(bleeds: list[Bleed], number: int, drawn: Slice) -> dict[str, np.ndarray]:
    """Paint bleeds into `drawn.hu`, as far as they reach slice `number`, counted from 0.

    Returns the masks, bool (size, size), of the subtypes that the slice then shows.
    """
    masks = {}
    for bleed in bleeds:
        off = abs(number - bleed.middle) / bleed.half
        if off >= 1:
            continue
        coverage = _SPACES[bleed.subtype].cover(bleed, (1 - off**2) ** 0.5, drawn)
        mask = coverage > 0.5
        if mask.sum() < max(_SMALLEST_PX, _SMALLEST_PART * mask.size):
            continue
        drawn.hu[...] += coverage * (bleed.hu - drawn.hu)
        masks[bleed.subtype] = mask
    return masks


def _turn(bleed: Bleed, drawn: Slice) -> np.ndarray:
    """Return each pixel's angle from the bleed's direction, 0 to about pi."""
    return np.abs((drawn.angle - bleed.angle + np.pi) % (2 * np.pi) - np.pi)


def _epidural(bleed: Bleed, girth: float, drawn: Slice) -> np.ndarray:
    # A lens: the dura, held by the sutures, bulges inwards.
    part = _turn(bleed, drawn) / (0.55 * bleed.width * (0.6 + 0.4 * bleed.size))
    thickness = 0.30 * bleed.size * girth * np.maximum(1 - part**2, 0)
    return drawn.brain * inside(drawn.depth, thickness, drawn.soft) * (part < 1)


def _subdural(bleed: Bleed, girth: float, drawn: Slice) -> np.ndarray:
    # A crescent: thin, along half a hemisphere.
    part = _turn(bleed, drawn) / (1.4 * bleed.width)
    thickness = 0.14 * bleed.size * girth * np.sqrt(np.maximum(1 - part**2, 0))
    return drawn.brain * inside(drawn.depth, thickness, drawn.soft) * (part < 1)


def _subarachnoid(bleed: Bleed, girth: float, drawn: Slice) -> np.ndarray:
    # Blood replaces the fluid of sulci and cisterns, in one region.
    reach = bleed.width * girth * (0.4 + 0.6 * bleed.size)
    return drawn.furrows * inside(_turn(bleed, drawn), reach, 0.2)


def _intraparenchymal(bleed: Bleed, girth: float, drawn: Slice) -> np.ndarray:
    off_centre = 0.45 + 0.15 * bleed.lobes[2]
    x = drawn.x - 0.70 * off_centre * cos(bleed.angle)
    y = drawn.y - 0.85 * off_centre * sin(bleed.angle)
    around = np.arctan2(y, x)
    outline = 1 + 0.2 * np.cos(2 * around + 3 * bleed.lobes[0])
    outline += 0.12 * np.cos(3 * around + 3 * bleed.lobes[1])
    radius = 0.22 * bleed.size * girth
    distance = np.hypot(x, y) * outline
    # Swelling around it, a little darker than the brain.
    drawn.hu[...] -= 7 * drawn.brain * inside(distance, radius * 1.5 + 0.02, 0.08)
    return drawn.brain * inside(distance, radius, max(drawn.soft, 0.03))


def _intraventricular(bleed: Bleed, girth: float, drawn: Slice) -> np.ndarray:
    # Patients lie on their backs: blood settles in the posterior part, y above a level.
    level = 0.42 - 0.75 * bleed.size * girth
    return drawn.ventricles * inside(-drawn.y, -level, drawn.soft)


class _Space(NamedTuple):
    """The anatomical space of a subtype.

    `share` is how often it bleeds, after the annotated slices of CT-ICH, in which epidural bleeding
    leads; between `heights` a bleed's middle lies, where the space is wide enough; `cover` returns
    the coverage of a bleed whose relative girth in a slice is given.
    """

    share: float
    heights: tuple[float, float]
    cover: Callable[[Bleed, float, Slice], np.ndarray]


_SPACES = {
    "intraventricular": _Space(0.12, (0.50, 0.66), _intraventricular),
    "intraparenchymal": _Space(0.27, (0.35, 0.75), _intraparenchymal),
    "subarachnoid": _Space(0.15, (0.38, 0.80), _subarachnoid),
    "epidural": _Space(0.28, (0.32, 0.75), _epidural),
    "subdural": _Space(0.18, (0.40, 0.80), _subdural),
}
