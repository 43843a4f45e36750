"""One replicate's head: what is chosen, on whom, and the head that comes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ctseq.fits import Fit, tabulate_scores
from ctseq.heads import Head, movement
from ctseq.training import Examples, predict, train


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
        `tables.SCORES`: validation rows and, if inner folds chose, each training row as it was
        held out.
    summary
        ``peak_rate`` and ``epoch`` that were chosen, and ``movement``: how far training moved the
        final layer's weights, relative to their initial length.
    """

    parameters: dict[str, np.ndarray]
    history: pd.DataFrame
    scores: pd.DataFrame
    summary: dict[str, float]


def choose_and_train(
    head: Head,
    examples: Examples,
    rows: pd.DataFrame,
    whole: Fit,
    inner: Sequence[Fit],
    *,
    initial: Mapping[str, np.ndarray],
    training: Mapping[str, Any],
    seed: Sequence[int],
) -> Trained:
    """Choose epoch and learning rate, and train a head with them.

    Without inner fits, the validation rows choose the epoch, by accuracy, as in the paper. With
    them, every learning rate is trained on each; the loss of all rows held out chooses rate and
    epoch, and the head is trained anew on all training rows up to that epoch. Validation rows are
    then looked at once, to be scored.

    Parameters
    ----------
    head
        Its kind.
    examples
        One entry a row of `rows`, and further views behind.
    rows
        `tables.ROWS`.
    whole, inner
        As `fits.replicate_fit` and `fits.inner_fits` give them.
    initial
        Parameters that training starts from.
    training
        The section `training` of the configuration.
    seed
        Seed of the batch order.
    """
    options = {"initial": initial, "settings": training, "seed": seed}
    rates = np.atleast_1d(training["learning_rate"]).tolist()
    if inner:
        candidates = train(head, examples, inner, rates=rates, by="loss", **options)
        chosen = max(candidates, key=lambda candidate: candidate.score)
        unjudged = Fit(whole.train, whole.held_out[:0])
        rates, until = [chosen.rate], chosen.epoch
        (final,) = train(
            head, examples, [unjudged], rates=rates, by="loss", epochs=until, **options
        )
    else:
        candidates = train(head, examples, [whole], rates=rates, by="accuracy", **options)
        (chosen,) = (final,) = candidates
    history = pd.concat([candidate.table() for candidate in candidates], ignore_index=True)
    history["kept"] *= (history["peak_rate"] == chosen.rate).astype(int)
    (parameters,) = final.parameters
    scored = whole.held_out
    probabilities = predict(head, parameters, [values[scored] for values in examples.inputs])
    held_out = [(fit.held_out, p) for fit, p in zip(inner, chosen.probabilities, strict=False)]
    return Trained(
        parameters,
        history.assign(images_per_second=np.nan),
        tabulate_scores(rows, (scored, probabilities), held_out),
        {
            "peak_rate": chosen.rate,
            "epoch": chosen.epoch,
            "movement": movement(initial["weight"], parameters["weight"]),
        },
    )
