"""Training of heads on cached features: many at once, each as if it were alone."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.optim.adamw import adamw

from ctseq.cache.row_arrays import Rows
from ctseq.core.errors import InputError
from ctseq.core.progress import progress
from ctseq.families.heads import Head
from ctseq.families.losses import class_weights, row_loss
from ctseq.families.sampling import epoch_order
from ctseq.families.schedule import learning_rate_share
from ctseq.replicates.fits import Fit

# Numbers that are scored at a time, 16 MiB in double precision: 2,700 rows of the usual 768.
_SCORED = 2**21


@dataclass(frozen=True)
class Examples:
    """What heads learn from.

    Attributes
    ----------
    inputs
        What the head's `logits` takes, with one entry a row: arrays, or what is indexed by an
        array of rows as arrays are, so that memory holds a batch of what is mapped from files.
    labels
        0 or 1, shape (rows,).
    """

    inputs: Sequence[Rows]
    labels: np.ndarray


@dataclass
class Candidate:
    """One learning rate over all fits, as it went.

    Attributes
    ----------
    rate
        Peak learning rate.
    history
        A row an epoch: epoch, train_loss, tuning_loss, tuning_accuracy, learning_rate.
        Losses and accuracies are over all fits' rows together.
    epoch
        The epoch that is kept: the first best, or the last where nothing judges.
    parameters
        A set a fit, after that epoch.
    probabilities
        Of each fit's held-out rows after that epoch, shape (rows,).
    score
        How good that epoch is, more being better; minus infinity if training diverged, then or
        later.
    """

    rate: float
    history: list[tuple[float, ...]] = field(default_factory=list)
    epoch: int = 0
    parameters: list[dict[str, np.ndarray]] = field(default_factory=list)
    probabilities: list[np.ndarray] = field(default_factory=list)
    score: float = -np.inf

    def table(self) -> pd.DataFrame:
        """Give the history with the kept epoch marked."""
        names = ["epoch", "train_loss", "tuning_loss", "tuning_accuracy", "learning_rate"]
        rows = pd.DataFrame(self.history, columns=names).astype({"epoch": int})
        return rows.assign(kept=(rows["epoch"] == self.epoch).astype(int), peak_rate=self.rate)


def train(
    head: Head,
    examples: Examples,
    fits: Sequence[Fit],
    *,
    initial: Mapping[str, np.ndarray],
    rates: Sequence[float],
    settings: Mapping[str, Any],
    by: str,
    seed: Sequence[int],
    epochs: int | None = None,
) -> list[Candidate]:
    """Train a head at every learning rate on every fit, all side by side.

    The recipe is that of the paper's program: AdamW, a learning rate that rises over the warm-up
    steps and then falls linearly to zero at the last step, and early stopping. The first of
    equally good epochs is kept.

    Parameters
    ----------
    head
        What is trained.
    examples
        Rows of all fits.
    fits
        Which rows each learns from and is judged by; judged by none, the last epoch is kept.
    initial
        Parameters that each starts from.
    rates
        Peak learning rates.
    settings
        The section `training` of the configuration.
    by
        What says that an epoch is better: ``accuracy`` (more of it) or ``loss`` (less of it).
    seed
        Seed of the batch order; each fit adds its number.
    epochs
        Stop after so many; the learning rate falls as for all.

    Returns
    -------
    list of Candidate
        One a rate.

    Raises
    ------
    InputError
        If training diverges at every rate: the loss is no longer a number.
    """
    torch.set_num_threads(1)  # so small that threads cost more than they give; and one result
    inputs = examples.inputs
    labels = torch.from_numpy(examples.labels.astype(np.int64))

    def start(rate: float) -> list[_Run]:
        numbered = enumerate(fits)
        return [
            _Run(fit, examples.labels, initial, rate, settings, [*seed, n]) for n, fit in numbered
        ]

    candidates = [Candidate(rate) for rate in rates]
    runs = [start(rate) for rate in rates]
    going = list(zip(candidates, runs, strict=True))
    epochs = epochs or settings["epochs"]
    for epoch in progress(range(1, epochs + 1), total=epochs, unit="epochs at most"):
        _epoch(head, inputs, labels, [run for _, own in going for run in own], settings)
        for candidate, own in going:
            _judge(candidate, own, epoch, head, inputs, labels, by)
        going = [
            (candidate, own)
            for candidate, own in going
            if candidate.score > -np.inf and epoch - candidate.epoch < settings["patience"]
        ]
        if not going:
            break
    if all(candidate.score == -np.inf for candidate in candidates):
        raise InputError(
            "Training diverged: the loss is no longer a number. Lower training.learning_rate (now "
            f"{', '.join(map(str, rates))})."
        )
    return candidates


@torch.no_grad()
def predict(
    head: Head, parameters: Mapping[str, np.ndarray], inputs: Sequence[Rows], rows: np.ndarray
) -> np.ndarray:
    """Give the probability of hemorrhage of some rows, in double precision, shape (rows,)."""
    stack = {name: torch.from_numpy(value)[None].double() for name, value in parameters.items()}
    return _probabilities(head, stack, inputs, rows)


class _Run:
    """One training in progress: its parameters and optimiser, its own random order."""

    def __init__(self, fit, labels, initial, rate, settings, seed) -> None:
        self.fit, self.rate, self.settings = fit, rate, settings
        self.labels = labels[fit.train]
        weighted = settings["loss"] == "weighted"
        self.weights = (class_weights(self.labels) if weighted else np.ones(2, "f4"))[labels]
        self.rng = np.random.default_rng(np.random.SeedSequence(seed))
        self.parameters = {
            name: torch.tensor(value, requires_grad=True) for name, value in initial.items()
        }
        self.moments = [[torch.zeros_like(p) for p in self.parameters.values()] for _ in range(2)]
        self.steps = [torch.zeros(()) for _ in self.parameters]
        self.n_steps = -(-len(fit.train) // settings["batch_size"]) * settings["epochs"]
        self.step, self.loss = 0, 0.0

    @property
    def current_rate(self) -> float:
        warmup = self.settings["warmup_steps"]
        return self.rate * learning_rate_share(self.step, warmup_steps=warmup, n_steps=self.n_steps)

    def batches(self) -> list[np.ndarray]:
        order = epoch_order(self.labels, how=self.settings["sampling"], rng=self.rng)
        size = self.settings["batch_size"]
        return [self.fit.train[order[at : at + size]] for at in range(0, len(order), size)]

    def descend(self, gradients: Sequence[torch.Tensor]) -> None:
        """Move the parameters against their gradients.

        PyTorch's AdamW in its functional form: the class `torch.optim.AdamW` imports PyTorch's
        compiler on first use, which takes longer than training a head.
        """
        with torch.no_grad():
            adamw(
                list(self.parameters.values()),
                # The fused kernel reads memory in its order, whatever a gradient's strides are.
                [gradient.contiguous() for gradient in gradients],
                *self.moments,
                [],
                self.steps,
                fused=True,
                amsgrad=False,
                beta1=0.9,
                beta2=0.999,
                lr=self.current_rate,
                weight_decay=self.settings["weight_decay"],
                eps=1e-8,
                maximize=False,
            )
        self.step += 1

    def snapshot(self) -> dict[str, np.ndarray]:
        return {name: p.detach().numpy().copy() for name, p in self.parameters.items()}


def _epoch(head, inputs, labels, runs, settings) -> None:
    """Take every run through its rows once; a step of all runs is one computation."""
    orders = [run.batches() for run in runs]
    for run in runs:
        run.loss = 0.0
    for step in range(max(map(len, orders))):
        going = [(run, order[step]) for run, order in zip(runs, orders, strict=True)
                 if step < len(order)]  # fmt: skip
        rows, weight = _padded(going)
        stacked = {
            name: torch.stack([run.parameters[name] for run, _ in going])
            for name in runs[0].parameters
        }
        logits = head.logits(stacked, _gathered(inputs, rows))
        losses = row_loss(
            logits, labels[rows], kind=settings["loss"], gamma=settings["focal_gamma"]
        )
        means = (losses * weight).sum(1) / weight.sum(1)
        flat = [p for run, _ in going for p in run.parameters.values()]
        gradients = torch.autograd.grad(means.sum(), flat)
        size = len(runs[0].parameters)
        for position, ((run, batch), mean) in enumerate(zip(going, means.tolist(), strict=True)):
            run.descend(gradients[position * size : (position + 1) * size])
            run.loss += mean * len(batch)


def _gathered(inputs, rows) -> list[torch.Tensor]:
    return [torch.from_numpy(values[rows]) for values in inputs]


def _padded(going) -> tuple[np.ndarray, torch.Tensor]:
    """Give rows and their weights, (runs, rows); what fills up a shorter batch weighs nothing."""
    shape = (len(going), max(len(batch) for _, batch in going))
    rows, weight = np.zeros(shape, np.int64), np.zeros(shape, np.float32)
    for position, (run, batch) in enumerate(going):
        rows[position, : len(batch)] = batch
        weight[position, : len(batch)] = run.weights[batch]
    return rows, torch.from_numpy(weight)


@torch.no_grad()
def _judge(candidate, runs, epoch, head, inputs, labels, by) -> None:
    """Write down how an epoch went and keep it if it is the best so far."""
    losses, right, found = 0.0, 0.0, []
    for run in runs:
        stack = {name: p.detach()[None].double() for name, p in run.parameters.items()}
        found.append(_probabilities(head, stack, inputs, run.fit.held_out))
        truth = labels.numpy()[run.fit.held_out]
        of_truth = np.where(truth == 1, found[-1], 1 - found[-1])
        losses -= np.log(np.clip(of_truth, 1e-12, None)).sum()
        right += (of_truth > 0.5).sum()
    n_train = sum(len(run.fit.train) for run in runs)
    n_held_out = sum(map(len, found))
    train_loss = sum(run.loss for run in runs) / n_train
    loss, accuracy = (value / n_held_out if n_held_out else np.nan for value in (losses, right))
    candidate.history.append((epoch, train_loss, loss, accuracy, runs[0].current_rate))
    score = {"accuracy": accuracy, "loss": -loss}[by] if n_held_out else epoch
    if not np.isfinite(train_loss):
        candidate.score = -np.inf
    elif score > candidate.score:
        candidate.score, candidate.epoch = score, epoch
        candidate.parameters = [run.snapshot() for run in runs]
        candidate.probabilities = found


def _probabilities(head, stack, inputs, rows) -> np.ndarray:
    size = max(1, _SCORED // max(math.prod(values.shape[1:]) for values in inputs))
    found = [np.empty(0)]
    for at in range(0, len(rows), size):
        gathered = _gathered(inputs, rows[None, at : at + size])
        wide = [values.double() if values.is_floating_point() else values for values in gathered]
        found.append(torch.softmax(head.logits(stack, wide)[0], dim=-1)[:, 1].numpy())
    return np.concatenate(found)
