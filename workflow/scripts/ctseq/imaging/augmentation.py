"""Small random changes of training slices: mirrored, moved, and made brighter or darker."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.nn import functional


def augment(
    grey: np.ndarray, *, settings: Mapping[str, Any], rng: np.random.Generator
) -> np.ndarray:
    """Change each row at random, all slices of a sequence alike.

    Parameters
    ----------
    grey
        Grey values, uint8: (rows, height, width), or (rows, frames, height, width).
    settings
        ``mirror`` (left and right change places in half of the rows) and largest changes, each
        drawn evenly between minus and plus it, 0 for none: ``rotate_degrees``; ``scale``, the
        share by which the picture grows or shrinks; ``shift``, in both directions, as a share of
        width and height; ``intensity``, the share by which grey values are multiplied and, drawn
        apart, the share of the grey range that is added.
    rng
        Where the changes come from: as many numbers a row whatever the settings, so rows in
        several pieces are changed as they would be at once.

    Returns
    -------
    ndarray
        uint8, the same shape. What comes into the picture from outside is black.
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
    """Turn and scale about the centre, then shift, with bilinear interpolation."""
    height, width = grey.shape[-2:]
    stack = torch.from_numpy(grey.reshape(len(grey), -1, height, width).astype(np.float32))
    # From places in the new picture to places in the old, in halves of width and height; turning
    # happens in pixels, which these are not where a picture is no square.
    cosine, sine = np.cos(radians) / factor, np.sin(radians) / factor
    back = np.empty((len(grey), 2, 3), np.float32)
    back[:, 0, 0] = back[:, 1, 1] = cosine
    back[:, 0, 1] = sine * (height / width)
    back[:, 1, 0] = -sine * (width / height)
    back[:, :, 2] = -np.einsum("rij,rj->ri", back[:, :, :2], 2 * shift)
    places = functional.affine_grid(torch.from_numpy(back), stack.shape, align_corners=False)
    moved = functional.grid_sample(stack, places, align_corners=False)
    return _rounded(moved.numpy()).reshape(grey.shape)


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
