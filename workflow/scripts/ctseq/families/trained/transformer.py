"""A small transformer over the slices of a scan, which reads their places as well.

Its layers are those of `torch.nn.TransformerEncoder` with the norm first, whose names they bear. As
slices are few and scans, too, it is narrow, and has no class token: what the final layer reads of a
scan is the mean of its slices, which such a token would have to learn to gather.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from ctseq.families.contract import Fitted, Learned, Predicted
from ctseq.families.heads import (
    Drop,
    Head,
    Parameters,
    initial_layer,
    layer_logits,
    slice_logits,
)
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

# As wide as a recurrent state, for the same fifty patients; two layers, so that what a slice has
# gathered of others can be compared once more; and a hidden layer twice as wide as the rest, half
# of what is usual.
_WIDTH = 64
_LAYERS = 2
_WIDER = 2
# Half turns of the place in a scan, slowest and fastest: the first tell one end from the other, the
# last one of some thirty slices from the next but one.
_TURNS = (1, 16)
# The inner folds of a setting or two, as of other heads that see slices together.
_TOGETHER = 16


def _initial(
    n_features: int, std: float, rng: np.random.Generator, size: int | None = None
) -> dict[str, np.ndarray]:
    width = size or _WIDTH
    drawn = draw_affine(rng, width, n_features, name="input.")
    for number in range(_LAYERS):
        layer = f"layers.{number}."
        drawn |= draw_attention(rng, width, name=f"{layer}self_attn")
        drawn |= draw_affine(rng, _WIDER * width, width, name=f"{layer}linear1.")
        drawn |= draw_affine(rng, width, _WIDER * width, name=f"{layer}linear2.")
        for name in ("norm1", "norm2"):
            drawn |= initial_norm(width, name=f"{layer}{name}")
    return drawn | initial_norm(width, name="norm") | initial_layer(width, std, rng)


def _read(parameters: Parameters, inputs: Sequence[torch.Tensor], drop: Drop) -> torch.Tensor:
    """Return what the final layer reads of each slice, shape (trainings, scans, slices, width)."""
    features, lengths = inputs
    values = affine(parameters, features, name="input.")
    values = values + places(lengths, *values.shape[2:]).to(values.dtype)
    absent = absent_slices(features, lengths)
    for number in range(_LAYERS):
        layer = f"layers.{number}."
        seen = normed(parameters, values, name=f"{layer}norm1")
        values = values + attended(parameters, seen, absent, name=f"{layer}self_attn")
        seen = normed(parameters, values, name=f"{layer}norm2")
        hidden = functional.gelu(affine(parameters, seen, name=f"{layer}linear1."))
        kept = drop(torch.ones_like(hidden[:, :, 0]))[:, :, None]
        values = values + affine(parameters, hidden * kept, name=f"{layer}linear2.")
    return normed(parameters, values, name="norm")


def places(lengths: torch.Tensor, longest: int, width: int) -> torch.Tensor:
    """Return sinusoids of where each slice stands in its scan, shape (*lengths, longest, width).

    The place is relative, from 0 at one end of the scan to 1 at the other, because scans differ in
    the distance of their slices; it is the middle of a slice's share. Sines of all frequencies come
    before their cosines. They are in double precision, and finite behind the end.
    """
    place = (torch.arange(longest) + 0.5) / lengths[..., None].double()
    turns = torch.from_numpy(np.geomspace(*_TURNS, -(-width // 2)))
    angles = torch.pi * place[..., None] * turns
    return torch.cat([angles.sin(), angles.cos()], dim=-1)[..., :width]


def _logits(parameters: Parameters, inputs: Sequence[torch.Tensor], drop: Drop) -> torch.Tensor:
    read, lengths = _read(parameters, inputs, drop), inputs[1]
    present = read.masked_fill(absent_slices(read, lengths)[..., None], 0)
    return layer_logits(parameters, [drop(present.sum(2) / lengths[..., None])])


def _slice_logits(
    parameters: Parameters, inputs: Sequence[torch.Tensor], drop: Drop
) -> torch.Tensor:
    return slice_logits(parameters, _read(parameters, inputs, drop), drop)


_SLOW = ("self_attn.in_proj_weight", "self_attn.out_proj.weight", "linear1.weight")
_SLOW += ("linear2.weight",)
TRANSFORMER = Head(
    _initial,
    _logits,
    _slice_logits,
    slow=("input.weight", *(f"layers.{n}.{name}" for n in range(_LAYERS) for name in _SLOW)),
    together=_TOGETHER,
)


def fit(
    inputs: Inputs, task: Task, settings: Mapping[str, Any], *, seed: int, replicate: int
) -> Learned:
    """Train a transformer over the slices of scans; see `contract.FamilyModule`."""
    return fit_head(TRANSFORMER, inputs, task, settings, seed=seed, replicate=replicate)


def predict(fitted: Fitted, inputs: Inputs) -> Predicted:
    """Predict a scan or its slices."""
    return Predicted(predict_head(TRANSFORMER, fitted, inputs))
