"""Training of the final linear layer on cached features."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch.nn import functional
from torch.optim.adamw import adamw

from ctseq.errors import InputError
from ctseq.schedule import learning_rate_share


@dataclass(frozen=True)
class Head:
    """A linear layer from features to the two classes (no hemorrhage, hemorrhage).

    Attributes
    ----------
    weight
        float32, shape (2, features).
    bias
        float32, shape (2,).
    """

    weight: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class Rows:
    """Features with their labels.

    Attributes
    ----------
    features
        float32, shape (rows, features).
    labels
        0 or 1, shape (rows,).
    """

    features: np.ndarray
    labels: np.ndarray


def initial_head(n_features: int, *, std: float, seed: list[int]) -> Head:
    """Draw a new head: normal weights, zero bias, as transformers initialises classifiers."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    weight = rng.normal(0.0, std, (2, n_features)).astype(np.float32)
    return Head(weight, np.zeros(2, np.float32))


def train_head(
    train: Rows,
    validation: Rows,
    *,
    head: Head,
    settings: Mapping[str, float],
    seed: list[int],
) -> tuple[Head, pd.DataFrame]:
    """Train a head with AdamW and keep its best epoch.

    The recipe is that of the paper's program: cross-entropy, a learning rate that rises over the
    warm-up steps and then falls linearly to zero at the last step, and early stopping on
    validation accuracy. The first of equally good epochs is kept.

    Parameters
    ----------
    train, validation
        Rows to learn from and to choose the epoch on.
    head
        Where training starts.
    settings
        ``learning_rate``, ``weight_decay``, ``batch_size``, ``epochs``, ``warmup_steps``,
        ``patience``: the section `training` of the configuration.
    seed
        Seed of the batch order.

    Returns
    -------
    head
        The weights after the best epoch.
    history
        One row an epoch: `tables.HISTORY`.

    Raises
    ------
    InputError
        If training diverges: the loss is no longer a number.
    """
    torch.set_num_threads(1)  # so small that threads cost more than they give; and one result
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    x, y = _tensors(train)
    layer = [torch.tensor(values, requires_grad=True) for values in (head.weight, head.bias)]
    optimizer = _AdamW(layer, weight_decay=settings["weight_decay"])
    schedule = {
        "warmup_steps": settings["warmup_steps"],
        "n_steps": -(-len(y) // settings["batch_size"]) * settings["epochs"],
    }
    best, best_epoch, step, history = head, 0, 0, []
    for epoch in range(1, settings["epochs"] + 1):
        losses = 0.0
        for rows in _batches(rng.permutation(len(y)), settings["batch_size"]):
            loss = functional.cross_entropy(functional.linear(x[rows], *layer), y[rows])
            share = learning_rate_share(step, **schedule)
            optimizer.step(loss, settings["learning_rate"] * share)
            step += 1
            losses += loss.item() * len(rows)
        loss, accuracy = _assess(layer, validation)
        if not np.isfinite(losses) or not np.isfinite(loss):
            raise InputError(
                f"Training diverged in epoch {epoch}: the loss is no longer a number. Lower "
                f"training.learning_rate (now {settings['learning_rate']})."
            )
        rate = settings["learning_rate"] * learning_rate_share(step, **schedule)
        history.append((epoch, losses / len(y), loss, accuracy, rate))
        if best_epoch == 0 or accuracy > history[best_epoch - 1][3]:
            best, best_epoch = _snapshot(layer), epoch
        elif epoch - best_epoch >= settings["patience"]:
            break
    table = pd.DataFrame(
        history,
        columns=["epoch", "train_loss", "validation_loss", "validation_accuracy", "learning_rate"],
    )
    return best, table.assign(
        kept=(table["epoch"] == best_epoch).astype(int),
        peak_rate=settings["learning_rate"],
        images_per_second=np.nan,
    )


class _AdamW:
    """PyTorch's AdamW through its functional form.

    The class `torch.optim.AdamW` imports PyTorch's compiler on first use, which takes longer than
    training a head.
    """

    def __init__(self, parameters: list[torch.Tensor], *, weight_decay: float) -> None:
        self.parameters, self.weight_decay = parameters, weight_decay
        self.moments = [[torch.zeros_like(p) for p in parameters] for _ in range(2)]
        self.steps = [torch.zeros(()) for _ in parameters]

    def step(self, loss: torch.Tensor, rate: float) -> None:
        """Move the parameters against the gradient of `loss`."""
        gradients = torch.autograd.grad(loss, self.parameters)
        with torch.no_grad():
            adamw(
                self.parameters,
                list(gradients),
                *self.moments,
                [],
                self.steps,
                fused=True,
                amsgrad=False,
                beta1=0.9,
                beta2=0.999,
                lr=rate,
                weight_decay=self.weight_decay,
                eps=1e-8,
                maximize=False,
            )


def _tensors(rows: Rows) -> tuple[torch.Tensor, torch.Tensor]:
    features = np.ascontiguousarray(rows.features, np.float32)
    return torch.from_numpy(features), torch.from_numpy(rows.labels.astype(np.int64))


def _batches(order: np.ndarray, size: int) -> list[torch.Tensor]:
    return [torch.from_numpy(order[start : start + size]) for start in range(0, len(order), size)]


@torch.no_grad()
def _assess(layer: list[torch.Tensor], rows: Rows) -> tuple[float, float]:
    x, y = _tensors(rows)
    logits = functional.linear(x, *layer)
    accuracy = (logits.argmax(1) == y).double().mean().item()
    return functional.cross_entropy(logits, y).item(), accuracy


def _snapshot(layer: list[torch.Tensor]) -> Head:
    return Head(*(values.detach().numpy().copy() for values in layer))
