"""Classifiers of scikit-learn on cached features, tuned inside the training patients."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss
from sklearn.model_selection import ParameterGrid
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ctseq.cache.row_arrays import Rows
from ctseq.core.seeds import ORDER
from ctseq.families.frozen import Features, Learned
from ctseq.families.ties import first_best
from ctseq.replicates.tasks import Fit, Task, draw_task, tabulate_scores


@dataclass(frozen=True)
class Classical:
    """A classifier and the grid of hyperparameters that it is tuned over."""

    classifier: BaseEstimator
    grid: Mapping[str, Sequence[Any]]


# `head.type` to the classifier. The grids span the range that scikit-learn's guide suggests, from
# strong to weak regularisation, in few steps.
CLASSICAL_HEADS: dict[str, Classical] = {
    "logistic": Classical(LogisticRegression(max_iter=2000), {"C": [1e-4, 1e-3, 0.01, 0.1, 1.0]}),
    "svm": Classical(SVC(tol=1e-6), {"C": [0.1, 1.0, 10.0]}),
    "forest": Classical(RandomForestClassifier(200), {"min_samples_leaf": [1, 4, 16]}),
    "neighbours": Classical(KNeighborsClassifier(), {"n_neighbors": [3, 7, 15]}),
    "mlp": Classical(
        MLPClassifier((32,), early_stopping=False, max_iter=300), {"alpha": [1e-3, 0.1, 10.0]}
    ),
}


def learn_classical(
    data: Features,
    split: pd.DataFrame,
    model: Mapping[str, Any],
    *,
    folds: int,
    seed: int,
    replicate: int,
) -> Learned:
    """Fit a classifier to the features of single rows; see `learning.learn`."""
    seeds = {"seed": seed, "replicate": replicate}
    # No rule: hyperparameters are chosen on rows.
    options = {"labels": model["labels"], "sequence_rule": None, "views": data.views}
    task = draw_task(data.rows, data.patients, data.slices, split, folds=folds, **options, **seeds)
    weighted = model["weighted"]
    chosen, scores = fit_classical(model["head"], data.vectors, task, weighted=weighted, **seeds)
    return Learned(scores, chosen)


def fit_classical(
    name: str,
    features: Rows,
    task: Task,
    *,
    weighted: bool,
    seed: int,
    replicate: int,
) -> tuple[dict[str, float], pd.DataFrame]:
    """Tune a classifier on the inner folds and fit it to all training rows.

    Parameters
    ----------
    name
        A key of `CLASSICAL_HEADS`.
    features
        float32, with a row a label of `task`. They are standardised by the training rows.
        scikit-learn takes them all at once, so memory holds them several times.
    task
        The rows to learn from, with inner fits.
    weighted
        Whether classes count inversely to their frequency, if the classifier can.
    seed, replicate
        The study's seed and the number of the replicate: together they seed a random classifier.

    Returns
    -------
    chosen
        The first hyperparameters with the lowest Brier score over all held-out rows.
    scores
        `replicates.tables.SCORES`. A classifier without probabilities gets them from a logistic
        curve through the scores of the held-out rows (Platt 1999).
    """
    head = CLASSICAL_HEADS[name]
    known = head.classifier.get_params()
    # scikit-learn takes seeds of 32 bits.
    (number,) = np.random.SeedSequence([seed, replicate, ORDER]).generate_state(1)
    extra = {"random_state": int(number)} if "random_state" in known else {}
    extra |= {"class_weight": "balanced"} if weighted and "class_weight" in known else {}
    probabilistic = hasattr(head.classifier, "predict_proba")

    def scores(values: Mapping[str, Any], fit: Fit) -> np.ndarray:
        classifier = clone(head.classifier).set_params(**values, **extra)
        pipeline = make_pipeline(StandardScaler(), classifier)
        with warnings.catch_warnings():
            # A network stops after its epochs on purpose.
            warnings.simplefilter("ignore", ConvergenceWarning)
            pipeline.fit(features[fit.train], task.labels[fit.train])
        if probabilistic:
            return pipeline.predict_proba(features[fit.held_out])[:, 1]
        return pipeline.decision_function(features[fit.held_out])

    truth = np.concatenate([task.labels[fit.held_out] for fit in task.inner])
    # Few patients have no fifteen neighbours.
    n_rows = min(len(fit.train) for fit in [task.outer, *task.inner])
    trials = []
    for values in ParameterGrid(head.grid):
        if values.get("n_neighbors", 0) > n_rows:
            continue
        held_out = [scores(values, fit) for fit in task.inner]
        curve = _curve(np.concatenate(held_out), truth, probabilities=probabilistic)
        calibrated = [curve(part) for part in held_out]
        loss = brier_score_loss(truth, np.concatenate(calibrated))
        trials.append((-loss, values, curve, calibrated))
    _, values, curve, calibrated = trials[first_best([trial[0] for trial in trials])]
    return values, tabulate_scores(task, curve(scores(values, task.outer)), calibrated)


def _curve(
    scores: np.ndarray, truth: np.ndarray, *, probabilities: bool
) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function that turns scores into probabilities."""
    if probabilities:
        return lambda values: values
    curve = LogisticRegression(C=np.inf).fit(scores[:, None], truth)
    return lambda values: curve.predict_proba(values[:, None])[:, 1]
