"""Heads that see the slices of a scan together: attention and recurrent heads.

They learn from the features of single slices, as do linear layers on pooled slices, so differences
between them are due to how they read the sequence: recurrent heads see the order of its slices, the
others do not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.func import functional_call

from ctseq.cache.row_arrays import Rows
from ctseq.families.contract import Fitted, Learned, Predicted
from ctseq.families.heads import Head, Parameters, initial_layer, layer_logits
from ctseq.families.inputs import Inputs
from ctseq.families.trained.training import predict as predict_rows
from ctseq.families.trained.tuning import tune_head
from ctseq.replicates.tasks import Task

# Width of the attention's hidden layer (128 in Ilse et al. 2018) and of a recurrent state in either
# direction: narrow, because a head learns from some fifty patients.
_ATTENTION = 128
_STATE = 64


def _initial_attention(
    n_features: int, std: float, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    # Standard deviations that keep hidden values near 1 if features are.
    wide, narrow = n_features**-0.5, _ATTENTION**-0.5
    drawn = {}
    for name in ("value", "gate"):
        weight = rng.normal(0, wide, (_ATTENTION, n_features)).astype(np.float32)
        drawn |= {f"{name}_weight": weight, f"{name}_bias": np.zeros(_ATTENTION, np.float32)}
    drawn["score_weight"] = rng.normal(0, narrow, _ATTENTION).astype(np.float32)
    return drawn | initial_layer(n_features, std, rng)


def _attention_weights(parameters: Parameters, inputs: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return each slice's weight by gated attention, shape (trainings, scans, slices).

    The weights of a scan's slices sum to 1.
    """
    features, lengths = inputs

    def hidden(name: str) -> torch.Tensor:
        weight, bias = parameters[f"{name}_weight"], parameters[f"{name}_bias"]
        return torch.einsum("mpsf,mhf->mpsh", features, weight) + bias[:, None, None]

    gated = torch.tanh(hidden("value")) * torch.sigmoid(hidden("gate"))
    scores = torch.einsum("mpsh,mh->mps", gated, parameters["score_weight"])
    absent = torch.arange(features.shape[2]) >= lengths[..., None]
    return torch.softmax(scores.masked_fill(absent, -torch.inf), dim=-1)


def _attention_logits(parameters: Parameters, inputs: Sequence[torch.Tensor]) -> torch.Tensor:
    weights = _attention_weights(parameters, inputs)
    return layer_logits(parameters, [torch.einsum("mps,mpsf->mpf", weights, inputs[0])])


def _recurrent(kind: type[torch.nn.RNNBase]) -> Head:
    """Return a head that reads the slices in both directions with a recurrent network."""

    def network(n_features: int, like: torch.Tensor | None = None) -> torch.nn.RNNBase:
        options = {} if like is None else {"dtype": like.dtype}
        return kind(n_features, _STATE, batch_first=True, bidirectional=True, **options)

    def initial(n_features: int, std: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
        # The distribution is PyTorch's; drawn here, it follows the replicate's seed.
        bound = _STATE**-0.5
        drawn = {
            name: rng.uniform(-bound, bound, tuple(value.shape)).astype(np.float32)
            for name, value in network(n_features).named_parameters()
        }
        return drawn | initial_layer(2 * _STATE, std, rng)

    def logits(parameters: Parameters, inputs: Sequence[torch.Tensor]) -> torch.Tensor:
        features, lengths = inputs
        module = network(features.shape[-1], like=features)
        own = [name for name, _ in module.named_parameters()]
        states = []
        for training in range(len(features)):
            packed = torch.nn.utils.rnn.pack_padded_sequence(
                features[training], lengths[training], batch_first=True, enforce_sorted=False
            )
            weights = {name: parameters[name][training] for name in own}
            _, state = functional_call(module, weights, (packed,))
            last = state[0] if isinstance(state, tuple) else state  # an LSTM has a cell state too
            states.append(last.transpose(0, 1).flatten(1))
        return layer_logits(parameters, [torch.stack(states)])

    return Head(initial, logits)


# A family to its head.
SEQUENCE_HEADS: dict[str, Head] = {
    "attention": Head(_initial_attention, _attention_logits),
    "lstm": _recurrent(torch.nn.LSTM),
    "gru": _recurrent(torch.nn.GRU),
}


@dataclass(frozen=True)
class Padded:
    """Sequences padded with 0 to the length of the longest, on demand.

    `features` are float32, shape (slices, features); `sequences` are the rows of them that each
    scan has, in the order in which heads read them.
    """

    features: Rows
    sequences: Sequence[np.ndarray]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Scans, slices of the longest sequence, features."""
        return len(self.sequences), max(map(len, self.sequences)), self.features.shape[1]

    def __getitem__(self, scans: np.ndarray) -> np.ndarray:
        """Return the sequences of scans, (...), as an array (..., slices, features)."""
        padded = np.zeros((*scans.shape, *self.shape[1:]), np.float32)
        for index, scan in np.ndenumerate(scans):
            rows = self.sequences[scan]
            padded[index][: len(rows)] = self.features[rows]
        return padded


def fit(
    inputs: Inputs, task: Task, settings: Mapping[str, Any], *, seed: int, replicate: int
) -> Learned:
    """Train a head that sees all slices of a scan together; see `contract.FamilyModule`."""
    options = {"std": inputs.initializer_range, "settings": settings}
    options |= {"seed": seed, "replicate": replicate}
    return tune_head(SEQUENCE_HEADS[settings["family"]], sequences_of(inputs), task, **options)


def predict(fitted: Fitted, inputs: Inputs) -> Predicted:
    """Predict a scan, and tell how an attention head weighs its slices."""
    sequences, rows = sequences_of(inputs), inputs.numbers
    probability = predict_rows(SEQUENCE_HEADS[fitted.family], fitted.arrays, sequences, rows)
    if fitted.family != "attention":
        return Predicted(probability)
    return Predicted(probability, slice_attention(fitted.arrays, [own[rows] for own in sequences]))


def sequences_of(inputs: Inputs) -> tuple[Padded, np.ndarray]:
    """Return sequences as heads take them, and their numbers of slices, shape (scans,)."""
    lengths = np.array([len(slices) for slices in inputs.members])
    return Padded(inputs.vectors, inputs.members), lengths


@torch.no_grad()
def slice_attention(
    parameters: Mapping[str, np.ndarray], inputs: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Return the weights that a trained attention head has for the slices of each scan.

    `inputs` are some rows of both that `sequences_of` returns. The weights are in the order in
    which the head reads the slices and sum to 1.
    """
    stack = {name: torch.from_numpy(value)[None] for name, value in parameters.items()}
    weights = _attention_weights(stack, [torch.from_numpy(values)[None] for values in inputs])[0]
    return [row[:length].numpy() for row, length in zip(weights, inputs[1], strict=True)]
