"""Heads that see all slices of a scan and learn its label or, in context, that of each slice.

To a head, a row is always a scan. Where slices have labels of their own, rows of the task are
slices: a scan then has a label, a logit and a loss for each of its slices, and what follows from
them is handed back slice by slice, so that nothing else needs to know.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ctseq.families.contract import Fitted, Learned
from ctseq.families.heads import Head
from ctseq.families.inputs import Inputs
from ctseq.families.trained.candidates import Truth
from ctseq.families.trained.training import predict_fitted
from ctseq.families.trained.tuning import tune_head
from ctseq.replicates.tasks import Fit, Task


def fit_head(
    head: Head,
    inputs: Inputs,
    task: Task,
    settings: Mapping[str, Any],
    *,
    seed: int,
    replicate: int,
) -> Learned:
    """Train a head on whole scans by the labels that its model learns; see `contract.FamilyModule`.

    Of slices, the loss is the mean over all slices of a batch of scans, as that of slices which are
    learned one by one.
    """
    options: dict[str, Any] = {"settings": settings, "seed": seed, "replicate": replicate}
    if not _in_context(settings):
        return tune_head(head, inputs, task, **options)
    members, slices = inputs.members, Truth(task.labels, task.scans)
    whole = scans_of(task, members)
    truth = _SliceTruth(whole.labels, task.scans, slices, members)
    learned = tune_head(_of_slices(head), inputs, whole, truth=truth, **options)
    held_out = [
        _as_held_out(fit, *slices_of(members, scans.held_out, found))
        for fit, scans, found in zip(task.inner, whole.inner, learned.held_out, strict=True)
    ]
    return replace(learned, held_out=held_out)


def predict_head(head: Head, fitted: Fitted, inputs: Inputs) -> np.ndarray:
    """Return the probability of each scan, or of the slices of each in turn, as it has learned."""
    if not _in_context(fitted.settings):
        return predict_fitted(head, fitted, inputs)
    found = predict_fitted(_of_slices(head), fitted, inputs)
    return slices_of(inputs.members, inputs.numbers, found)[1]


def scans_of(task: Task, members: Sequence[np.ndarray]) -> Task:
    """Return a task of slices as one of scans, whose labels are of shape (scans, longest).

    `members` are the rows of each scan in the order in which they are read. A scan that is shorter
    than the longest has the label -1 behind its end.
    """
    labels = np.full((len(members), max(map(len, members))), -1)
    for own, rows in zip(labels, members, strict=True):
        own[: len(rows)] = task.labels[rows]
    inner = [of_scans(fit, members) for fit in task.inner]
    return replace(task, labels=labels, outer=of_scans(task.outer, members), inner=inner)


def of_scans(fit: Fit, members: Sequence[np.ndarray]) -> Fit:
    """Return a fit of slices as one of the numbers of scans, whose slices are never parted."""
    first = np.array([rows[0] for rows in members])
    train, held_out = (np.flatnonzero(np.isin(first, own)) for own in (fit.train, fit.held_out))
    return Fit(train, held_out)


def slices_of(
    members: Sequence[np.ndarray], scans: np.ndarray, probability: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of the slices of some scans, scan by scan, and their probabilities.

    `probability` has the shape (scans, longest); what stands behind a scan's end is left out.
    """
    rows = [members[scan] for scan in scans]
    own = [found[: len(part)] for found, part in zip(probability, rows, strict=True)]
    return np.concatenate(rows), np.concatenate(own)


@dataclass(frozen=True)
class _SliceTruth(Truth):
    """What probabilities of the slices of scans, (scans, longest), are held against: `slices`."""

    slices: Truth
    members: Sequence[np.ndarray]

    def loss(self, rows: np.ndarray, probability: np.ndarray) -> float:
        return self.slices.loss(*slices_of(self.members, rows, probability))

    def accuracy(self, rows: np.ndarray, probability: np.ndarray) -> float:
        return self.slices.accuracy(*slices_of(self.members, rows, probability))


def _in_context(settings: Mapping[str, Any]) -> bool:
    return settings.get("labels") == "slice"


def _of_slices(head: Head) -> Head:
    if head.slice_logits is None:
        raise ValueError("the head has one result a scan, and none a slice")
    return replace(head, logits=head.slice_logits)


def _as_held_out(fit: Fit, rows: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Return the probabilities of rows in the order in which a fit holds them out."""
    order = np.argsort(rows)
    if not np.array_equal(rows[order], np.sort(fit.held_out)):
        raise ValueError("a fit holds out slices of a scan that it learns from")
    return probability[order][np.argsort(np.argsort(fit.held_out))]
