"""Faster ways to the same features, each shown to be faster by `benchmarks/speedups.py`."""

import ctypes
import sys
from typing import Any

import numpy as np
import torch
import transformers
from transformers.activations import FastGELUActivation, NewGELUActivation

from ctseq.encoders.contract import Encoder, extract

# How far features may move, relative to their length, by a speedup, another processor or another
# number of threads. Rounding in another order moves them by 1e-6 (measured on ViViT-B).
BOUND = 1e-5

# The class token and some more: products of so few rows as one round otherwise than those of many.
_FIRST_TOKENS = 32
# Models whose classifier and pooler read the class token alone.
_VITS = (
    transformers.ViTForImageClassification,
    transformers.ViTModel,
    transformers.VivitForVideoClassification,
    transformers.VivitModel,
)
# Numbers of mallopt's parameters in glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def speed_up(model: torch.nn.Module, pooling: str, device: torch.device) -> list[str]:
    """Make a frozen model faster, in place, and return what was done, for the log.

    `pooling`, one of `pooling.POOLINGS`, says what of its answer is read; `device` is where it is.
    """
    done = []
    if device.type == "cpu" and keep_buffers():
        done.append("large buffers are kept")
    if count := fuse_gelu(model):
        done.append(f"{count} GELUs take one operation each")
    if skip_unread_tokens(model, pooling):
        done.append("the last layer computes what is read")
    return done


def keep_buffers() -> bool:
    """Let glibc keep freed memory for the next layer, and return whether it does.

    By default it returns large buffers to the system, which zeroes each page of the next one.
    Results keep their bits. Other C libraries have no such choice.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return False
    # mallopt(3): no block is mapped by itself, and the heap never shrinks (below C's largest int).
    return bool(mallopt(_M_MMAP_MAX, 0) and mallopt(_M_TRIM_THRESHOLD, 2**31 - 1))


def fuse_gelu(model: torch.nn.Module) -> int:
    """Compute the tanh form of GELU in one operation, and return the number of replaced modules.

    transformers writes two of its spellings, ViViT's among them, as eight operations, each of which
    goes through memory. The formula (Hendrycks and Gimpel 2016, arXiv:1606.08415) is the same, its
    rounding is not.
    """
    slow = [
        (parent, name)
        for parent in model.modules()
        for name, child in parent.named_children()
        if isinstance(child, FastGELUActivation | NewGELUActivation)
    ]
    for parent, name in slow:
        setattr(parent, name, torch.nn.GELU(approximate="tanh"))
    return len(slow)


def skip_unread_tokens(model: torch.nn.Module, pooling: str) -> bool:
    """Let the last layer of a ViT leave out tokens that are not read, and return whether it does.

    The classifier and the pooler of a ViT or ViViT read the class token alone, so nearly all that
    the last layer computes, a twelfth of most models, is for nothing. Where another version of
    transformers names a layer's parts otherwise, the layer stays.
    """
    if not isinstance(model, _VITS) or "mean" in pooling:
        return False
    try:
        layers = model.base_model.layers
        layers[-1] = FirstTokens(layers[-1])
    except AttributeError:
        return False
    return True


class FirstTokens(torch.nn.Module):
    """A layer of a ViT in evaluation mode for the first tokens, which attend to all.

    It takes the layer apart by names that transformers may change, because no public interface
    computes some tokens only.
    """

    def __init__(self, layer: torch.nn.Module) -> None:
        super().__init__()
        attention = layer.attention
        self.before, self.after, self.mlp = layer.layernorm_before, layer.layernorm_after, layer.mlp
        self.query, self.key, self.value = attention.q_proj, attention.k_proj, attention.v_proj
        self.output, self.head_dim = attention.o_proj, attention.head_dim

    def forward(self, tokens: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        """Return (batch, `_FIRST_TOKENS`, width) for tokens (batch, tokens, width)."""
        every = self.before(tokens)
        projected = self.query(every[:, :_FIRST_TOKENS]), self.key(every), self.value(every)
        heads = [part.unflatten(-1, (-1, self.head_dim)).transpose(1, 2) for part in projected]
        answer = torch.nn.functional.scaled_dot_product_attention(*heads)
        first = tokens[:, :_FIRST_TOKENS] + self.output(answer.transpose(1, 2).flatten(2))
        return first + self.mlp(self.after(first))


def precision_error(encoder: Encoder, probe: np.ndarray, *, precision: str) -> float:
    """Return how far a precision moves a batch's features from those in float32."""
    (exact,) = extract(encoder, [probe])
    (found,) = extract(encoder, [probe], precision=precision)
    return relative_error(found, exact)


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    """Return the length of the difference of two arrays relative to that of the second."""
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))
