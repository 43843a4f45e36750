"""Augmentation: small random changes of position and brightness in training slices."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.nn import functional


def augment(
    grey: np.ndarray, *, settings: Mapping[str, Any], rng: np.random.Generator
) -> np.ndarray:
    """Return rows changed at random, all slices of a sequence alike; uint8, of the same shape.

    What a change moves into the picture is black.

    Parameters
    ----------
    grey
        Grey values, uint8: (rows, height, width), or (rows, frames, height, width).
    settings
        ``mirror`` swaps left and right in half of the rows. The others are largest changes, 0 for
        none, drawn uniformly up to either sign: ``rotate_degrees``; ``scale``, relative to the
        size of the picture; ``shift``, relative to its width and height; ``intensity``, relative
        to each grey value and, drawn independently, to the grey range, which is added.
    rng
        Random generator. Each row takes as many numbers whatever the settings, so that rows are
        changed alike at once and in several batches.
    """
    draws = rng.uniform(-1, 1, (len(grey), 7)).astype(np.float32)
    mirror, turn, grow, right, down, gain, lift = draws.T
    if settings["mirror"]:
        chosen = (mirror < 0).reshape(-1, *[1] * (grey.ndim - 1))
        grey = np.where(chosen, grey[..., ::-1], grey)
    if settings["rotate_degrees"] or settings["scale"] or settings["shift"]:
        grey = _moved(
            grey,
            radians=turn * np.float32(np.deg2rad(settings["rotate_degrees"])),
            factor=1 + grow * settings["scale"],
            shift=np.stack([right, down], 1) * settings["shift"],
        )
    if settings["intensity"]:
        gain, lift = (
            (values * settings["intensity"]).reshape(-1, *[1] * (grey.ndim - 1))
            for values in (gain, lift)
        )
        grey = _rounded(grey * (1 + gain) + 255 * lift)
    return grey


def _moved(
    grey: np.ndarray, *, radians: np.ndarray, factor: np.ndarray, shift: np.ndarray
) -> np.ndarray:
    """Return rows rotated and scaled about the centre, then shifted, by bilinear interpolation."""
    height, width = grey.shape[-2:]
    stack = torch.from_numpy(grey.reshape(len(grey), -1, height, width).astype(np.float32))
    # From new to old coordinates, which run from -1 to 1 over width and height. A rotation is one
    # in pixels, hence the ratios of height and width.
    cosine, sine = np.cos(radians) / factor, np.sin(radians) / factor
    back = np.empty((len(grey), 2, 3), np.float32)
    back[:, 0, 0] = back[:, 1, 1] = cosine
    back[:, 0, 1] = sine * (height / width)
    back[:, 1, 0] = -sine * (width / height)
    back[:, :, 2] = -np.einsum("rij,rj->ri", back[:, :, :2], 2 * shift)
    grid = functional.affine_grid(torch.from_numpy(back), stack.shape, align_corners=False)
    moved = functional.grid_sample(stack, grid, align_corners=False)
    return _rounded(moved.numpy()).reshape(grey.shape)


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
