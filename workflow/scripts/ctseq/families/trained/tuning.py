"""Choose a head's learning rate and epoch, and fit it."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ctseq.cache.row_arrays import Rows
from ctseq.core.seeds import HEAD, ORDER
from ctseq.families.contract import Fitted, Learned
from ctseq.families.heads import Head, relative_weight_change
from ctseq.families.ties import first_best
from ctseq.families.trained.training import Examples, train
from ctseq.replicates.tasks import Fit, Task


def tune_head(
    head: Head,
    inputs: Sequence[Rows],
    task: Task,
    *,
    std: float,
    settings: Mapping[str, Any],
    seed: int,
    replicate: int,
) -> Learned:
    """Choose the learning rate and epoch of a head and fit it to all training rows.

    With inner fits, every learning rate is trained on each; rate and epoch are those with the
    lowest loss over all rows held out, and the head is trained anew on all training rows up to
    that epoch. Without inner fits, the epoch is the one with the highest accuracy on the scans of
    the test patients, who choose in the paper, too.

    Parameters
    ----------
    head, inputs
        The kind of head, and what its `logits` takes, with a row a label of `task`.
    task
        The rows to learn from.
    std
        Standard deviation of the final layer's initial weights.
    settings
        The model's, with the section ``training`` of the configuration.
    seed, replicate
        The study's seed, and the number of the replicate.
    """
    training = settings["training"]
    rng = np.random.default_rng([seed, replicate, HEAD])
    initial = head.initial(inputs[0].shape[-1], std, rng)
    learn = partial(
        train,
        head,
        Examples(inputs, task.labels, task.scans),
        initial=initial,
        settings=training,
        seed=[seed, replicate, ORDER],
    )
    rates = np.atleast_1d(training["learning_rate"]).tolist()
    if task.inner:
        candidates = learn(task.inner, rates=rates, by="loss")
        chosen = candidates[first_best([candidate.score for candidate in candidates])]
        everything = Fit(task.outer.train, task.outer.held_out[:0])
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
    return Learned(
        Fitted(settings, arrays=parameters),
        held_out,
        {"peak_rate": chosen.rate, "epoch": chosen.epoch, "relative_weight_change": change},
        history.assign(images_per_second=np.nan),
    )
