"""Faster ways to the same features.

With AVX2, ViViT-B with 32 frames takes 0.7 times as long by them (docs/performance.md);
benchmarks/study.py measures a whole study. Left out: attention by chunks of queries, which is
slower there, and channels-last convolutions, which are the same.
"""

import ctypes
import os
import sys
from typing import Any

import numpy as np
import torch
from transformers import ViTForImageClassification, VivitForVideoClassification
from transformers.activations import FastGELUActivation, NewGELUActivation

from ctseq.encoders.backbones import Backbone, extract
from ctseq.encoders.devices import is_reduced

# How far speed may move features, relative to their length. Rounding in another order moves them
# by 1e-6 at most (measured on ViViT-B); products in bfloat16, which must be noticed, by 1e-2.
BOUND = 1e-5

# The class token, and as many more as keep the products with it large: the last bits of small ones
# depend on the number of threads.
_FIRST_TOKENS = 32
# Numbers of mallopt's parameters in glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def speed_up(backbone: Backbone, probe: np.ndarray, *, precision: str) -> list[str]:
    """Make a backbone's frozen pass faster, in place; features move by `BOUND` at most.

    Parameters
    ----------
    backbone
        As `backbones.load` gives it. To be called before its first use.
    probe
        A batch as `backbones.extract` takes it, on which the error is measured.
    precision
        In which the pass will compute: there are float32 products in float32 only.

    Returns
    -------
    list of str
        What was done, for the log.
    """
    done = []
    if backbone.device.type == "cpu" and keep_buffers():
        done.append("large buffers are kept")
    if count := fuse_gelu(backbone.model):
        done.append(f"{count} GELUs take one operation each")
    if skip_unread_tokens(backbone.model):
        done.append("the last layer computes what is read")
    if not is_reduced(precision, backbone.device):
        error = use_onednn(backbone, probe)
        if error is not None:
            told = "by oneDNN" if error <= BOUND else "not by oneDNN, which is inexact here"
            done.append(f"float32 products {told} (relative feature error {error:.0e})")
    return done


def keep_buffers() -> bool:
    """Let glibc keep freed memory for the next layer, and say whether it does.

    By default it gives large buffers back to the system, which zeroes each page of the next one
    anew. Results keep their bits. Other C libraries have no such choice.

    References
    ----------
    mallopt(3): no block is to be mapped by itself, and the heap never shrinks.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return False
    # The second is C's largest int.
    return bool(mallopt(_M_MMAP_MAX, 0) and mallopt(_M_TRIM_THRESHOLD, 2**31 - 1))


def fuse_gelu(model: torch.nn.Module) -> int:
    """Compute the tanh form of GELU in one operation, and say in how many places.

    transformers writes two of its spellings as eight operations, each of which goes through memory;
    ViViT is built with one of them. The formula is the same, its rounding is not.

    References
    ----------
    Hendrycks and Gimpel (2016), Gaussian error linear units, arXiv:1606.08415.
    """
    slow = (FastGELUActivation, NewGELUActivation)
    places = [
        (parent, name)
        for parent in model.modules()
        for name, child in parent.named_children()
        if isinstance(child, slow)
    ]
    for parent, name in places:
        setattr(parent, name, torch.nn.GELU(approximate="tanh"))
    return len(places)


class FirstTokens(torch.nn.Module):
    """A layer of a ViT in evaluation mode for the first tokens, which attend to all."""

    def __init__(self, layer: torch.nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, tokens: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        """Give (batch, `_FIRST_TOKENS`, width) for tokens (batch, tokens, width)."""
        layer, attention = self.layer, self.layer.attention
        every = layer.layernorm_before(tokens)
        projected = (
            attention.q_proj(every[:, :_FIRST_TOKENS]),
            attention.k_proj(every),
            attention.v_proj(every),
        )
        heads = [part.unflatten(-1, (-1, attention.head_dim)).transpose(1, 2) for part in projected]
        answer = torch.nn.functional.scaled_dot_product_attention(*heads)
        first = tokens[:, :_FIRST_TOKENS] + attention.o_proj(answer.transpose(1, 2).flatten(2))
        return first + layer.mlp(layer.layernorm_after(first))


def skip_unread_tokens(model: torch.nn.Module) -> bool:
    """Let the last layer leave out tokens that nobody reads, and say whether there are any.

    A ViT's or ViViT's classifier reads the first token, the class token, and no other, so nearly
    all that the last of its layers computes, a twelfth of most models, is for nothing.
    """
    if not isinstance(model, ViTForImageClassification | VivitForVideoClassification):
        return False
    layers = model.base_model.layers
    layers[-1] = FirstTokens(layers[-1])
    return True


def use_onednn(backbone: Backbone, probe: np.ndarray) -> float | None:
    """Let oneDNN compute float32 products where that is fast, unless features move too far.

    PyTorch leaves them to MKL unless it may use bfloat16 inside, which is a permission: on
    processors with AVX-512 oneDNN then takes its float32 kernels, twice as fast as MKL's. Those
    with AMX have bfloat16 kernels too, which oneDNN is told not to use; whether it obeys shows in
    the features.

    Returns
    -------
    float or None
        Relative feature error, above `BOUND` if products were left to MKL; None where there is
        nothing to choose: on GPUs, and on processors without AVX-512, which ignore the permission.

    References
    ----------
    https://docs.pytorch.org/docs/stable/notes/mkldnn.html, and oneDNN's developer guide on CPU
    dispatcher control.
    """
    capability = torch.backends.cpu.get_cpu_capability()
    if backbone.device.type != "cpu" or not capability.startswith("AVX512"):
        return None
    # oneDNN reads it at its first use.
    os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE")
    products = torch.backends.mkldnn.matmul
    before = products.fp32_precision
    (expected,) = extract(backbone, [probe])
    products.fp32_precision = "bf16"
    (found,) = extract(backbone, [probe])
    error = relative_error(found, expected)
    if not error <= BOUND:  # nor if it is no number
        products.fp32_precision = before
    return error


def precision_error(backbone: Backbone, probe: np.ndarray, *, precision: str) -> float:
    """Measure how far a precision moves a batch's features from those in float32."""
    (exact,) = extract(backbone, [probe])
    (found,) = extract(backbone, [probe], precision=precision)
    return relative_error(found, exact)


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    """Give the length of the difference of two arrays relative to the second."""
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))
