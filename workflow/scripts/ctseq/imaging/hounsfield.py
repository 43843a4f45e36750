"""Hounsfield units: wrapped values put right, and whether values are in that unit at all.

Air has -1000 HU and surrounds every head, water has 0, and brain and blood lie between 0 and 100.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

# Air as scanners read it: -1000, or -1024 where it is cut off there; noise, foam and cushions at
# the rim move it by some tens. The limits are half as far as a halved slope moves it.
_AIR_HU, _AIR_FROM, _AIR_TO = -1000, -1250.0, -750.0
# Scanners fill what lies outside of a circular field of view with -2000 or less; lossy compression
# moves that by some hundreds. Air is halfway to it at most.
_PADDING_BELOW = -1500.0
# Padding is as much on all slices of a scan, unless these are resampled aslant.
_MOST_MORE_PADDING = 0.25
# No matter is below air, which miscalibration moves by less than 100. Bone ends near 2500, the
# usual scale at 3071; metal alone is denser, in few places.
_LOWEST_HU, _HIGHEST_HU = -1100.0, 4000.0
# Of a scan: interpolation blurs the border of padding, which is 1 % of a slice of 512 pixels, and
# metal is less. Of a single slice: there, metal may be more.
_MOST_OUTSIDE, _MOST_OUTSIDE_SLICE = 0.02, 0.1
# Brain, blood, muscle and fluid.
_SOFT_FROM, _SOFT_TO = 0.0, 100.0
# Of a head, more than a third is soft tissue, with thick bone near the base and vertex some 20 %.
# If values are shifted by 1000, what falls there is a tenth of bone at most.
_LEAST_SOFT = 0.1
# 8-bit grey values, or fractions of them: the scale of a head spans 2000 HU and more.
_SPAN_OF_GREY = 255
# Means over a 64th of a slice are free of noise and thin edges.
_BLOCKS = 64
# Unsigned values with such an intercept have no offset that makes room for air.
_NO_OFFSET = -100
_USUAL_BITS, _USUAL_TOP, _ALL_BITS = 12, 3072, 16


@dataclass(frozen=True, slots=True)
class Values:
    """What a slice's values tell of their unit, all but padding.

    Attributes
    ----------
    padding
        Share of padding.
    rim
        HU below which the darkest quarter of the rim lies, where there is air around a head.
    outside
        Share of the slice's parts whose mean no matter has.
    solid, soft
        How many parts are denser than air, and how many of these are as dense as soft tissue.
    lowest, highest
        Values of single pixels.
    """

    padding: float
    rim: float
    outside: float
    solid: int
    soft: int
    lowest: float
    highest: float


def unwrapped(stored: np.ndarray, bits: int, intercept: float) -> np.ndarray:
    """Return unsigned stored values with those that were negative put right.

    Some programs write negative values as unsigned ones, modulo 2 to the power of `bits`. Where
    the intercept adds no offset, air is negative, so large values must be that: of 12 bits those
    from 3072, where the scale of 12 bits ends (RSNA 2019 has air of 3096 on some scans), of more
    bits the upper half. Where it does, only the upper half of 16 bits is beyond any scale: padding.
    """
    if intercept > _NO_OFFSET and _USUAL_BITS <= bits <= _ALL_BITS:
        first = _USUAL_TOP if bits == _USUAL_BITS else 2 ** (bits - 1)
    elif bits == _ALL_BITS:
        first = 2 ** (bits - 1)
    else:
        return stored
    values = stored.astype(np.int32)
    return np.where(values >= first, values - 2**bits, values)


def rim_of(seen: np.ndarray) -> np.ndarray:
    """Return which of the pixels that are seen, not padding, border on padding or on the edge."""
    padded = np.pad(seen, 1)
    across = padded[:, :-2] & padded[:, 1:-1] & padded[:, 2:]
    return seen & ~(across[:-2] & across[1:-1] & across[2:])


def measured(hu: np.ndarray) -> Values | None:
    """Return what a slice's values tell of their unit; None if it has a single value."""
    seen = ~padding_of(hu)
    values = hu[seen]
    lowest, highest = float(values.min()), float(values.max())
    if lowest == highest:
        return None
    means, told = _blocks(hu, seen)
    rim, parts = means[rim_of(told)], means[told]
    solid = parts[parts > _AIR_TO]
    return Values(
        padding=float(1 - seen.mean()),
        rim=float(np.quantile(rim, 0.25)),
        outside=float(((parts < _LOWEST_HU) | (parts > _HIGHEST_HU)).mean()),
        solid=solid.size,
        soft=int(((solid >= _SOFT_FROM) & (solid <= _SOFT_TO)).sum()),
        lowest=lowest,
        highest=highest,
    )


def padding_of(hu: np.ndarray) -> np.ndarray:
    """Return which pixels hold no value, being far below all matter; none if all are."""
    below = hu < _PADDING_BELOW
    return below if not below.all() else np.zeros(hu.shape, bool)


def not_hounsfield(slices: Iterable[Values | None]) -> str:
    """Return in words why a scan's values are no Hounsfield units; empty if they may be."""
    told = [one for one in slices if one is not None]
    wrong = [one.rim for one in told if _is_no_air(one)]
    if 2 * len(wrong) > len(told):
        lowest, highest = min(one.lowest for one in told), max(one.highest for one in told)
        if highest - lowest <= _SPAN_OF_GREY:
            return f"values run from {lowest:g} to {highest:g}"
        return _air_words(float(np.median(wrong)))
    outside = float(np.mean([one.outside for one in told])) if told else 0.0
    if outside > _MOST_OUTSIDE:
        return _outside_words(outside)
    solid, soft = sum(one.solid for one in told), sum(one.soft for one in told)
    if soft < _LEAST_SOFT * solid:
        return (
            f"{100 * soft / solid:.2g} % of what is denser than air is soft tissue "
            f"({_SOFT_FROM:g} to {_SOFT_TO:g} HU)"
        )
    return ""


def odd_slices(slices: Sequence[Values | None]) -> dict[int, str]:
    """Return the slices of a scan in Hounsfield units that have another unit, and why, in words."""
    told = {index: one for index, one in enumerate(slices) if one is not None}
    usual = float(np.median([one.padding for one in told.values()])) if told else 0.0
    found = {}
    for index, one in told.items():
        if _is_no_air(one):
            found[index] = _air_words(one.rim)
        elif one.outside > _MOST_OUTSIDE_SLICE:
            found[index] = _outside_words(one.outside)
        elif one.padding > usual + _MOST_MORE_PADDING:
            found[index] = (
                f"{100 * one.padding:.2g} % of it lies below {_PADDING_BELOW:g} HU, of the scan's "
                f"other slices {100 * usual:.2g} %"
            )
    return found


def _blocks(hu: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the means of square blocks over what is seen, and which are seen for the most part."""
    side = max(1, min(hu.shape) // _BLOCKS)
    rows, columns = hu.shape[0] // side, hu.shape[1] // side
    inside = (slice(rows * side), slice(columns * side))
    shape = (rows, side, columns, side)
    # One axis after the other, which is ten times as fast as both at once.
    pixels = seen[inside].reshape(shape).sum(axis=1, dtype=np.int64).sum(axis=2)
    sums = np.where(seen, hu, 0)[inside].reshape(shape).sum(axis=1, dtype=np.float64).sum(axis=2)
    most = 2 * pixels > side**2
    # Padding that is strewn all over the slice leaves no block: then each counts by what it has.
    return sums / np.maximum(pixels, 1), most if most.any() else pixels > 0


def _is_no_air(one: Values) -> bool:
    return one.rim < _AIR_FROM or one.rim > _AIR_TO


def _air_words(rim: float) -> str:
    return f"the air at the rim reads {rim:.0f} HU, not {_AIR_HU}"


def _outside_words(share: float) -> str:
    return f"{100 * share:.2g} % of it lies outside {_LOWEST_HU:g} to {_HIGHEST_HU:g} HU"
