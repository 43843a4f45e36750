"""Ensembles: the mean of members' probabilities, and a logistic regression on their logits."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import logit

from ctseq.families.contract import Fitted, Learned, Predicted
from ctseq.families.heads import LINEAR
from ctseq.families.inputs import Inputs
from ctseq.families.trained.exact import solve_head
from ctseq.families.trained.training import predict_fitted
from ctseq.replicates.tasks import Task

# Of the second level, whose scans all count the same: members have learned from weighed classes
# where a study weighs them, and this brings their probabilities back to one scale.
_SECOND_LEVEL = {"solver": "exact", "loss": "cross_entropy"}


def fit(
    inputs: Inputs, task: Task, settings: Mapping[str, Any], *, seed: int, replicate: int
) -> Learned:
    """Learn how members' probabilities are combined; see `contract.FamilyModule`.

    A row of `inputs` is a scan, with a probability a member. A mean learns nothing. Stacking
    (Wolpert 1992) is a logistic regression with an L2 penalty, whose strength the inner folds of
    the task choose, on logits in which no probability is nearer to 0 or 1 than one scan more of the
    other class would let it be.
    """
    if settings["family"] == "average":
        held_out = [_means(inputs.vectors[own.held_out]) for own in task.inner]
        return Learned(Fitted(settings), held_out, {})
    bound = 1 / (len(task.outer.train) + 2)
    logits = replace(inputs, vectors=_logits(inputs.vectors, bound))
    learned = solve_head(logits, task, {"training": _SECOND_LEVEL})
    fitted = replace(learned.fitted, settings=settings, facts={"bound": bound})
    return replace(learned, fitted=fitted)


def predict(fitted: Fitted, inputs: Inputs) -> Predicted:
    """Predict scans from their members' probabilities."""
    if fitted.family == "average":
        return Predicted(_means(inputs.vectors))
    logits = replace(inputs, vectors=_logits(inputs.vectors, fitted.facts["bound"]))
    return Predicted(predict_fitted(LINEAR, fitted, logits))


def _means(probabilities: np.ndarray) -> np.ndarray:
    # As precise as members' own, so that equal ones are their own mean to the last digit.
    return probabilities.mean(axis=1).astype(np.float32)


def _logits(probabilities: np.ndarray, bound: float) -> np.ndarray:
    return logit(np.clip(probabilities, bound, 1 - bound)).astype(np.float32)
