"""Linear heads that are solved: logistic regression whose strength inner folds choose."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import expit

from ctseq.families.contract import Fitted, Learned
from ctseq.families.inputs import Inputs
from ctseq.families.losses import class_weights
from ctseq.families.ties import first_best
from ctseq.families.trained.logistic import Solution, solve
from ctseq.families.trained.standardise import learn_standards, standardised
from ctseq.replicates.tasks import Fit, Task

# Powers of ten and their half steps. At the first, the probabilities of fifty scans are all but the
# share of positive ones, whatever their features; at the last, the weights separate the classes.
STRENGTHS = tuple(10.0 ** (half / 2) for half in range(-12, 5))


def solve_head(inputs: Inputs, task: Task, settings: Mapping[str, Any]) -> Learned:
    """Choose the strength of a logistic regression by inner folds, and solve it for all rows.

    Every fit learns from features that its own training rows standardise. Taken is the strength
    with the lowest log loss over all held-out rows, of equally good ones (`ties`) the smallest; the
    loss ``weighted`` weighs held-out rows as it does those of training. Nothing is random.
    Parameters are those of `contract.FamilyModule.fit`; the task has inner fits.
    """
    training, found = settings["training"], []
    for fit in task.inner:
        learned, solutions = _solved(inputs, task, fit, training, STRENGTHS)
        rows = standardised(inputs.vectors[fit.held_out], learned)
        found.append(np.stack([expit(rows @ weight + bias) for weight, bias in solutions]))
    truth = np.concatenate([task.labels[fit.held_out] for fit in task.inner])
    counts = class_weights(task.labels[task.outer.train], training)[truth]
    together = np.concatenate(found, axis=1)
    of_truth = np.where(truth == 1, together, 1 - together)
    losses = -np.log(np.clip(of_truth, 1e-12, None)) @ counts / counts.sum()
    number = first_best(-losses)
    strength = STRENGTHS[number]
    learned, [(weight, bias)] = _solved(inputs, task, task.outer, training, [strength])
    # As the logits of two classes, which is the form of every linear layer.
    layer = {"weight": np.stack([-weight, weight]) / 2, "bias": np.array([-bias, bias]) / 2}
    layer = {name: values.astype(np.float32) for name, values in layer.items()}
    held_out = [probabilities[number] for probabilities in found]
    return Learned(Fitted(settings, arrays=layer | learned), held_out, {"C": strength})


def _solved(
    inputs: Inputs,
    task: Task,
    fit: Fit,
    training: Mapping[str, Any],
    strengths: Sequence[float],
) -> tuple[dict[str, np.ndarray], list[Solution]]:
    """Return what standardises the rows of a fit, and their solution at each strength."""
    learned = learn_standards(inputs.vectors, fit.train, standardise=True, components=None)
    labels = task.labels[fit.train]
    counts = class_weights(labels, training)[labels].astype(float)
    rows = standardised(inputs.vectors[fit.train], learned)
    return learned, solve(rows, labels, counts, strengths)
