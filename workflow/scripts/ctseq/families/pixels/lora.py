"""Low-rank adapters (LoRA): small products beside an encoder's linear layers, merged at the end.

Hu et al., LoRA: low-rank adaptation of large language models, ICLR 2022: a layer W x becomes
W x + alpha / rank * B A x, of which A and B alone are trained. B starts from zero, so that the
encoder starts as it is.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ctseq.core.errors import InputError
from ctseq.core.words import listed

# The names that architectures give the projections to queries and values, apart or in one. Hu et
# al. found these two the best use of so many weights, and they are what peft adapts by default.
_ATTENTION = ("q_proj", "query", "projection_query", "v_proj", "value", "projection_value", "qkv")
# Convolutional encoders have no attention. Nearly all of their weights are in these layers.
_POINTWISE = ("pwconv1", "pwconv2", "pointwise_conv1", "pointwise_conv2", "fc1", "fc2")


class LowRank(nn.Linear):
    """A linear layer with an adapter beside it.

    Parameters
    ----------
    layer
        The layer, whose weight and bias it takes over.
    rank
        Rows of A, ``down``, and columns of B, ``up``.
    alpha
        The adapter's answer counts `alpha` over `rank` times.
    rng
        Draws A: uniform within 1 over the root of its inputs, as PyTorch and peft start a layer.
    """

    def __init__(
        self, layer: nn.Linear, *, rank: int, alpha: float, rng: np.random.Generator
    ) -> None:
        # Without numbers of its own, and without PyTorch's random state.
        super().__init__(layer.in_features, layer.out_features, device="meta")
        self.weight, self.bias = layer.weight, layer.bias
        self.scale = alpha / rank
        bound = self.in_features**-0.5
        down = rng.uniform(-bound, bound, (rank, self.in_features)).astype(np.float32)
        device = layer.weight.device
        self.down = nn.Parameter(torch.from_numpy(down).to(device))
        self.up = nn.Parameter(torch.zeros(self.out_features, rank, device=device))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return the layer's answer, (..., outputs), to values (..., inputs)."""
        low = functional.linear(values, self.down)
        return super().forward(values) + self.scale * functional.linear(low, self.up)

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """Return a plain layer with the same answers, but for rounding."""
        layer = nn.Linear(self.in_features, self.out_features, device="meta")
        layer.weight = nn.Parameter(self.weight + self.scale * (self.up @ self.down))
        layer.bias = self.bias
        return layer


def add_adapters(model: nn.Module, settings: Mapping[str, Any], *, seed: list[int]) -> None:
    """Freeze a model, in place, and put adapters beside its layers.

    `settings` has the rank as ``lora``. Without ``alpha``, that is twice the rank, as is usual: the
    learning rate need not change with the rank. Without ``layers``, the last parts of their names,
    they are attention's queries and values or, where there are none, pointwise layers.

    Raises
    ------
    InputError
        If the model has no such layers.
    """
    rank, rng = settings["lora"], np.random.default_rng(seed)
    alpha = settings.get("alpha", 2 * rank)
    model.requires_grad_(False)
    for name, layer in _adapted(model, settings.get("layers")).items():
        model.set_submodule(name, LowRank(layer, rank=rank, alpha=alpha, rng=rng))


def merge_adapters(model: nn.Module) -> None:
    """Replace a model's layers that have adapters by plain ones with the same answers, in place."""
    for name, layer in [*model.named_modules()]:
        if isinstance(layer, LowRank):
            model.set_submodule(name, layer.merged())


def _adapted(model: nn.Module, asked: list[str] | None) -> dict[str, nn.Linear]:
    """Return the layers that get adapters by their names, in the order of the model."""
    linear = {
        name: module
        for name, module in model.named_modules()
        # Of derived classes, a model may read the weight and never call the layer. V-JEPA 2 has a
        # predictor behind its encoder, which classification does not use.
        if type(module) is nn.Linear and ".predictor." not in name
    }
    own = {name: name.rpartition(".")[2] for name in linear}
    has = dict.fromkeys(own.values())
    fitting = [names for names in (_ATTENTION, _POINTWISE) if has.keys() & {*names}]
    if asked is not None:
        fitting = [asked] if has.keys() >= {*asked} else []
    if not fitting:
        wanted = listed(asked or ["attention's queries and values", "of pointwise layers"])
        raise InputError(
            f"training.trainable asks for low-rank adapters (lora) of {wanted}, but the linear "
            f"layers of {type(model).__name__} are {listed(has) or 'none'}. "
            f"{'Name some of them as `layers` beside `lora`, or choose' if has else 'Choose'} "
            "`{last_blocks: n}` or `all`."
        )
    return {name: layer for name, layer in linear.items() if own[name] in fitting[0]}
