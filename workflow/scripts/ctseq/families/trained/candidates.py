"""Train a head at several settings side by side, and judge every epoch on held-out rows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError
from ctseq.core.progress import progress
from ctseq.families.heads import Head
from ctseq.families.ties import first_best, improves
from ctseq.families.trained.training import Setting, SideBySide, Training
from ctseq.replicates.aggregation import Scans

# Shares of the epochs after which half of the settings stop.
_HALVINGS = (1 / 8, 1 / 4, 1 / 2)


@dataclass(frozen=True)
class Truth:
    """What probabilities are held against: labels, 0 or 1, and the scan of rows, shape (rows,)."""

    labels: np.ndarray
    scans: Scans

    def loss(self, rows: np.ndarray, probability: np.ndarray) -> float:
        """Return the mean cross-entropy of rows; one that comes several times counts each time."""
        own = np.where(self.labels[rows] == 1, probability, 1 - probability)
        return -np.log(np.clip(own, 1e-12, None)).mean()

    def accuracy(self, rows: np.ndarray, probability: np.ndarray) -> float:
        """Return the accuracy of scans; rows that come several times have their mean."""
        rows, place = np.unique(rows, return_inverse=True)
        return self.scans[rows].accuracy(np.bincount(place, probability) / np.bincount(place))


@dataclass
class Candidate:
    """The trainings of one setting, one a fit.

    Attributes
    ----------
    setting
        Theirs.
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

    setting: Setting
    history: list[tuple[float, ...]] = field(default_factory=list)
    epoch: int = 0
    parameters: list[dict[str, np.ndarray]] = field(default_factory=list)
    probabilities: list[np.ndarray] = field(default_factory=list)
    score: float = -np.inf

    def table(self) -> pd.DataFrame:
        """Return the history as a table in which the kept epoch is marked."""
        names = ["epoch", "train_loss", "tuning_loss", "tuning_accuracy", "learning_rate"]
        rows = pd.DataFrame(self.history, columns=names).astype({"epoch": int})
        setting = asdict(self.setting)
        setting["peak_rate"] = setting.pop("rate")
        setting["size"] = pd.array([setting["size"]] * len(rows), "Int64")
        return rows.assign(kept=(rows["epoch"] == self.epoch).astype(int), **setting)


def search(
    head: Head,
    trainings: Sequence[Sequence[Training]],
    truth: Truth,
    *,
    settings: Mapping[str, Any],
    by: str,
    halving: bool = False,
) -> list[Candidate]:
    """Train a head at every setting on every fit, all side by side: a candidate a setting.

    The recipe is that of the paper's program: AdamW, a learning rate that rises over the warm-up
    steps and then falls linearly to zero at the last step, and early stopping. The first of
    equally good epochs is kept (`ties`).

    Parameters
    ----------
    head
        The kind of head.
    trainings
        Those of each setting, one a fit. If the fits hold out no rows, the last epoch is kept.
    truth
        Of the rows that are learned from and held out.
    settings
        The section `training` of the configuration.
    by
        What makes an epoch better: a higher ``accuracy`` of held-out scans, or a lower ``loss`` of
        held-out rows.
    halving
        Whether the worse half of the settings that still train, by their best epoch so far, stops
        after 1/8, 1/4 and 1/2 of the epochs, rounded up. Of equally good ones the first go on.

    Raises
    ------
    InputError
        If training diverges at every setting: the loss is no longer a number.
    """
    candidates = [Candidate(own[0].setting) for own in trainings]
    sides = _sides(head, trainings, truth.labels, settings)
    going, epochs = list(range(len(candidates))), settings["epochs"]
    halvings = {math.ceil(share * epochs) for share in _HALVINGS if halving}
    for epoch in progress(range(1, epochs + 1), total=epochs, unit="epochs at most"):
        for side in dict.fromkeys(sides[number][0] for number in going):
            own = [places for of, places in (sides[number] for number in going) if of is side]
            side.learn(np.concatenate(own))
        for number in going:
            _evaluate(candidates[number], epoch, *sides[number], truth, by)
        going = [
            number
            for number in going
            if candidates[number].score > -np.inf
            and epoch - candidates[number].epoch < settings["patience"]
        ]
        if epoch in halvings:
            going = _better_half(going, candidates)
        if not going:
            break
    if all(candidate.score == -np.inf for candidate in candidates):
        rates = dict.fromkeys(str(candidate.setting.rate) for candidate in candidates)
        raise InputError(
            "Training diverged: the loss is no longer a number. Lower training.learning_rate (now "
            f"{', '.join(rates)})."
        )
    return candidates


def _sides(
    head: Head,
    trainings: Sequence[Sequence[Training]],
    labels: np.ndarray,
    settings: Mapping[str, Any],
) -> list[tuple[SideBySide, np.ndarray]]:
    """Return the computation that each setting takes part in, and its trainings there.

    Settings of one size share one.
    """
    sizes = [own[0].setting.size for own in trainings]
    found: dict[int, tuple[SideBySide, np.ndarray]] = {}
    for size in dict.fromkeys(sizes):
        numbers = [number for number, of in enumerate(sizes) if of == size]
        together = [training for number in numbers for training in trainings[number]]
        side = SideBySide(head, together, labels, settings)
        places = np.split(np.arange(len(together)), len(numbers))
        found |= {number: (side, own) for number, own in zip(numbers, places, strict=True)}
    return [found[number] for number in range(len(trainings))]


def _evaluate(
    candidate: Candidate, epoch: int, side: SideBySide, places: np.ndarray, truth: Truth, by: str
) -> None:
    """Add an epoch to a candidate's history, and keep it if it is the best so far."""
    found = side.held_out(places)
    rows = np.concatenate([side.trainings[place].fit.held_out for place in places])
    probability = np.concatenate(found)
    loss = accuracy = np.nan
    if len(rows):
        loss, accuracy = truth.loss(rows, probability), truth.accuracy(rows, probability)
    train_loss = side.losses[places].sum() / side.n_rows[places].sum()
    candidate.history.append((epoch, train_loss, loss, accuracy, side.rate(places[0])))
    score = {"accuracy": accuracy, "loss": -loss}[by] if len(rows) else epoch
    if not np.isfinite(train_loss):
        candidate.score = -np.inf
    elif improves(score, candidate.score):
        candidate.score, candidate.epoch = score, epoch
        candidate.parameters = [side.parameters(place) for place in places]
        candidate.probabilities = found


def _better_half(going: Sequence[int], candidates: Sequence[Candidate]) -> list[int]:
    """Return the better half of some candidates, the middle one included, in their order."""
    left, kept = list(going), []
    while len(kept) < len(left):
        kept.append(left.pop(first_best([candidates[number].score for number in left])))
    return sorted(kept)
