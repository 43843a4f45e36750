"""The loss of each row that a model learns from."""

import numpy as np
import torch
from torch.nn import functional

LOSSES = ("cross_entropy", "weighted", "focal")


def class_weights(labels: np.ndarray) -> np.ndarray:
    """Weigh the classes such that both count the same, and a row 1 on average.

    Parameters
    ----------
    labels
        0 or 1, shape (rows,): the rows that are learned from.

    Returns
    -------
    ndarray
        float32, shape (2,): rows / (classes * rows of the class). A class without rows has
        weight 0.
    """
    counts = np.bincount(labels, minlength=2)
    weights = np.zeros(2, np.float32)
    there = counts > 0
    weights[there] = len(labels) / (there.sum() * counts[there])
    return weights


def row_loss(
    logits: torch.Tensor,
    labels: torch.Tensor,
    *,
    kind: str,
    class_weights: torch.Tensor | None = None,
    gamma: float = 2.0,
) -> torch.Tensor:
    """Give the loss of each row, in float32 whatever the logits are.

    Parameters
    ----------
    logits
        Shape (..., 2).
    labels
        0 or 1, shape (...).
    kind
        ``cross_entropy``; ``weighted``, the same times the weight of the row's class; or
        ``focal``, which plays down rows that are called right already: -(1 - p)^gamma log(p) for
        a row that is given its class with probability p (Lin et al., Focal loss for dense object
        detection, ICCV 2017).
    class_weights
        For ``weighted``: shape (2,).
    gamma
        For ``focal``: 0 is cross-entropy.

    Returns
    -------
    Tensor
        Shape (...).
    """
    if kind not in LOSSES:
        raise ValueError(f"unknown loss {kind!r}")
    flat = logits.flatten(0, -2).float(), labels.flatten()
    weight = class_weights if kind == "weighted" else None
    loss = functional.cross_entropy(*flat, weight=weight, reduction="none").view(labels.shape)
    if kind == "focal":
        # 1 - p without the cancellation that p near 1 would bring.
        loss = (-torch.expm1(-loss)) ** gamma * loss
    return loss
