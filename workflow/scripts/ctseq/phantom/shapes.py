"""Soft-edged shapes of which anatomy and bleeds are drawn: coverages of pixels from 0 to 1."""

from collections.abc import Iterable, Sequence
from math import cos, radians, sin

import numpy as np
from PIL import Image

# z of the middle, half height, x, y, half width, half length, degrees.
Shape = tuple[float, float, float, float, float, float, float]


def waves(amplitudes: Sequence[float], theta: np.ndarray) -> np.ndarray:
    """Return the sum of the first harmonics: three cosines, then three sines."""
    c1, c2, c3, s1, s2, s3 = amplitudes
    c, s = np.cos(theta), np.sin(theta)
    double_c, double_s = c * c - s * s, 2 * c * s
    waves = c1 * c + s1 * s + c2 * double_c + s2 * double_s
    return waves + c3 * (c * double_c - s * double_s) + s3 * (s * double_c + c * double_s)


def gate(z: float, middle: float, half: float) -> float:
    """Return a structure's relative girth at height z; it is 0 beyond its ends."""
    return max(1 - ((z - middle) / half) ** 2, 0.0) ** 0.5


def inside(values: np.ndarray, limit: float | np.ndarray, soft: float) -> np.ndarray:
    """Return coverage 1 where `values` are below `limit`, fading to 0 over `soft`."""
    return np.clip((limit - values) / soft + 0.5, 0, 1)


def between(values: np.ndarray, middle: float | np.ndarray, half: float, soft: float) -> np.ndarray:
    """Return coverage 1 where `values` are within `half` of `middle`."""
    return inside(np.abs(values - middle), half, soft)


def ellipse(
    x: np.ndarray,
    y: np.ndarray,
    at_x: float,
    at_y: float,
    half_x: float,
    half_y: float,
    degrees: float,
    soft: float,
) -> np.ndarray:
    """Return the coverage of an ellipse; positive `degrees` turn its upper end to larger x."""
    along, aslant = cos(radians(degrees)), sin(radians(degrees))
    across, down = x - at_x, y - at_y
    u = across * (along / half_x) + down * (aslant / half_x)
    v = down * (along / half_y) - across * (aslant / half_y)
    return inside(np.sqrt(u * u + v * v), 1.0, soft / min(half_x, half_y))


def shapes(
    table: Iterable[Shape],
    z: float,
    mirrored: np.ndarray,
    y: np.ndarray,
    soft: float,
    grow: float = 1.0,
) -> np.ndarray:
    """Return the coverage of those paired shapes that reach height z."""
    coverage = np.zeros_like(mirrored)
    for middle, half, at_x, at_y, half_x, half_y, degrees in table:
        girth = gate(z, middle, half) * grow
        if girth > 0.1:
            drawn = ellipse(mirrored, y, at_x, at_y, half_x * girth, half_y * girth, degrees, soft)
            coverage = np.maximum(coverage, drawn)
    return coverage


def texture(grids: np.ndarray, z: float, size: int) -> np.ndarray:
    """Return a smooth field, sd near 1, that changes slowly from slice to slice.

    `grids` is white noise, float32 (heights, n, n); the field is (size, size).
    """
    at = min(max(z, 0.0), 1.0) * (len(grids) - 1)
    low = min(int(at), len(grids) - 2)
    part = np.float32(at - low)
    grid = grids[low] * (1 - part) + grids[low + 1] * part
    grid = grid / np.hypot(part, 1 - part)  # the mean of two is smoother than one
    return np.asarray(Image.fromarray(grid).resize((size, size), Image.Resampling.BICUBIC))
