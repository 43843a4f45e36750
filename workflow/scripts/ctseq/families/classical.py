"""Classifiers of scikit-learn on features, tuned inside the training patients."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import ParameterGrid
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ctseq.core.errors import InputError
from ctseq.core.seeds import ORDER
from ctseq.families.contract import Fitted, Learned, Predicted
from ctseq.families.inputs import Inputs
from ctseq.families.ties import first_best
from ctseq.replicates.tasks import Fit, Task


@dataclass(frozen=True)
class Classical:
    """A classifier, and the grid of hyperparameters that it is tuned over."""

    classifier: BaseEstimator
    grid: Mapping[str, Sequence[Any]]

    @property
    def probabilistic(self) -> bool:
        """Whether it has probabilities itself."""
        return hasattr(self.classifier, "predict_proba")

    def seeded(self, *, weighted: bool, seed: int, replicate: int) -> BaseEstimator:
        """Return the classifier with its seed and the weights of classes, if it has them."""
        known = self.classifier.get_params()
        # scikit-learn takes seeds of 32 bits.
        (number,) = np.random.SeedSequence([seed, replicate, ORDER]).generate_state(1)
        options = {"random_state": int(number)} if "random_state" in known else {}
        if weighted and "class_weight" in known:
            options["class_weight"] = "balanced"
        elif weighted and "priors" in known:  # weights of classes change nothing else in it
            options["priors"] = (0.5, 0.5)
        return clone(self.classifier).set_params(**options)


# A family to its classifier. The grids span the range that scikit-learn's guide suggests, in few
# steps, so far that their ends are seldom the best of fifty scans and a thousand features. Of that
# many features, all scans are about as far apart, but not in their first components.
CLASSIFIERS: dict[str, Classical] = {
    "svm": Classical(SVC(tol=1e-6), {"C": [0.01, 0.1, 1.0, 10.0, 100.0]}),
    "forest": Classical(RandomForestClassifier(200), {"min_samples_leaf": [1, 4, 16]}),
    "neighbours": Classical(
        KNeighborsClassifier(), {"components": [None, 8], "n_neighbors": [3, 7, 15, 25]}
    ),
    "mlp": Classical(
        MLPClassifier((32,), early_stopping=False, max_iter=300), {"alpha": [1e-3, 0.1, 10.0]}
    ),
    # Features of an encoder are correlated, and naive Bayes counts what they share as often as they
    # are: components are not. A variance that is added to all takes certainty from either.
    "bayes": Classical(
        GaussianNB(), {"components": [8, None], "var_smoothing": [1e-3, 0.1, 1.0, 10.0]}
    ),
    # Of scikit-learn's two, the one that runs in one thread, and so gives the same trees on any
    # number of them. It stores nothing but trees; the other, by histograms, a class of its own, and
    # its leaves have twenty rows or more, of which fifty have few. A tree of half the rows, whose
    # splits look at the root of the number of features (Friedman 2002), takes a thirtieth of the
    # time, and of a thousand features many tell the same.
    "boosting": Classical(
        GradientBoostingClassifier(n_estimators=100, subsample=0.5, max_features="sqrt"),
        {"learning_rate": [0.02, 0.1], "max_depth": [1, 3]},
    ),
}
# Of no other type may a stored classifier be, beyond those that skops knows. All are compiled
# classes of scikit-learn, or hold numbers alone.
TRUSTED: dict[str, tuple[str, ...]] = {
    "forest": ("sklearn.tree._tree.Tree",),
    "neighbours": (
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.neighbors._kd_tree.KDTree",
    ),
    "mlp": ("sklearn.neural_network._stochastic_optimizers.AdamOptimizer",),
    "boosting": ("sklearn.tree._tree.Tree",),
}


def fit(
    inputs: Inputs, task: Task, settings: Mapping[str, Any], *, seed: int, replicate: int
) -> Learned:
    """Tune a classifier on the inner folds and fit it to all training rows.

    Kept are the first hyperparameters with the lowest log loss over all held-out rows, for which no
    probability is nearer to 0 or 1 than one row more of the other class would let it be. A
    classifier without probabilities gets them from a logistic curve through the scores of the
    held-out rows (Platt 1999). Features are standardised by the training rows, and some classifiers
    learn from their principal components. scikit-learn takes them all at once, so memory holds them
    several times. See `contract.FamilyModule`.

    Raises
    ------
    InputError
        If there are fewer rows than the fewest neighbours.
    """
    about, vectors = CLASSIFIERS[settings["family"]], inputs.vectors
    classifier = about.seeded(weighted=settings["weighted"], seed=seed, replicate=replicate)

    def fitted(values: Mapping[str, Any], fit: Fit) -> Pipeline:
        own = {name: value for name, value in values.items() if name != "components"}
        steps = [StandardScaler(), clone(classifier).set_params(**own)]
        if values.get("components"):
            n_rows, width = len(fit.train), vectors.shape[1]
            solver = "covariance_eigh" if n_rows > width else "full"
            kept = min(values["components"], n_rows - 1, width)  # centred rows leave one less
            steps.insert(1, PCA(kept, svd_solver=solver))
        pipeline = make_pipeline(*steps)
        with warnings.catch_warnings():
            # A network stops after its epochs on purpose.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return pipeline.fit(vectors[fit.train], task.labels[fit.train])

    truth = np.concatenate([task.labels[fit.held_out] for fit in task.inner])
    # Few patients have no fifteen neighbours.
    n_rows = min(len(fit.train) for fit in [task.outer, *task.inner])
    fewest = min(about.grid.get("n_neighbors", [1]))
    if n_rows < fewest:
        raise InputError(
            f"The family {settings['family']} needs {fewest} rows to learn from, and an inner fold "
            f"leaves {n_rows}: raise tuning.folds, so that each holds out fewer, or choose another "
            "family."
        )
    trials = []
    for values in ParameterGrid(about.grid):
        if values.get("n_neighbors", 0) > n_rows:
            continue
        held_out = [_scores(fitted(values, fit), vectors[fit.held_out]) for fit in task.inner]
        curve = {} if about.probabilistic else {"curve": _curve(np.concatenate(held_out), truth)}
        calibrated = [_calibrated(part, curve) for part in held_out]
        # Neighbours and trees that agree are no more certain than so many rows allow.
        bounded = np.clip(np.concatenate(calibrated), 1 / (n_rows + 2), 1 - 1 / (n_rows + 2))
        loss = log_loss(truth, bounded)
        trials.append((-loss, values, curve, calibrated))
    _, values, curve, calibrated = trials[first_best([trial[0] for trial in trials])]
    estimators = {"classifier": fitted(values, task.outer), **curve}
    return Learned(Fitted(settings, estimators=estimators), calibrated, values)


def predict(fitted: Fitted, inputs: Inputs) -> Predicted:
    """Predict the rows of a scan."""
    scores = _scores(fitted.estimators["classifier"], inputs.vectors[inputs.numbers])
    return Predicted(_calibrated(scores, fitted.estimators))


def _scores(pipeline: Pipeline, vectors: np.ndarray) -> np.ndarray:
    """Return the probability of the target, or what a classifier without has instead."""
    if hasattr(pipeline, "predict_proba"):
        return pipeline.predict_proba(vectors)[:, 1]
    return pipeline.decision_function(vectors)


def _curve(scores: np.ndarray, truth: np.ndarray) -> LogisticRegression:
    return LogisticRegression(C=np.inf).fit(scores[:, None], truth)


def _calibrated(scores: np.ndarray, estimators: Mapping[str, Any]) -> np.ndarray:
    """Return probabilities: by the curve, if there is one."""
    if "curve" not in estimators:
        return scores
    return estimators["curve"].predict_proba(scores[:, None])[:, 1]
