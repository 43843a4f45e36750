"""Heads that see the slices of a scan together: attention and recurrent heads.

They learn from the features of single slices, as do linear layers on pooled slices, so differences
between them are due to how they read the sequence: recurrent heads see the order of its slices, the
others do not.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

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
from ctseq.families.trained.reading import read
from ctseq.families.trained.recurrence import DIRECTIONS, all_states, gru, last_states, lstm
from ctseq.families.trained.training import heads_of
from ctseq.replicates.tasks import Task

# Width of the attention's hidden layer (128 in Ilse et al. 2018) and of a recurrent state in either
# direction: narrow, because a head learns from some fifty patients.
_ATTENTION = 128
_STATE = 64
# Slices of a scan, about (the median of CT-ICH is 30).
_SLICES = 32
# The inner folds of a setting or two: their values and gradients fit a processor's caches.
_TOGETHER = 16


def _initial_attention(
    n_features: int, std: float, rng: np.random.Generator, size: int | None = None
) -> dict[str, np.ndarray]:
    size = size or _ATTENTION
    # Standard deviations that keep hidden values near 1 if features are.
    wide, narrow = n_features**-0.5, size**-0.5
    drawn = {}
    for name in ("value", "gate"):
        weight = rng.normal(0, wide, (size, n_features)).astype(np.float32)
        drawn |= {f"{name}_weight": weight, f"{name}_bias": np.zeros(size, np.float32)}
    drawn["score_weight"] = rng.normal(0, narrow, size).astype(np.float32)
    return drawn | initial_layer(n_features, std, rng)


def _attention_weights(
    parameters: Parameters, inputs: Sequence[torch.Tensor], drop: Drop
) -> torch.Tensor:
    """Return each slice's weight by gated attention, shape (trainings, scans, slices).

    The weights of a scan's slices sum to 1. Dropout leaves out hidden values of all slices of a
    scan alike, so that it is the scan that is seen by fewer of them.
    """
    features, lengths = inputs
    scores = attention_scores(parameters, features, drop)
    absent = torch.arange(features.shape[2]) >= lengths[..., None]
    return torch.softmax(scores.masked_fill(absent, -torch.inf), dim=-1)


def attention_scores(
    parameters: Parameters, features: torch.Tensor, drop: Drop = lambda values: values
) -> torch.Tensor:
    """Return what gated attention gives each slice before the softmax, those behind the end too."""

    def hidden(name: str) -> torch.Tensor:
        weight, bias = parameters[f"{name}_weight"], parameters[f"{name}_bias"]
        return torch.einsum("mpsf,mhf->mpsh", features, weight) + bias[:, None, None]

    gated = torch.tanh(hidden("value")) * torch.sigmoid(hidden("gate"))
    kept = drop(torch.ones_like(gated[:, :, 0]))
    return torch.einsum("mpsh,mh->mps", gated * kept[:, :, None], parameters["score_weight"])


def _attention_logits(
    parameters: Parameters, inputs: Sequence[torch.Tensor], drop: Drop
) -> torch.Tensor:
    weights = _attention_weights(parameters, inputs, drop)
    return layer_logits(parameters, [drop(torch.einsum("mps,mpsf->mpf", weights, inputs[0]))])


def _recurrent(cell: Callable[..., torch.Tensor], gates: Mapping[str, int]) -> Head:
    """Return a head that reads the slices in both directions with a recurrent network.

    It has the parameters of a bidirectional `torch.nn.GRU` or `LSTM`, by their names. Both
    directions start from the same weights: of their last states, the difference then tells the
    order alone, without what patients differ in, and the mean tells the rest.

    `gates` are the places of those, among all, that keep the state (1) or let new values in (-1).
    """

    def initial(
        n_features: int, std: float, rng: np.random.Generator, size: int | None = None
    ) -> dict[str, np.ndarray]:
        size = size or _STATE
        rows = len(gates) * size
        shapes = {"weight_ih": (rows, n_features), "weight_hh": (rows, size)}
        shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        # The distribution is PyTorch's; drawn here, it follows the replicate's seed.
        bound = size**-0.5
        drawn = {
            name: rng.uniform(-bound, bound, shape).astype(np.float32)
            for name, shape in shapes.items()
        }
        # But for gates that keep a state for one slice to all of a scan, and not for two, of which
        # nothing is left at the end (chrono initialisation, Tallec and Ollivier, ICLR 2018).
        kept = np.log(rng.uniform(1, _SLICES, size))
        for gate, sign in zip(drawn["bias_ih"].reshape(-1, size), gates.values(), strict=True):
            if sign:
                gate[:] = sign * kept
        both = {
            f"{name}_l0{direction}": values.copy()
            for direction in DIRECTIONS
            for name, values in drawn.items()
        }
        return both | initial_layer(2 * size, std, rng)

    def compared(states: torch.Tensor) -> torch.Tensor:
        forwards, backwards = states.chunk(2, dim=-1)
        return torch.cat([forwards - backwards, (forwards + backwards) / 2], dim=-1)

    def logits(parameters: Parameters, inputs: Sequence[torch.Tensor], drop: Drop) -> torch.Tensor:
        read = compared(last_states(cell, parameters, *inputs))
        return layer_logits(parameters, [drop(read)])

    def of_slices(
        parameters: Parameters, inputs: Sequence[torch.Tensor], drop: Drop
    ) -> torch.Tensor:
        return slice_logits(parameters, compared(all_states(cell, parameters, *inputs)), drop)

    names = (f"weight_{of}_l0{direction}" for of in ("ih", "hh") for direction in DIRECTIONS)
    return Head(initial, logits, of_slices, slow=tuple(names), together=_TOGETHER)


# A family to its head.
SEQUENCE_HEADS: dict[str, Head] = {
    "attention": Head(_initial_attention, _attention_logits, together=_TOGETHER),
    "lstm": _recurrent(lstm, {"input": -1, "forget": 1, "candidate": 0, "output": 0}),
    "gru": _recurrent(gru, {"reset": 0, "update": 1, "candidate": 0}),
}


def fit(
    inputs: Inputs, task: Task, settings: Mapping[str, Any], *, seed: int, replicate: int
) -> Learned:
    """Train a head that sees all slices of a scan together; see `contract.FamilyModule`."""
    head = SEQUENCE_HEADS[settings["family"]]
    return fit_head(head, inputs, task, settings, seed=seed, replicate=replicate)


def predict(fitted: Fitted, inputs: Inputs) -> Predicted:
    """Predict a scan or its slices, and tell how an attention head weighs them."""
    probability = predict_head(SEQUENCE_HEADS[fitted.family], fitted, inputs)
    if fitted.family != "attention":
        return Predicted(probability)
    return Predicted(probability, slice_attention(fitted, inputs))


@torch.no_grad()
def slice_attention(fitted: Fitted, inputs: Inputs) -> list[np.ndarray]:
    """Return the weights that a trained attention head has for the slices of each scan.

    They are in the order in which the head reads the slices and sum to 1. Of several heads, they
    are the mean.
    """
    heads, inputs = heads_of(fitted, inputs)
    rows, found = read(inputs), []
    for scan in inputs.numbers[:, None]:
        own = [torch.from_numpy(values[scan]) for values in rows]
        stack = [values.expand(len(heads["bias"]), *values.shape) for values in own]
        weights = _attention_weights(heads, stack, lambda values: values).mean(0)
        found.append(weights[0, : own[1][0]].numpy())
    return found
