"""Smooth attention: gated attention that is taught to weigh neighbouring slices alike.

Wu et al., Smooth attention for deep multiple instance learning: application to CT intracranial
hemorrhage detection (MICCAI 2023, arXiv 2307.09457), add the squared differences of neighbours to
the loss. Here they are differences of the scores before the softmax, the latent function behind the
attention, f: a scan's loss is its own plus the mean of (f[i + 1] - f[i])^2 over its pairs of
neighbours in the order in which it is read. That is their first order, and the equal weights that
both parts have in their public program, but for a mean in place of the sum, so that scans of all
lengths weigh the same. Their second order is not taken over, nor what the program does otherwise:
it takes the weights after the softmax, and adds their own squares. Prediction is that of
`attention`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from ctseq.families.contract import Fitted, Learned, Predicted
from ctseq.families.heads import Parameters
from ctseq.families.inputs import Inputs
from ctseq.families.trained.context import fit_head, predict_head
from ctseq.families.trained.sequence_heads import (
    SEQUENCE_HEADS,
    attention_scores,
    slice_attention,
)
from ctseq.replicates.tasks import Task


def roughness(parameters: Parameters, inputs: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the mean squared difference of neighbouring slices' scores, (trainings, scans).

    A scan of one slice has no neighbours, and 0. Dropout is not in it: what it leaves out is no
    property of the slices.
    """
    features, lengths = inputs
    scores = attention_scores(parameters, features)
    pairs = lengths[..., None] - 1
    behind = torch.arange(scores.shape[-1] - 1) >= pairs
    squares = scores.diff(dim=-1).square().masked_fill(behind, 0)
    return squares.sum(-1) / pairs[..., 0].clamp(min=1)


SMOOTH = replace(SEQUENCE_HEADS["attention"], penalty=roughness)


def fit(
    inputs: Inputs, task: Task, settings: Mapping[str, Any], *, seed: int, replicate: int
) -> Learned:
    """Train smooth attention on the slices of scans; see `contract.FamilyModule`."""
    return fit_head(SMOOTH, inputs, task, settings, seed=seed, replicate=replicate)


def predict(fitted: Fitted, inputs: Inputs) -> Predicted:
    """Predict a scan, and tell how its slices are weighed."""
    return Predicted(predict_head(SMOOTH, fitted, inputs), slice_attention(fitted, inputs))
