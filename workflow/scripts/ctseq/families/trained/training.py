"""Training of heads on cached features: many side by side, each as if it were alone."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ctseq.cache.row_arrays import Rows
from ctseq.families.contract import Fitted
from ctseq.families.heads import Drop, Head
from ctseq.families.inputs import Inputs
from ctseq.families.losses import class_weights, row_losses
from ctseq.families.optimiser import AdamW, learning_rate_share
from ctseq.families.sampling import epoch_order
from ctseq.families.trained.reading import read, seen
from ctseq.families.trained.standardise import NAMES
from ctseq.replicates.tasks import Fit

# Numbers that are scored at a time, 16 MiB in double precision: 2,700 rows of the usual 768.
_SCORED = 2**21


@dataclass(frozen=True)
class Setting:
    """What trainings of one recipe differ in: `training.learning_rate` and so on."""

    rate: float
    weight_decay: float
    dropout: float = 0.0
    size: int | None = None


@dataclass(frozen=True)
class Training:
    """One training.

    Attributes
    ----------
    inputs
        What the head's `logits` takes, an entry a row: arrays, or anything that an array of row
        indices selects from as from arrays, so that memory holds only a batch of mapped files.
    fit
        The rows to learn from, and those that are held out.
    initial
        Parameters to start from.
    setting
        What is chosen from.
    order, chance
        The seeds of the order of rows, and of dropout.
    """

    inputs: Sequence[Rows]
    fit: Fit
    initial: Mapping[str, np.ndarray]
    setting: Setting
    order: Sequence[int]
    chance: Sequence[int]


class SideBySide:
    """Trainings whose heads have the same shapes, in lockstep; they are named by their indices.

    Parameters
    ----------
    head
        The kind of head.
    trainings
        At least one.
    labels
        0 or 1, of all rows, shape (rows,); or of what a row has several of, as of the slices of
        scans, shape (rows, most), where -1 is none.
    settings
        The section `training` of the configuration.
    """

    def __init__(
        self,
        head: Head,
        trainings: Sequence[Training],
        labels: np.ndarray,
        settings: Mapping[str, Any],
    ) -> None:
        # Faster for heads, whose steps are small, and independent of the number of cores.
        torch.set_num_threads(1)
        self.trainings, self._head, self._settings = trainings, head, settings
        self._labels, self._there = labels, labels >= 0
        self._targets = torch.from_numpy(labels.astype(np.int64).clip(0))
        # A row is positive if anything of it is.
        positive = labels.reshape(len(labels), -1).max(1)
        self._trained = [positive[each.fit.train] for each in trainings]
        learned = [labels[each.fit.train] for each in trainings]
        self._class_weights = [class_weights(own[own >= 0], settings) for own in learned]
        self._orders = [np.random.default_rng(each.order) for each in trainings]
        self._chances = [np.random.default_rng(each.chance) for each in trainings]
        self._parameters = {
            name: torch.from_numpy(np.stack([each.initial[name] for each in trainings]))
            for name in trainings[0].initial
        }
        decays = [each.setting.weight_decay for each in trainings]
        paces = {name: 1 / self._parameters[name].shape[-1] for name in head.slow}
        self._optimiser = AdamW(self._parameters, weight_decays=decays, paces=paces)
        # Of each training: its labels, and the sum of their losses in its last epoch.
        self.n_rows = np.array([(own >= 0).sum() for own in learned])
        self.losses = np.zeros(len(trainings))

    def learn(self, trainings: Sequence[int]) -> None:
        """Take some trainings, in ascending order, through one epoch."""
        batches = {training: self._batches(training) for training in trainings}
        self.losses[trainings] = 0.0
        for step in range(max(map(len, batches.values()))):
            going = [training for training in trainings if step < len(batches[training])]
            for block in self._blocks(going):
                self._step(block, [batches[training][step] for training in block])

    def held_out(self, trainings: Sequence[int]) -> list[np.ndarray]:
        """Return the probabilities of the rows that each of some trainings holds out."""
        found: list[np.ndarray] = []
        for block in self._blocks(trainings):
            parameters = {name: own[_span(block)] for name, own in self._parameters.items()}
            inputs = [self.trainings[training].inputs for training in block]
            rows = [self.trainings[training].fit.held_out for training in block]
            found += probabilities(self._head, parameters, inputs, rows)
        return found

    def parameters(self, training: int) -> dict[str, np.ndarray]:
        """Return the head of a training as it is now."""
        return {name: own[training].numpy().copy() for name, own in self._parameters.items()}

    def rate(self, training: int) -> float:
        """Return the learning rate of a training's next step."""
        n_steps = -(-len(self._trained[training]) // self._settings["batch_size"])
        n_steps *= self._settings["epochs"]
        share = learning_rate_share(
            self._optimiser.steps[training],
            warmup_steps=self._settings["warmup_steps"],
            n_steps=n_steps,
        )
        return self.trainings[training].setting.rate * share

    def _blocks(self, trainings: Sequence[int]) -> list[list[int]]:
        """Split trainings into neighbours that are computed together."""
        blocks: list[list[int]] = []
        for training in trainings:
            last = blocks[-1] if blocks else []
            if last and last[-1] == training - 1 and len(last) < self._head.together:
                last.append(training)
            else:
                blocks.append([training])
        return blocks

    def _batches(self, training: int) -> list[np.ndarray]:
        """Draw the rows of one epoch of a training, batch by batch."""
        balanced = self._settings["sampling"] == "balanced"
        rng, size = self._orders[training], self._settings["batch_size"]
        order = epoch_order(self._trained[training], balanced=balanced, rng=rng)
        rows = self.trainings[training].fit.train[order]
        return [rows[start : start + size] for start in range(0, len(rows), size)]

    def _step(self, block: Sequence[int], batches: Sequence[np.ndarray]) -> None:
        of = _span(block)
        parameters = {
            name: own[of].detach().requires_grad_() for name, own in self._parameters.items()
        }
        rows = _padded(batches)
        selected = _select([self.trainings[training].inputs for training in block], rows)
        logits = self._head.logits(parameters, selected, self.drop(block, batches))
        losses = row_losses(logits, self._targets[rows], self._settings)
        if self._head.penalty is not None:
            losses = losses + self._head.penalty(parameters, selected)
        weights = self._weights(block, batches)
        means = (losses * weights).flatten(1).sum(1) / weights.flatten(1).sum(1)
        gradients = torch.autograd.grad(means.sum(), list(parameters.values()))
        rates = np.array([self.rate(training) for training in block])
        self._optimiser.step(dict(zip(parameters, gradients, strict=True)), of=of, rates=rates)
        self.losses[of] += means.detach().numpy() * [self._there[own].sum() for own in batches]

    def _weights(self, block: Sequence[int], batches: Sequence[np.ndarray]) -> torch.Tensor:
        """Return the weight of each row of padded batches, and 0 of what they are padded with."""
        shape = (len(batches), max(map(len, batches)), *self._labels.shape[1:])
        weights = np.zeros(shape, np.float32)
        for own, training, batch in zip(weights, block, batches, strict=True):
            of_class = self._class_weights[training][self._labels[batch]]
            own[: len(batch)] = of_class * self._there[batch]
        return torch.from_numpy(weights)

    def drop(self, block: Sequence[int], batches: Sequence[np.ndarray]) -> Drop:
        """Return what leaves out a share of values in a step, by draws of each training's own.

        What is kept is divided by the share that is kept, so that the mean stays. `batches` are
        the rows of each training without padding, for which nothing is drawn.
        """
        shares = [self.trainings[training].setting.dropout for training in block]
        if not any(shares):
            return _whole

        def drop(values: torch.Tensor) -> torch.Tensor:
            kept = np.ones(values.shape, np.float32)
            for own, training, share, batch in zip(kept, block, shares, batches, strict=True):
                if share:
                    shape = (len(batch), values.shape[2])
                    drawn = self._chances[training].random(shape, np.float32)
                    own[: len(batch)] = (drawn >= share) / (1 - share)
            return values * torch.from_numpy(kept)

        return drop


@torch.no_grad()
def probabilities(
    head: Head,
    parameters: Mapping[str, torch.Tensor],
    inputs: Sequence[Sequence[Rows]],
    rows: Sequence[np.ndarray],
) -> list[np.ndarray]:
    """Return the probabilities of the target by several heads, in double precision.

    Each head's are of shape (rows,), or (rows, slices) of one with a result a slice.

    Parameters
    ----------
    parameters
        Those of all heads, each with a leading axis of heads.
    inputs, rows
        What each head sees, and the rows of it that are asked for, shape (rows,).
    """
    wide = {name: own.double() for name, own in parameters.items()}
    padded, size = _padded(rows), _SCORED // max(math.prod(own.shape[1:]) for own in inputs[0])
    size, found = max(1, size // len(rows)), []
    for start in range(0, padded.shape[1], size):
        selected = _select(inputs, padded[:, start : start + size])
        doubles = [own.double() if own.is_floating_point() else own for own in selected]
        found.append(torch.softmax(head.logits(wide, doubles, _whole), dim=-1)[..., 1].numpy())
    together = np.concatenate(found, axis=1) if found else np.empty((len(rows), 0))
    return [own[: len(of)] for own, of in zip(together, rows, strict=True)]


def predict(
    head: Head, parameters: Mapping[str, np.ndarray], inputs: Sequence[Rows], rows: np.ndarray
) -> np.ndarray:
    """Return the probabilities of the target of some rows by one head, shape (rows,)."""
    stack = {name: torch.from_numpy(own)[None] for name, own in parameters.items()}
    return probabilities(head, stack, [inputs], [rows])[0]


def predict_fitted(head: Head, fitted: Fitted, inputs: Inputs) -> np.ndarray:
    """Return the mean probability of each input by the heads of a fitted model, shape (inputs,)."""
    torch.set_num_threads(1)
    heads, inputs = heads_of(fitted, inputs)
    n_heads, rows = len(heads["bias"]), read(inputs)
    return np.mean(probabilities(head, heads, [rows] * n_heads, [inputs.numbers] * n_heads), axis=0)


def heads_of(fitted: Fitted, inputs: Inputs) -> tuple[dict[str, torch.Tensor], Inputs]:
    """Return a fitted model's heads, with a leading axis, and inputs as they were learned from."""
    own = {name: values for name, values in fitted.arrays.items() if name not in NAMES}
    if own["bias"].ndim == 1:  # one head is stored without the axis
        own = {name: values[None] for name, values in own.items()}
    learned = {name: fitted.arrays[name] for name in NAMES if name in fitted.arrays}
    return {name: torch.from_numpy(values) for name, values in own.items()}, seen(inputs, learned)


def _whole(values: torch.Tensor) -> torch.Tensor:
    """Leave nothing out."""
    return values


def _span(block: Sequence[int]) -> slice:
    """Return neighbouring indices as a slice, which copies nothing."""
    return slice(block[0], block[-1] + 1)


def _padded(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Return rows, shape (parts, longest), of which shorter parts end in row 0."""
    padded = np.zeros((len(parts), max(map(len, parts))), np.int64)
    for own, part in zip(padded, parts, strict=True):
        own[: len(part)] = part
    return padded


def _select(inputs: Sequence[Sequence[Rows]], rows: np.ndarray) -> list[torch.Tensor]:
    """Return what each of several heads sees of its rows, shape (heads, rows, ...) a tensor."""
    if all(own is inputs[0] for own in inputs):
        return [torch.from_numpy(values[rows]) for values in inputs[0]]
    # Trainings that differ in their settings alone see the same.
    found: dict[Any, list[np.ndarray]] = {}
    keys = [(id(own), part.tobytes()) for own, part in zip(inputs, rows, strict=True)]
    for key, own, part in zip(keys, inputs, rows, strict=True):
        if key not in found:
            found[key] = [values[part] for values in own]
    each = zip(*(found[key] for key in keys), strict=True)
    return [torch.from_numpy(np.stack(values)) for values in each]
