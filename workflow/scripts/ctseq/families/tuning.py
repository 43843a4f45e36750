"""Choose a head's learning rate and epoch, and fit it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from safetensors.numpy import save_file

from ctseq.cache.row_arrays import Rows
from ctseq.core.files import atomic_write, write_json
from ctseq.core.seeds import HEAD, ORDER
from ctseq.core.tables import write_table
from ctseq.families.heads import Head, relative_weight_change
from ctseq.families.tables import HISTORY
from ctseq.families.ties import first_best
from ctseq.families.training import Examples, predict, train
from ctseq.replicates.tables import SCORES
from ctseq.replicates.tasks import Fit, Task, tabulate_scores


@dataclass(frozen=True)
class TrainedHead:
    """A replicate's head and how it came about.

    Attributes
    ----------
    parameters
        The head's parameters by name.
    history
        `tables.HISTORY`: the epochs at every learning rate.
    scores
        `replicates.tables.SCORES` of the test rows and, with inner fits, of every training row by
        a head that did not learn from it.
    summary
        The chosen ``peak_rate`` and ``epoch``, and the final layer's ``relative_weight_change``.
    """

    parameters: dict[str, np.ndarray]
    history: pd.DataFrame
    scores: pd.DataFrame
    summary: dict[str, float]


def tune_head(
    head: Head,
    inputs: Sequence[Rows],
    task: Task,
    *,
    std: float,
    training: Mapping[str, Any],
    seed: int,
    replicate: int,
) -> TrainedHead:
    """Choose the learning rate and epoch of a head and fit it to all training rows.

    With inner fits, every learning rate is trained on each; rate and epoch are those with the
    lowest loss over all rows held out, and the head is trained anew on all training rows up to
    that epoch. Test rows are then scored once. Without inner fits, the epoch is the one with the
    highest accuracy on the test rows, as in the paper.

    Parameters
    ----------
    head, inputs
        The kind of head, and what its `logits` takes, with a row a label of `task`.
    task
        The rows to learn from.
    std
        Standard deviation of the final layer's initial weights.
    training
        The section `training` of the configuration.
    seed, replicate
        The study's seed, and the number of the replicate.
    """
    rng = np.random.default_rng([seed, replicate, HEAD])
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
    test = task.outer.held_out
    if task.inner:
        candidates = learn(task.inner, rates=rates, by="loss")
        chosen = candidates[first_best([candidate.score for candidate in candidates])]
        everything = Fit(task.outer.train, test[:0])
        (final,) = learn([everything], rates=[chosen.rate], by="loss", epochs=chosen.epoch)
        held_out = chosen.probabilities
    else:
        candidates = learn([task.outer], rates=rates, by="accuracy")
        (chosen,) = (final,) = candidates
        held_out = []
    history = pd.concat([candidate.table() for candidate in candidates], ignore_index=True)
    history["kept"] *= (history["peak_rate"] == chosen.rate).astype(int)
    (parameters,) = final.parameters
    change = relative_weight_change(initial["weight"], parameters["weight"])
    return TrainedHead(
        parameters,
        history.assign(images_per_second=np.nan),
        tabulate_scores(task, predict(head, parameters, inputs, test), held_out),
        {"peak_rate": chosen.rate, "epoch": chosen.epoch, "relative_weight_change": change},
    )


def write_head(trained: TrainedHead, outputs: Any) -> None:
    """Write a trained head to the paths ``head``, ``history``, ``scores`` and ``summary``."""
    with atomic_write(outputs.head) as unfinished:
        save_file(trained.parameters, unfinished)
    write_table(trained.history, outputs.history, HISTORY)
    write_table(trained.scores, outputs.scores, SCORES)
    write_json(trained.summary, outputs.summary)
