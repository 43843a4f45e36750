"""Choose a head's settings and epoch on held-out rows, and fit it."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.seeds import HEAD, MODEL, ORDER
from ctseq.families.contract import Fitted, Learned
from ctseq.families.heads import Head, relative_weight_change
from ctseq.families.inputs import Inputs
from ctseq.families.registry import LISTED
from ctseq.families.ties import first_best
from ctseq.families.trained.candidates import Candidate, Truth, search
from ctseq.families.trained.reading import read, seen, standards
from ctseq.families.trained.training import Setting, SideBySide, Training
from ctseq.replicates.tasks import Fit, Task


def tune_head(
    head: Head,
    inputs: Inputs,
    task: Task,
    *,
    settings: Mapping[str, Any],
    seed: int,
    replicate: int,
    truth: Truth | None = None,
) -> Learned:
    """Choose the settings and epoch of a head and fit it to all training rows.

    With inner fits, every setting is trained on each, with one seed; setting and epoch are those
    with the lowest loss over all rows held out, and heads of all seeds are trained anew on all
    training rows up to that epoch. The other seeds train on the inner fits, too, so that what is
    held out is predicted as new scans will be: by the mean of as many heads. Without inner fits,
    the epoch is the one with the highest accuracy on the scans of the test patients, who choose in
    the paper, too, by the first seed.

    Parameters
    ----------
    head
        The kind of head.
    inputs
        With a row a label of `task`.
    task
        The rows to learn from.
    settings
        The model's, with the section ``training`` of the configuration.
    seed, replicate
        The study's seed, and the number of the replicate.
    truth
        What chooses; by the labels and scans of `task` if not given.
    """
    training = settings["training"]
    starts = _Starts(head, inputs, task, training, [seed, replicate])
    inner = range(1, 1 + len(task.inner))
    trainings = [
        [starts.training(fit, setting) for fit in inner or [0]] for setting in settings_of(training)
    ]
    by = "loss" if task.inner else "accuracy"
    options = {"settings": training, "by": by, "halving": settings["halving"]}
    candidates = search(head, trainings, truth or Truth(task.labels, task.scans), **options)
    best = first_best([candidate.score for candidate in candidates])
    chosen = candidates[best]
    heads, held_out = _of_all_seeds(starts, chosen, task.inner, training)
    stored = {name: np.stack([own[name] for own in heads]) for name in heads[0]}
    first = np.stack([starts.initial(chosen.setting.size, n)["weight"] for n in range(len(heads))])
    change = relative_weight_change(first, stored["weight"])
    if len(heads) == 1:  # without the axis of heads
        (stored,) = heads
    history = pd.concat(
        [one.table().assign(setting=number) for number, one in enumerate(candidates, start=1)],
        ignore_index=True,
    )
    history["kept"] *= (history["setting"] == best + 1).astype(int)
    return Learned(
        Fitted(settings, arrays=stored | starts.learned[0]),
        held_out,
        _summary(chosen, training) | {"relative_weight_change": change},
        history.assign(images_per_second=np.nan),
    )


def settings_of(training: Mapping[str, Any]) -> list[Setting]:
    """Return what the section `training` of the configuration lists to choose from, in its order.

    Of several keys with lists, all combinations are tried; the learning rate changes last.
    """
    # What a family does not have stays as `Setting`, whose fields are in the same order, has it.
    usual = dict(zip(LISTED, vars(Setting(0.0, 0.0)).values(), strict=True))
    values = [np.atleast_1d(training.get(key, usual[key])).tolist() for key in LISTED]
    return [Setting(*each) for each in product(*values)]


class _Starts:
    """What trainings of a task start from: fit 0 is that to all training rows, others are inner.

    Attributes
    ----------
    head
        Their kind.
    learned
        What each fit has learned of how features are standardised.
    labels
        Of all rows.
    """

    def __init__(
        self,
        head: Head,
        inputs: Inputs,
        task: Task,
        training: Mapping[str, Any],
        seed: Sequence[int],
    ) -> None:
        self.head, self.labels, self._seed = head, task.labels, seed
        self._std, self._fits = inputs.initializer_range, [task.outer, *task.inner]
        self.learned = standards(inputs, self._fits, training)
        if self.learned[0]:
            self._inputs = [read(seen(inputs, learned)) for learned in self.learned]
        else:  # one for all, so that rows of all fits are selected at once
            self._inputs = [read(inputs)] * len(self._fits)

    def initial(self, size: int | None, number: int) -> dict[str, np.ndarray]:
        """Draw the parameters that heads of a size start from, by the number of their seed."""
        rng = np.random.default_rng([*self._seed, HEAD, *_numbered(number)])
        return self.head.initial(self._inputs[0][0].shape[-1], self._std, rng, size)

    def training(self, fit: int, setting: Setting, number: int = 0) -> Training:
        """Return the training of a fit at a setting, by the number of its seed."""
        # The first inner fit and that to all rows share their seeds.
        seeds = (
            [*self._seed, stream, max(0, fit - 1), *_numbered(number)] for stream in (ORDER, MODEL)
        )
        initial = self.initial(setting.size, number)
        return Training(self._inputs[fit], self._fits[fit], initial, setting, *seeds)


def _of_all_seeds(
    starts: _Starts, chosen: Candidate, inner: Sequence[Fit], training: Mapping[str, Any]
) -> tuple[list[dict[str, np.ndarray]], list[np.ndarray]]:
    """Train the chosen setting with all seeds, but for what the search has trained already.

    Returns
    -------
    heads
        Those of all training rows, one a seed.
    held_out
        For each inner fit, the mean probabilities of the rows that it holds out by heads of all
        seeds.
    """
    heads = [] if inner else [*chosen.parameters]
    held_out = [[own] for own in chosen.probabilities] if inner else []
    fits = range(1, 1 + len(inner))
    left = [(0, number) for number in range(len(heads), training["seeds"])]
    left += [(fit, number) for fit in fits for number in range(1, training["seeds"])]
    if left:
        trainings = [starts.training(fit, chosen.setting, number) for fit, number in left]
        side = SideBySide(starts.head, trainings, starts.labels, training)
        for _ in range(chosen.epoch):
            side.learn(np.arange(len(left)))
        for place, (fit, _) in enumerate(left):
            if fit:
                held_out[fit - 1] += side.held_out([place])
            else:
                heads.append(side.parameters(place))
    return heads, [np.mean(own, axis=0) for own in held_out]


def _summary(chosen: Candidate, training: Mapping[str, Any]) -> dict[str, float]:
    """Return what was chosen: the learning rate and epoch, and what else several were tried of."""
    others = [key for key in LISTED[1:] if isinstance(training.get(key), list)]
    found = {key: getattr(chosen.setting, key) for key in others}
    return {"peak_rate": chosen.setting.rate, **found, "epoch": chosen.epoch}


def _numbered(number: int) -> list[int]:
    """Return what makes a stream of random numbers that of a seed; the first needs nothing."""
    return [number] if number else []
