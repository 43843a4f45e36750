"""TransMIL (Shao et al., TransMIL: transformer based correlated MIL, NeurIPS 2021) over slices.

Taken over are its path, a class token that attends to all instances twice with position encoding by
convolutions in between (PPEG), the pre-norm residual attention without feed-forward layers, and the
convolutions' sizes, 7, 5 and 3, each channel by itself. Not taken over: Nystrom's approximation,
which is for ten thousand patches, where attention to some thirty slices is exact at no cost, and
the convolution of its values; the arrangement in a square, in place of which convolutions run along
the order of the body; its widths (512, and eight heads), for which fifty patients are few; and
Lookahead with RAdam, as all heads here learn by AdamW.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from ctseq.families.contract import Fitted, Learned, Predicted
from ctseq.families.heads import Drop, Head, Parameters, initial_layer, layer_logits
from ctseq.families.inputs import Inputs
from ctseq.families.trained.context import fit_head, predict_head
from ctseq.families.trained.layers import (
    absent_slices,
    affine,
    attended,
    draw_affine,
    draw_attention,
    initial_norm,
    normed,
)
from ctseq.replicates.tasks import Task

# As wide as a recurrent state, for the same fifty patients.
_WIDTH = 64
# Slices that convolutions see at once, the most first.
_KERNELS = (7, 5, 3)
# The inner folds of a setting or two, as of other heads that see slices together.
_TOGETHER = 16


def _initial(
    n_features: int, std: float, rng: np.random.Generator, size: int | None = None
) -> dict[str, np.ndarray]:
    width = size or _WIDTH
    drawn = draw_affine(rng, width, n_features, name="input.")
    drawn["token"] = rng.normal(0, 1, width).astype(np.float32)
    for name in ("first", "second"):
        drawn |= initial_norm(width, name=f"{name}.norm")
        drawn |= draw_attention(rng, width, name=f"{name}.attn")
    for kernel in _KERNELS:
        # The distribution is PyTorch's; drawn here, it follows the replicate's seed.
        bound, name = kernel**-0.5, f"convolutions.{kernel}"
        weight = rng.uniform(-bound, bound, (width, 1, kernel))
        drawn[f"{name}.weight"] = weight.astype(np.float32)
        drawn[f"{name}.bias"] = rng.uniform(-bound, bound, width).astype(np.float32)
    return drawn | initial_norm(width, name="norm") | initial_layer(width, std, rng)


def _logits(parameters: Parameters, inputs: Sequence[torch.Tensor], drop: Drop) -> torch.Tensor:
    features, lengths = inputs
    slices = functional.relu(affine(parameters, features, name="input."))
    absent = absent_slices(features, lengths)
    token = parameters["token"][:, None, None].expand(-1, slices.shape[1], 1, -1)
    values = torch.cat([token, slices], dim=2)
    # The token is never absent.
    beyond = functional.pad(absent, (1, 0), value=False)

    def attend(values: torch.Tensor, name: str) -> torch.Tensor:
        seen = normed(parameters, values, name=f"{name}.norm")
        return values + attended(parameters, seen, beyond, name=f"{name}.attn")

    values = attend(values, "first")
    placed = encode_places(parameters, values[:, :, 1:], absent)
    values = attend(torch.cat([values[:, :, :1], placed], dim=2), "second")
    read = normed(parameters, values[:, :, :1], name="norm")
    return layer_logits(parameters, [drop(read[:, :, 0])])


def encode_places(
    parameters: Parameters, values: torch.Tensor, absent: torch.Tensor
) -> torch.Tensor:
    """Return slices plus the convolutions of their neighbours; beyond both ends is 0.

    All convolutions of a channel are one, of the size of the largest: they are added.
    """
    most, n_slices = _KERNELS[0], values.shape[2]
    kernel = sum(
        functional.pad(parameters[f"convolutions.{own}.weight"][:, :, 0], [(most - own) // 2] * 2)
        for own in _KERNELS
    )  # trainings, width, slices at once
    bias = sum(parameters[f"convolutions.{own}.bias"] for own in _KERNELS)[:, None, None]
    present = values.masked_fill(absent[..., None], 0)
    around = functional.pad(present, (0, 0, most // 2, most // 2))
    shifted = (
        around[:, :, at : at + n_slices] * kernel[:, None, None, :, at] for at in range(most)
    )
    return values + sum(shifted) + bias


_SLOW = ("attn.in_proj_weight", "attn.out_proj.weight")
TRANSMIL = Head(
    _initial,
    _logits,
    slow=(
        "input.weight",
        *(f"{name}.{own}" for name in ("first", "second") for own in _SLOW),
        *(f"convolutions.{kernel}.weight" for kernel in _KERNELS),
    ),
    together=_TOGETHER,
)


def fit(
    inputs: Inputs, task: Task, settings: Mapping[str, Any], *, seed: int, replicate: int
) -> Learned:
    """Train TransMIL on the slices of scans; see `contract.FamilyModule`."""
    return fit_head(TRANSMIL, inputs, task, settings, seed=seed, replicate=replicate)


def predict(fitted: Fitted, inputs: Inputs) -> Predicted:
    """Predict a scan."""
    return Predicted(predict_head(TRANSMIL, fitted, inputs))
