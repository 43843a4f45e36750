"""Linear heads that are solved: logistic regression whose strength inner folds choose."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import expit

from ctseq.families.contract import Fitted, Learned
from ctseq.families.inputs import Inputs
from ctseq.families.losses import class_weights
from ctseq.families.ties import first_best
from ctseq.families.trained.logistic import Solution, rotation, solve
from ctseq.families.trained.standardise import learn_standards, standardised
from ctseq.replicates.tasks import Fit, Task

# Powers of ten and their half steps. At the first, fifty scans all but have the share of positive
# ones whatever their features; at the last, the weights that separate them.
STRENGTHS = tuple(10.0 ** (half / 2) for half in range(-12, 5))


def solve_head(inputs: Inputs, task: Task, settings: Mapping[str, Any]) -> Learned:
    """Choose the strength of a logistic regression by inner folds, and solve it for all rows.

    Every fit learns from features that its own training rows standardise. Kept is the first
    strength, from the strongest penalty on, with the lowest log loss over all held-out rows, which
    the loss ``weighted`` counts as it does in training. Nothing is random. Parameters are those of
    `contract.FamilyModule.fit`.
    """
    fits = _Fits(inputs, task, settings["training"])
    found = [fits.held_out(fit) for fit in task.inner]
    truth = np.concatenate([task.labels[fit.held_out] for fit in task.inner])
    counts = class_weights(task.labels[task.outer.train], settings["training"])[truth]
    together = np.concatenate(found, axis=1)
    of_truth = np.where(truth == 1, together, 1 - together)
    losses = -np.log(np.clip(of_truth, 1e-12, None)) @ counts / counts.sum()
    number = first_best(-losses)
    learned, [(weight, bias)] = fits.solved(task.outer, STRENGTHS[number : number + 1])
    if fits.basis is not None:
        weight = fits.basis @ weight
    # As the logits of two classes, which is the form of every linear layer.
    layer = {"weight": np.stack([-weight, weight]) / 2, "bias": np.array([-bias, bias]) / 2}
    layer = {name: values.astype(np.float32) for name, values in layer.items()}
    held_out = [probabilities[number] for probabilities in found]
    return Learned(Fitted(settings, arrays=layer | learned), held_out, {"C": STRENGTHS[number]})


class _Fits:
    """The fits of a task, one at a time: memory holds the rows of one."""

    def __init__(self, inputs: Inputs, task: Task, training: Mapping[str, Any]) -> None:
        self.vectors, self.labels, self.training = inputs.vectors, task.labels, training
        rows = task.outer.train
        self.basis = rotation(standardised(self.vectors[rows], self._learned(task.outer)))

    def solved(
        self, fit: Fit, strengths: Sequence[float]
    ) -> tuple[dict[str, np.ndarray], list[Solution]]:
        """Return what standardises the rows of a fit, and its solutions in the basis."""
        learned, labels = self._learned(fit), self.labels[fit.train]
        counts = class_weights(labels, self.training)[labels].astype(float)
        rows = self._rows(fit.train, learned)
        return learned, solve(rows, labels, counts, strengths)

    def held_out(self, fit: Fit) -> np.ndarray:
        """Return the probabilities of held-out rows at all strengths, (strengths, rows)."""
        learned, solutions = self.solved(fit, STRENGTHS)
        rows = self._rows(fit.held_out, learned)
        return np.stack([expit(rows @ weight + bias) for weight, bias in solutions])

    def _learned(self, fit: Fit) -> dict[str, np.ndarray]:
        return learn_standards(self.vectors, fit.train, standardise=True, components=None)

    def _rows(self, numbers: np.ndarray, learned: Mapping[str, np.ndarray]) -> np.ndarray:
        rows = standardised(self.vectors[numbers], learned)
        return rows if self.basis is None else rows @ self.basis
