"""Heads that see a patient's slices together: pooling, attention and recurrent heads.

All of them learn from the features of single slices, so differences between them are due to how
they read the sequence: recurrent heads see the order of its slices, the others do not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.func import functional_call

from ctseq.cache.row_arrays import Rows
from ctseq.encoders.sequences import ordered_slices
from ctseq.families.frozen import Features, Learned
from ctseq.families.heads import LINEAR, Head, Parameters, initial_layer, layer_logits
from ctseq.families.tables import ATTENTION
from ctseq.families.tuning import tune_head
from ctseq.replicates.tasks import draw_task

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
    """Return each slice's weight by gated attention, shape (trainings, patients, slices).

    The weights of a patient's slices sum to 1.
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


# `head.type` to the head. Pooled slices are one row of features, which a linear layer reads.
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
    """Sequences padded with 0 to the length of the longest, on demand.

    `features` are float32, shape (slices, features); `sequences` are the rows of them that each
    patient has, in the order in which heads read them.
    """

    features: Rows
    sequences: Sequence[np.ndarray]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Patients, slices of the longest sequence, features."""
        return len(self.sequences), max(map(len, self.sequences)), self.features.shape[1]

    def __getitem__(self, patients: np.ndarray) -> np.ndarray:
        """Return the sequences of patients, (...), as an array (..., slices, features)."""
        padded = np.zeros((*patients.shape, *self.shape[1:]), np.float32)
        for index, patient in np.ndenumerate(patients):
            rows = self.sequences[patient]
            padded[index][: len(rows)] = self.features[rows]
        return padded


def sequence_inputs(
    features: Rows, sequences: Sequence[np.ndarray], *, head: str
) -> list[np.ndarray | Padded]:
    """Return the features of slices grouped by patient, as a sequence head takes them.

    `features` and `sequences` are those of `Padded`, `head` is a key of `SEQUENCE_HEADS`. A pooling
    head takes features (patients, features), others `Padded` and numbers of slices (patients,).
    """
    if head in _POOLED:
        return [np.stack([_POOLED[head](features[rows]) for rows in sequences])]
    return [Padded(features, sequences), np.array([len(rows) for rows in sequences])]


@torch.no_grad()
def slice_attention(
    head: str, parameters: Mapping[str, np.ndarray], inputs: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Return the weights that a trained attention head gives the slices of each patient.

    `inputs` are the rows of some patients of what `sequence_inputs` returns. The weights are in the
    order in which the head reads the slices and sum to 1; heads without attention have none.
    """
    if head != "attention":
        return []
    stack = {name: torch.from_numpy(value)[None] for name, value in parameters.items()}
    weights = _attention_weights(stack, [torch.from_numpy(values)[None] for values in inputs])[0]
    return [row[:length].numpy() for row, length in zip(weights, inputs[1], strict=True)]


def learn_sequence(
    data: Features,
    split: pd.DataFrame,
    model: Mapping[str, Any],
    *,
    folds: int | None,
    seed: int,
    replicate: int,
) -> Learned:
    """Train a head that sees all slices of a patient together; see `learning.learn`."""
    head, seeds = model["head"], {"seed": seed, "replicate": replicate}
    order = [seed, replicate] if model["shuffled"] else None
    sequences = ordered_slices(data.rows, shuffle_seed=order)
    rows = pd.DataFrame({"patient_id": list(sequences), "slice_number": pd.NA})
    # Mirrored copies of the slices come behind the slices.
    views = range(data.views)
    members = [own + view * len(data.rows) for view in views for own in sequences.values()]
    inputs = sequence_inputs(data.vectors, members, head=head)
    options = {"labels": "patient", "sequence_rule": None, "views": data.views, "folds": folds}
    task = draw_task(rows, data.patients, None, split, **options, **seeds)
    learned = tune_head(
        SEQUENCE_HEADS[head],
        inputs,
        task,
        std=data.initializer_range,
        training=model["training"],
        **seeds,
    )
    test = task.outer.held_out
    weights = slice_attention(head, learned.parameters, [part[test] for part in inputs])
    read = [data.rows.iloc[members[patient]] for patient in test]
    return replace(learned, attention=_attention_table(read, weights))


def _attention_table(slices: list[pd.DataFrame], weights: list[np.ndarray]) -> pd.DataFrame:
    """Return the weight of each patient's slices in anatomical order; without weights, no rows."""
    parts = [rows.assign(weight=weight) for rows, weight in zip(slices, weights, strict=False)]
    table = pd.concat(parts) if parts else pd.DataFrame(columns=list(ATTENTION.columns))
    return table.sort_values(["patient_id", "slice_number"], ignore_index=True)
