"""One replicate's head: what is chosen, on whom, and the head that comes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ctseq.cache.row_arrays import Rows
from ctseq.core.seeds import HEAD, ORDER
from ctseq.families.heads import Head, relative_weight_change
from ctseq.families.training import Examples, predict, train
from ctseq.replicates.fits import Fit
from ctseq.replicates.tasks import Task, tabulate_scores


@dataclass(frozen=True)
class Trained:
    """A replicate's head and how it came about.

    Attributes
    ----------
    parameters
        Of the head, by name.
    history
        `tables.HISTORY`: every learning rate's epochs.
    scores
        `tables.SCORES`: test rows and, if inner folds chose, each training row as it was
        held out.
    summary
        ``peak_rate`` and ``epoch`` that were chosen, and ``relative_weight_change``: the length of
        the change of the final layer's weights, relative to their initial length.
    """

    parameters: dict[str, np.ndarray]
    history: pd.DataFrame
    scores: pd.DataFrame
    summary: dict[str, float]


def choose_and_train(
    head: Head,
    inputs: Sequence[Rows],
    task: Task,
    *,
    std: float,
    training: Mapping[str, Any],
    seed: int,
    replicate: int,
) -> Trained:
    """Choose epoch and learning rate, and train a head with them.

    Without inner fits, the test rows choose the epoch, by accuracy, as in the paper. With
    them, every learning rate is trained on each; the loss of all rows held out chooses rate and
    epoch, and the head is trained anew on all training rows up to that epoch. Test rows are
    then looked at once, to be scored.

    Parameters
    ----------
    head
        Its kind.
    inputs
        What `head` takes, with a row a label of `task`.
    task
        What is to be learned.
    std
        Standard deviation of the new final layer's weights.
    training
        The section `training` of the configuration.
    seed, replicate
        The study's, and the replicate's number.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, replicate, HEAD]))
    initial = head.initial(inputs[0].shape[-1], std, rng)
    learn = partial(
        train,
        head,
        Examples(inputs, task.labels),
        initial=initial,
        settings=training,
        seed=[seed, replicate, ORDER],
    )
    rates = np.atleast_1d(training["learning_rate"]).tolist()
    scored = task.outer.held_out
    if task.inner:
        candidates = learn(task.inner, rates=rates, by="loss")
        chosen = max(candidates, key=lambda candidate: candidate.score)
        unjudged = Fit(task.outer.train, scored[:0])
        (final,) = learn([unjudged], rates=[chosen.rate], by="loss", epochs=chosen.epoch)
        held_out = chosen.probabilities
    else:
        candidates = learn([task.outer], rates=rates, by="accuracy")
        (chosen,) = (final,) = candidates
        held_out = []
    history = pd.concat([candidate.table() for candidate in candidates], ignore_index=True)
    history["kept"] *= (history["peak_rate"] == chosen.rate).astype(int)
    (parameters,) = final.parameters
    probabilities = predict(head, parameters, inputs, scored)
    return Trained(
        parameters,
        history.assign(images_per_second=np.nan),
        tabulate_scores(task, probabilities, held_out),
        {
            "peak_rate": chosen.rate,
            "epoch": chosen.epoch,
            "relative_weight_change": relative_weight_change(
                initial["weight"], parameters["weight"]
            ),
        },
    )
