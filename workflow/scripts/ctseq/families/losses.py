"""The loss of each row that a model learns from, and its weight in the mean of a batch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.nn import functional


def class_weights(labels: np.ndarray, settings: Mapping[str, Any]) -> np.ndarray:
    """Return how much a row of either class counts in the mean of a batch, float32, shape (2,).

    The loss ``weighted`` makes both classes count the same, and a row 1 on average: rows / (classes
    * rows of the class), or 0 for a class without rows. By any other loss, every row counts 1.
    `labels` are 0 or 1, shape (rows,), of all rows that are learned from.
    """
    if settings["loss"] != "weighted":
        return np.ones(2, np.float32)
    counts = np.bincount(labels, minlength=2)
    weights = np.zeros(2, np.float32)
    present = counts > 0
    weights[present] = len(labels) / (present.sum() * counts[present])
    return weights


def row_losses(
    logits: torch.Tensor, labels: torch.Tensor, settings: Mapping[str, Any]
) -> torch.Tensor:
    """Return the unweighted loss of each row, in float32 whatever the logits are.

    The loss ``focal`` is -(1 - p)^focal_gamma log(p) for a row whose class has probability p, which
    plays down rows that are right already (Lin et al., Focal loss for dense object detection, ICCV
    2017); any other is cross-entropy. Logits have shape (..., 2), labels and losses (...).
    """
    flat = logits.flatten(0, -2).float(), labels.flatten()
    loss = functional.cross_entropy(*flat, reduction="none").view(labels.shape)
    if settings["loss"] == "focal":
        # 1 - p without the cancellation that p near 1 would bring.
        loss = (-torch.expm1(-loss)) ** settings["focal_gamma"] * loss
    return loss
