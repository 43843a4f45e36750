"""Training of heads on cached features: many side by side, each as if it were alone."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch

from ctseq.cache.row_arrays import Rows
from ctseq.core.errors import InputError
from ctseq.core.progress import progress
from ctseq.families.heads import Head
from ctseq.families.losses import class_weights, row_losses
from ctseq.families.optimiser import AdamW, learning_rate_share
from ctseq.families.sampling import epoch_order
from ctseq.families.ties import improves
from ctseq.replicates.aggregation import Scans
from ctseq.replicates.tasks import Fit

# Numbers that are scored at a time, 16 MiB in double precision: 2,700 rows of the usual 768.
_SCORED = 2**21


@dataclass(frozen=True)
class Examples:
    """What heads learn from.

    `labels` are 0 or 1, shape (rows,). `inputs` are what the head's `logits` takes, an entry a row:
    arrays, or anything that an array of row indices selects from as from arrays, so that memory
    holds only a batch of mapped files. `scans` has the scan of each row that may be held out.
    """

    inputs: Sequence[Rows]
    labels: np.ndarray
    scans: Scans


@dataclass
class Candidate:
    """The trainings at one learning rate, one a fit.

    Attributes
    ----------
    rate
        Peak learning rate.
    history
        A row an epoch: epoch, train_loss, tuning_loss, tuning_accuracy, learning_rate.
        Losses are means over the rows of all fits together, the accuracy that of their scans.
    epoch
        The epoch that is kept: the first best, or the last if the fits hold out no rows.
    parameters
        The head of each fit after that epoch.
    probabilities
        Probabilities of the rows that each fit held out, after that epoch, shape (rows,).
    score
        The higher, the better that epoch; minus infinity if training diverged then or later.
    """

    rate: float
    history: list[tuple[float, ...]] = field(default_factory=list)
    epoch: int = 0
    parameters: list[dict[str, np.ndarray]] = field(default_factory=list)
    probabilities: list[np.ndarray] = field(default_factory=list)
    score: float = -np.inf

    def table(self) -> pd.DataFrame:
        """Return the history as a table in which the kept epoch is marked."""
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
    """Train a head at every learning rate on every fit, all side by side: a candidate a rate.

    The recipe is that of the paper's program: AdamW, a learning rate that rises over the warm-up
    steps and then falls linearly to zero at the last step, and early stopping. The first of
    equally good epochs is kept (`ties`).

    Parameters
    ----------
    head, examples
        The kind of head, and the rows of all fits.
    fits
        Rows to learn from, and held-out rows to choose the epoch on. If there are none of the
        latter, the last epoch is kept.
    initial
        Parameters that each training starts from.
    rates
        Peak learning rates.
    settings
        The section `training` of the configuration.
    by
        What makes an epoch better: a higher ``accuracy`` of held-out scans, or a lower ``loss`` of
        held-out rows.
    seed
        Seed of the order of rows, extended by the index of the fit.
    epochs
        Number of epochs to stop after; the learning rate still falls as for all of them.

    Raises
    ------
    InputError
        If training diverges at every rate: the loss is no longer a number.
    """
    torch.set_num_threads(1)  # faster for heads, and independent of the number of cores
    grid = _Grid(head, examples, fits, initial, rates, settings, seed)
    candidates = [Candidate(rate) for rate in rates]
    going = list(range(len(rates)))
    epochs = epochs or settings["epochs"]
    for epoch in progress(range(1, epochs + 1), total=epochs, unit="epochs at most"):
        grid.learn(going)
        for number in going:
            grid.evaluate(candidates[number], number, epoch, by)
        going = [
            number
            for number in going
            if candidates[number].score > -np.inf
            and epoch - candidates[number].epoch < settings["patience"]
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
    """Return the probability of the target of some rows, in double precision, shape (rows,)."""
    torch.set_num_threads(1)
    stack = {name: torch.from_numpy(value)[None].double() for name, value in parameters.items()}
    size = max(1, _SCORED // max(math.prod(values.shape[1:]) for values in inputs))
    found = [np.empty(0)]
    for start in range(0, len(rows), size):
        selected = _select(inputs, rows[None, start : start + size])
        wide = [values.double() if values.is_floating_point() else values for values in selected]
        found.append(torch.softmax(head.logits(stack, wide)[0], dim=-1)[:, 1].numpy())
    return np.concatenate(found)


class _Grid:
    """Trainings at every rate on every fit: first those at the first rate, one a fit, and so on."""

    def __init__(self, head, examples, fits, initial, rates, settings, seed) -> None:
        self.head, self.examples, self.settings = head, examples, settings
        self.labels = torch.from_numpy(examples.labels.astype(np.int64))
        self.n_fits = len(fits)
        # Of each training:
        self.fits = [*fits] * len(rates)
        self.rates = np.repeat(rates, len(fits))
        self.trained = [examples.labels[fit.train] for fit in self.fits]
        self.class_weights = [class_weights(labels, settings) for labels in self.trained]
        numbers = [*range(len(fits))] * len(rates)
        self.rngs = [np.random.default_rng([*seed, number]) for number in numbers]
        self.parameters = {
            name: torch.from_numpy(value).expand(len(self.rates), *value.shape).clone()
            for name, value in initial.items()
        }
        self.optimiser = AdamW(self.parameters, weight_decay=settings["weight_decay"])
        self.losses = np.zeros(len(self.rates))

    def learn(self, candidates: Sequence[int]) -> None:
        """Take all trainings of some candidates through one epoch, each step in one computation."""
        trainings = np.concatenate([self._trainings(number) for number in candidates])
        batches = {training: self._batches(training) for training in trainings}
        self.losses[trainings] = 0.0
        for step in range(max(map(len, batches.values()))):
            going = [training for training in trainings if step < len(batches[training])]
            self._step(going, [batches[training][step] for training in going])

    def _step(self, trainings: Sequence[int], batches: Sequence[np.ndarray]) -> None:
        rows, weights = self._padded(trainings, batches)
        of = slice(None) if len(trainings) == len(self.rates) else trainings
        parameters = {
            name: values[of].detach().requires_grad_() for name, values in self.parameters.items()
        }
        logits = self.head.logits(parameters, _select(self.examples.inputs, rows))
        losses = row_losses(logits, self.labels[rows], self.settings)
        means = (losses * weights).sum(1) / weights.sum(1)
        gradients = torch.autograd.grad(means.sum(), list(parameters.values()))
        rates = np.array([self._rate(training) for training in trainings])
        self.optimiser.step(dict(zip(parameters, gradients, strict=True)), of=of, rates=rates)
        self.losses[trainings] += means.detach().numpy() * [len(batch) for batch in batches]

    def _padded(self, trainings, batches) -> tuple[np.ndarray, torch.Tensor]:
        """Return rows and their weights, (trainings, rows); shorter batches end in weights of 0."""
        shape = (len(batches), max(map(len, batches)))
        rows, weights = np.zeros(shape, np.int64), np.zeros(shape, np.float32)
        for index, (training, batch) in enumerate(zip(trainings, batches, strict=True)):
            rows[index, : len(batch)] = batch
            labels = self.examples.labels[batch]
            weights[index, : len(batch)] = self.class_weights[training][labels]
        return rows, torch.from_numpy(weights)

    @torch.no_grad()
    def evaluate(self, candidate: Candidate, number: int, epoch: int, by: str) -> None:
        """Add an epoch to a candidate's history, and keep it if it is the best so far."""
        trainings = self._trainings(number)
        heads = [self._head(training) for training in trainings]
        held_out = [self.fits[training].held_out for training in trainings]
        found = [
            predict(self.head, own, self.examples.inputs, rows)
            for own, rows in zip(heads, held_out, strict=True)
        ]
        rows, probability = np.concatenate(held_out), np.concatenate(found)
        loss = accuracy = np.nan
        if len(rows):
            truth = self.examples.labels[rows]
            of_truth = np.where(truth == 1, probability, 1 - probability)
            loss = -np.log(np.clip(of_truth, 1e-12, None)).mean()
            accuracy = self.examples.scans[rows].accuracy(probability)
        train_loss = self.losses[trainings].sum() / sum(len(self.trained[t]) for t in trainings)
        candidate.history.append((epoch, train_loss, loss, accuracy, self._rate(trainings[0])))
        score = {"accuracy": accuracy, "loss": -loss}[by] if len(rows) else epoch
        if not np.isfinite(train_loss):
            candidate.score = -np.inf
        elif improves(score, candidate.score):
            candidate.score, candidate.epoch = score, epoch
            candidate.parameters, candidate.probabilities = heads, found

    def _trainings(self, candidate: int) -> np.ndarray:
        return candidate * self.n_fits + np.arange(self.n_fits)

    def _batches(self, training: int) -> list[np.ndarray]:
        """Draw the rows of one epoch of a training, batch by batch."""
        balanced = self.settings["sampling"] == "balanced"
        order = epoch_order(self.trained[training], balanced=balanced, rng=self.rngs[training])
        size = self.settings["batch_size"]
        rows = self.fits[training].train[order]
        return [rows[start : start + size] for start in range(0, len(rows), size)]

    def _rate(self, training: int) -> float:
        """Return the learning rate of a training's next step."""
        n_steps = -(-len(self.trained[training]) // self.settings["batch_size"])
        n_steps *= self.settings["epochs"]
        warmup = self.settings["warmup_steps"]
        step = self.optimiser.steps[training]
        share = learning_rate_share(step, warmup_steps=warmup, n_steps=n_steps)
        return self.rates[training] * share

    def _head(self, training: int) -> dict[str, np.ndarray]:
        return {name: values[training].numpy().copy() for name, values in self.parameters.items()}


def _select(inputs: Sequence[Rows], rows: np.ndarray) -> list[torch.Tensor]:
    return [torch.from_numpy(values[rows]) for values in inputs]
