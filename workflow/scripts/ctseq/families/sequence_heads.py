"""Heads that see a patient's slices together: pooled, weighed by attention, or in their order.

The backbone stays that of single slices, so what such heads gain over each other is due to what
they see of the sequence: the recurrent ones see its order, the others do not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.func import functional_call

from ctseq.cache.row_arrays import Rows
from ctseq.families.heads import LINEAR, Head, Parameters, initial_layer, layer_logits

# Width of the attention's hidden layer (Ilse et al. 2018 take 128) and of a recurrent state a
# direction: narrow, because a head learns from some fifty patients.
_ATTENTION = 128
_STATE = 64


def _initial_attention(
    n_features: int, std: float, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    # Deviations that keep the hidden values near 1 where features are.
    wide, narrow = n_features**-0.5, _ATTENTION**-0.5
    hidden = {
        f"{name}_{part}": value
        for name in ("value", "gate")
        for part, value in {
            "weight": rng.normal(0, wide, (_ATTENTION, n_features)).astype(np.float32),
            "bias": np.zeros(_ATTENTION, np.float32),
        }.items()
    }
    score = {"score_weight": rng.normal(0, narrow, _ATTENTION).astype(np.float32)}
    return hidden | score | initial_layer(n_features, std, rng)


def _attention_weights(parameters: Parameters, inputs: Sequence[torch.Tensor]) -> torch.Tensor:
    """Weigh the slices by gated attention: (fits, patients, slices), summing to 1 a patient."""
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
    """Build a head that reads the slices in both directions with a recurrent network."""

    def network(n_features: int, like: torch.Tensor | None = None) -> torch.nn.RNNBase:
        options = {} if like is None else {"dtype": like.dtype}
        return kind(n_features, _STATE, batch_first=True, bidirectional=True, **options)

    def initial(n_features: int, std: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
        # PyTorch's own bounds, drawn from this generator.
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
        for fit in range(len(features)):
            packed = torch.nn.utils.rnn.pack_padded_sequence(
                features[fit], lengths[fit], batch_first=True, enforce_sorted=False
            )
            chosen = {name: parameters[name][fit] for name in own}
            _, state = functional_call(module, chosen, (packed,))
            last = state[0] if isinstance(state, tuple) else state  # an LSTM has a cell state too
            states.append(last.transpose(0, 1).flatten(1))
        return layer_logits(parameters, [torch.stack(states)])

    return Head(initial, logits)


# `head.type` of models that see a patient's slices together.
SEQUENCE_HEADS: dict[str, Head] = {
    "mean": LINEAR,
    "max": LINEAR,
    "attention": Head(_initial_attention, _attention_logits),
    "lstm": _recurrent(torch.nn.LSTM),
    "gru": _recurrent(torch.nn.GRU),
}
_POOLED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda slices: slices.mean(axis=0, dtype=np.float64).astype(np.float32),
    "max": lambda slices: slices.max(axis=0),
}


@dataclass(frozen=True)
class Padded:
    """Sequences padded with 0 to the longest, made when patients are asked for.

    Attributes
    ----------
    features
        float32, shape (slices, features).
    sequences
        Each patient's rows of `features`.
    """

    features: Rows
    sequences: Sequence[np.ndarray]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Patients, slices of the longest sequence, features."""
        return len(self.sequences), max(map(len, self.sequences)), self.features.shape[1]

    def __getitem__(self, patients: np.ndarray) -> np.ndarray:
        """Give the sequences of patients, (...), as an array (..., slices, features)."""
        found = np.zeros((*patients.shape, *self.shape[1:]), np.float32)
        for place, patient in np.ndenumerate(patients):
            seen = self.sequences[patient]
            found[place][: len(seen)] = self.features[seen]
        return found


def sequence_inputs(
    features: Rows, sequences: Sequence[np.ndarray], *, head: str
) -> list[np.ndarray | Padded]:
    """Gather slice features by patient, as a sequence head takes them.

    Parameters
    ----------
    features
        float32, shape (slices, features).
    sequences
        Each patient's rows of `features`.
    head
        A key of `SEQUENCE_HEADS`.

    Returns
    -------
    list
        For pooling heads, features (patients, features); for others, `Padded` and numbers of
        slices (patients,).
    """
    if head in _POOLED:
        return [np.stack([_POOLED[head](features[seen]) for seen in sequences])]
    return [Padded(features, sequences), np.array([len(seen) for seen in sequences])]


@torch.no_grad()
def slice_attention(
    head: str, parameters: Mapping[str, np.ndarray], inputs: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Tell how a trained head weighs each patient's slices.

    Parameters
    ----------
    head
        A key of `SEQUENCE_HEADS`.
    parameters
        Of the trained head.
    inputs
        Rows of what `sequence_inputs` gives.

    Returns
    -------
    list of ndarray
        One a patient, in the order in which the head saw the slices, summing to 1; none where the
        head gives slices no weights.
    """
    if head != "attention":
        return []
    stack = {name: torch.from_numpy(value)[None] for name, value in parameters.items()}
    weights = _attention_weights(stack, [torch.from_numpy(values)[None] for values in inputs])[0]
    return [row[:length].numpy() for row, length in zip(weights, inputs[1], strict=True)]
