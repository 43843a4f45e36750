"""Position embeddings of checkpoints that see other frames, or another size, than in pretraining.

A video model knows the order of its frames by position embeddings alone. Learned ones are as many
as the frames of pretraining. Those over an image, transformers itself interpolates.
"""

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from ctseq.core.errors import InputError

MODES = ("interpolate", "fresh")

# By `model_type` of config.json: the end of the name of the parameter that holds embeddings learned
# along time, (1, tokens, width), and how many of its first tokens belong to no frame.
LEARNED = {
    "vivit": ("embeddings.position_embeddings", 1),
    "timesformer": ("embeddings.time_embeddings", 0),
    "videomamba": ("temporal_pos_embedding", 0),
}
# VideoMAE makes sinusoids for as many frames as its configuration says; V-JEPA 2 turns queries
# and keys by an angle that grows from frame to frame.
COMPUTED = ("videomae", "vjepa2")
# How transformers calls the option of a model that interpolates position embeddings over an image.
_INTERPOLATE = "interpolate_pos_encoding"


def frames_key(config: Mapping[str, Any]) -> str | None:
    """Return the key of a config.json that holds the number of frames, or None."""
    return next((key for key in ("num_frames", "frames_per_clip") if config.get(key)), None)


def tubelet_frames(config: Mapping[str, Any]) -> int:
    """Return the number of frames that a checkpoint joins to one token."""
    tubelet = config.get("tubelet_size", 1)
    return tubelet if isinstance(tubelet, int) else tubelet[0]


def check_frames(config: Mapping[str, Any], *, key: str, frames: int, mode: str) -> None:
    """Check that a checkpoint can see a number of frames.

    Parameters
    ----------
    config
        The checkpoint's config.json.
    key
        The model's key in the configuration, for messages.
    frames
        Number of frames asked for.
    mode
        How position embeddings are adapted if the frames differ from the checkpoint's: `MODES`.

    Raises
    ------
    InputError
        If the frames are no multiple of a tubelet's, or differ from the checkpoint's in an
        architecture whose position embeddings cannot be adapted.
    """
    tubelet = tubelet_frames(config)
    if frames % tubelet:
        raise InputError(
            f"{key}.frames is {frames}, but the checkpoint joins {tubelet} frames to a tubelet: "
            f"choose a multiple of {tubelet}."
        )
    own = frames_key(config)
    if own is None or config[own] == frames:
        return
    architecture = config.get("model_type")
    if architecture not in (*LEARNED, *COMPUTED):
        raise InputError(
            f"{key}.frames is {frames}, but the checkpoint was pretrained with {config[own]}, and "
            f"ctseq does not know the position embeddings of {architecture!r}: set it to "
            f"{config[own]}, or add the architecture in positions.py."
        )
    if mode == "fresh" and architecture in COMPUTED:
        raise InputError(
            f"{key}.position_embeddings is fresh, but {architecture!r} computes its position "
            "embeddings and has none to start anew: leave the key out."
        )


def check_size(config: Mapping[str, Any], *, key: str, size: int) -> None:
    """Raise an InputError if the side of a square, in pixels, is no multiple of a model's patches.

    `config` is the checkpoint's config.json, and `key` the encoder's key in the configuration. A
    model that cuts images into patches would leave out what is over.
    """
    # Where patches overlap, as Hiera's do, their distance counts.
    patch = config.get("patch_stride") or config.get("patch_size") or 1
    patch = patch if isinstance(patch, int) else patch[0]
    if isinstance(patch, int) and size % patch:
        below, above = size - size % patch, size - size % patch + patch
        raise InputError(
            f"{key}.size is {size}, but the checkpoint cuts images into patches of {patch} x "
            f"{patch} pixels: choose a multiple of {patch}, such as {below or above} or {above}."
        )


def options_of_size(model: Any) -> dict[str, Any]:
    """Return what a model of transformers is told to take images of another size than its own.

    Classifiers of CLIP have the option among those that they pass on. Models of timm pass it on to
    code that does not have it.
    """
    if model.config.model_type == "timm_wrapper":
        return {}
    parameters = inspect.signature(model.forward).parameters
    passes_on = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
    return {_INTERPOLATE: True} if _INTERPOLATE in parameters or passes_on else {}


def resized(
    embeddings: np.ndarray, *, before: int, after: int, class_tokens: int, mode: str
) -> np.ndarray:
    """Return learned position embeddings for another number of times.

    Parameters
    ----------
    embeddings
        Shape (1, class_tokens + before * patches, width): after the class tokens, which belong to
        no time, all patches of the first time, then all of the second, and so on.
    before, after
        Number of times (tubelets, not frames) now and in the result.
    mode
        ``interpolate`` draws a straight line between neighbouring times, patch by patch; the
        first time, the last, and the class tokens stay as they are. ``fresh`` sets all to zero,
        class tokens too, as transformers does with ``ignore_mismatched_sizes``.

    Returns
    -------
    ndarray
        The same type, shape (1, class_tokens + after * patches, width).
    """
    if mode not in MODES:
        raise ValueError(f"unknown mode {mode!r}")
    width = embeddings.shape[2]
    special, times = np.split(embeddings[0], [class_tokens])
    times = times.reshape(before, -1, width)
    position = np.linspace(0, before - 1, after)  # of each new time among the old ones
    left = np.minimum(position.astype(int), max(before - 2, 0))
    share = (position - left)[:, None, None]
    between = times[left] * (1 - share) + times[np.minimum(left + 1, before - 1)] * share
    result = np.concatenate([special, between.reshape(-1, width)])[None].astype(embeddings.dtype)
    return np.zeros_like(result) if mode == "fresh" else result
