"""What a head is, and the linear head.

A head turns features into the logits of two classes. Parameters have a leading axis of
trainings, so that a grid of trainings is one batched computation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

Parameters = Mapping[str, torch.Tensor]
# Returns values, shape (trainings, rows, width), of which dropout has left some out.
Drop = Callable[[torch.Tensor], torch.Tensor]
Logits = Callable[[Parameters, Sequence[torch.Tensor], Drop], torch.Tensor]


@dataclass(frozen=True)
class Head:
    """A kind of head.

    Attributes
    ----------
    initial
        Draws the parameters that training starts from, float32 arrays by name, given the number of
        features, the standard deviation of the final layer's weights, a generator, and the width of
        a hidden layer or state, None for the usual one. ``weight`` (2, ...) and ``bias`` (2,) are
        those of the final layer.
    logits
        Computes logits (trainings, rows, 2) from parameters (trainings, ...), inputs (trainings,
        rows, ...), and what leaves out a share of values while it is trained.
    slice_logits
        Computes those of every slice of the rows, shape (trainings, rows, slices, 2), from the
        same; None of a head that has one result a row.
    penalty
        Computes what is added to the loss of each row while it is trained, shape (trainings, rows),
        from parameters and inputs; None where nothing is.
    slow
        Parameters that learn at the rate over the number of their inputs, their last axis. A step
        of AdamW moves every weight by the rate, and so a sum over n inputs by n times as much:
        hidden weights would outrun the final layer (Yang et al., Tuning large neural networks via
        zero-shot hyperparameter transfer, NeurIPS 2021).
    together
        The most trainings of one computation: more only take memory that the processor has to wait
        for.
    """

    initial: Callable[[int, float, np.random.Generator, int | None], dict[str, np.ndarray]]
    logits: Logits
    slice_logits: Logits | None = None
    penalty: Callable[[Parameters, Sequence[torch.Tensor]], torch.Tensor] | None = None
    slow: tuple[str, ...] = ()
    together: int = 256


def initial_layer(
    n_features: int, std: float, rng: np.random.Generator, size: int | None = None
) -> dict[str, np.ndarray]:
    """Draw a linear layer: normal weights, zero bias, as transformers initialises classifiers.

    A linear layer alone has nothing hidden, whose `size` could matter.
    """
    weight = rng.normal(0.0, std, (2, n_features)).astype(np.float32)
    return {"weight": weight, "bias": np.zeros(2, np.float32)}


def layer_logits(parameters: Parameters, inputs: Sequence[torch.Tensor]) -> torch.Tensor:
    """Apply linear layers to features of shape (trainings, rows, features)."""
    weight = parameters["weight"].transpose(1, 2)
    return torch.baddbmm(parameters["bias"].unsqueeze(1), inputs[0], weight)


def slice_logits(parameters: Parameters, read: torch.Tensor, drop: Drop) -> torch.Tensor:
    """Apply linear layers to what heads read of slices, shape (trainings, rows, slices, width).

    Dropout leaves out values of all slices of a row alike, so that it is the row that is seen by
    fewer of them.
    """
    kept = drop(torch.ones_like(read[:, :, 0]))
    flat = (read * kept[:, :, None]).flatten(1, 2)
    return layer_logits(parameters, [flat]).unflatten(1, read.shape[1:3])


def _linear_logits(
    parameters: Parameters, inputs: Sequence[torch.Tensor], drop: Drop
) -> torch.Tensor:
    return layer_logits(parameters, [drop(inputs[0])])


LINEAR = Head(initial_layer, _linear_logits)


def relative_weight_change(initial: np.ndarray, trained: np.ndarray) -> float:
    """Return the length of the change of some weights, relative to their initial length."""
    return float(np.linalg.norm(trained - initial) / np.linalg.norm(initial))
