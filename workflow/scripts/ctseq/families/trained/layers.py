"""Layers of transformers, of many trainings in one computation.

Values are of shape (trainings, scans, slices, width), and parameters have a leading axis of
trainings. Equations and names are those of `torch.nn`, against which tests hold them.
"""

from collections.abc import Mapping
from math import gcd

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

# Of attention, as far as they divide the width; the usual width of 64 leaves each 16.
_MOST_HEADS = 4


def draw_affine(
    rng: np.random.Generator, n_outputs: int, n_inputs: int, *, name: str
) -> dict[str, np.ndarray]:
    """Draw the weights of a linear layer, which keep values near 1 if its inputs are."""
    weight = rng.normal(0, n_inputs**-0.5, (n_outputs, n_inputs)).astype(np.float32)
    return {f"{name}weight": weight, f"{name}bias": np.zeros(n_outputs, np.float32)}


def draw_attention(rng: np.random.Generator, width: int, *, name: str) -> dict[str, np.ndarray]:
    """Draw the weights of self-attention, `torch.nn.MultiheadAttention`."""
    drawn = draw_affine(rng, 3 * width, width, name=f"{name}.in_proj_")
    return drawn | draw_affine(rng, width, width, name=f"{name}.out_proj.")


def initial_norm(width: int, *, name: str) -> dict[str, np.ndarray]:
    """Return the parameters of a layer norm that changes nothing but mean and deviation."""
    return {f"{name}.weight": np.ones(width, np.float32), f"{name}.bias": np.zeros(width, "f4")}


def affine(parameters: Mapping[str, Tensor], values: Tensor, *, name: str) -> Tensor:
    """Apply a linear layer to values, shape (trainings, scans, slices, inputs)."""
    weight, bias = parameters[f"{name}weight"].transpose(1, 2), parameters[f"{name}bias"]
    flat = torch.baddbmm(bias.unsqueeze(1), values.flatten(1, 2), weight)
    return flat.unflatten(1, values.shape[1:3])


def normed(parameters: Mapping[str, Tensor], values: Tensor, *, name: str) -> Tensor:
    """Apply a layer norm."""
    weight, bias = (parameters[f"{name}.{own}"][:, None, None] for own in ("weight", "bias"))
    return functional.layer_norm(values, values.shape[-1:]) * weight + bias


def attended(
    parameters: Mapping[str, Tensor], values: Tensor, absent: Tensor, *, name: str
) -> Tensor:
    """Apply self-attention, of which no slice attends to those that are `absent`.

    `absent` has the shape (trainings, scans, slices), and at least one slice of a scan is not. What
    absent slices become themselves is finite and means nothing.
    """
    width = values.shape[-1]
    heads = gcd(width, _MOST_HEADS)
    of_query, of_key, of_value = parameters[f"{name}.in_proj_bias"].chunk(3, dim=-1)
    # That of keys changes no weight: all that it could learn is rounding, which AdamW makes large.
    bias = torch.cat([of_query, of_key.detach(), of_value], dim=-1)
    projected = affine(
        {**parameters, f"{name}.in_proj_bias": bias}, values, name=f"{name}.in_proj_"
    )
    # Trainings, scans, heads, slices, width of a head.
    of_heads = projected.unflatten(-1, (3, heads, width // heads)).permute(3, 0, 1, 4, 2, 5)
    query, key, value = of_heads
    scores = query @ key.transpose(-1, -2) * (width // heads) ** -0.5
    weights = scores.masked_fill(absent[:, :, None, None], -torch.inf).softmax(-1)
    found = (weights @ value).transpose(2, 3).flatten(-2)
    return affine(parameters, found, name=f"{name}.out_proj.")


def absent_slices(features: Tensor, lengths: Tensor) -> Tensor:
    """Return which slices are behind the end of their scan, shape (trainings, scans, slices)."""
    return torch.arange(features.shape[2]) >= lengths[..., None]
