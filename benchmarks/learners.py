"""Learners that are fitted on every split of many simulated studies at once.

Each takes features, shape (studies, patients, features); the label of each patient, shape (studies,
patients), bool; and which patients each replicate leaves out of its training, shape (studies,
replicates, patients), bool. It returns every patient's probability in every replicate, shape
(studies, replicates, patients), and the threshold of its decisions, shape (studies, replicates).
They compute in single precision, which is four times as fast and moves no rate.
"""

import numpy as np

PENALTY = 1.0
NEIGHBOURS = 7
PENALTIES = (1.0, 10.0, 100.0, 1000.0)
INNER_FOLDS = 5
# Newton's method from 0 on standard normal features; the last step moves no probability by 1e-6.
_STEPS = 7


def ridge(X: np.ndarray, y: np.ndarray, left_out: np.ndarray, **_) -> tuple[np.ndarray, np.ndarray]:
    """Fit ridge regressions on the labels -1 and 1; their scores are cut to probabilities."""
    normal = _NormalEquations(X, y)
    return normal.probabilities(~left_out, PENALTY), _halves(left_out)


def logistic(
    X: np.ndarray, y: np.ndarray, left_out: np.ndarray, **_
) -> tuple[np.ndarray, np.ndarray]:
    """Fit logistic regressions without intercept, with half the squared weights as penalty."""
    products, weights = _products(X), np.zeros((*left_out.shape[:2], X.shape[-1]), np.float32)
    eye = np.eye(X.shape[-1], dtype=np.float32)
    trained = (~left_out).astype(np.float32)
    for _step in range(_STEPS):
        p = _expit(weights @ X.swapaxes(1, 2))
        hessian = _summed(p * (1 - p) * trained, products) + eye
        gradient = ((y[:, None] - p) * trained) @ X - weights
        weights = weights + np.linalg.solve(hessian, gradient[..., None])[..., 0]
    return _expit(weights @ X.swapaxes(1, 2)), _halves(left_out)


def knn(X: np.ndarray, y: np.ndarray, left_out: np.ndarray, **_) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of positives among the nearest training patients.

    Only probabilities of who is left out are right: a training patient is its own neighbour.
    """
    squares = np.sum(X**2, axis=-1)
    distance = squares[:, :, None] + squares[:, None] - 2 * X @ X.swapaxes(1, 2)
    # The nearest training patients are among as many more as are left out at most.
    reach = min(NEIGHBOURS + int(left_out.sum(axis=-1).max()), X.shape[1])
    near = np.argsort(distance, axis=-1)[..., :reach]
    probability = np.empty(left_out.shape, np.float32)
    for study, own in enumerate(near):
        trains = ~left_out[study][:, own]  # (replicates, patients, reach)
        chosen = trains & (np.cumsum(trains, axis=-1, dtype=np.int16) <= NEIGHBOURS)
        probability[study] = (chosen & y[study][own]).sum(axis=-1) / np.float32(NEIGHBOURS)
    return probability, _halves(left_out)


def tuned(
    X: np.ndarray, y: np.ndarray, left_out: np.ndarray, *, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Fit ridge regressions whose penalty and threshold are chosen inside the training patients.

    Inner stratified folds leave each training patient out once. The penalty with the smallest
    squared error on these is taken, and the threshold with the highest balanced accuracy.
    """
    normal = _NormalEquations(X, y)
    # Folds go round the training patients, one class after the other, in random order.
    order = rng.random(left_out.shape) + y[:, None] + 2 * left_out
    fold = order.argsort(axis=-1).argsort(axis=-1) % INNER_FOLDS
    held_out = np.zeros((len(PENALTIES), *left_out.shape), np.float32)
    for number in range(INNER_FOLDS):
        fitted = normal.probabilities(~left_out & (fold != number), *PENALTIES)
        held_out = np.where(fold == number, fitted, held_out)
    loss = ((held_out - y[:, None]) ** 2 * ~left_out).sum(axis=-1)
    best = loss.argmin(axis=0)[None, ..., None]
    probability = normal.probabilities(~left_out, *PENALTIES)
    held_out, probability = (
        np.take_along_axis(values, best, axis=0)[0] for values in (held_out, probability)
    )
    return probability, youden_thresholds(np.where(left_out, np.nan, held_out), y)


def youden_thresholds(probability: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the threshold of each replicate with the highest balanced accuracy.

    As `ctseq.replicates.aggregation.choose_threshold`: midpoints between neighbouring
    probabilities, of equally good ones the nearest to 0.5. NaN takes no part.
    """
    ends = np.broadcast_to(np.float32([0, 1]), (*probability.shape[:2], 2))
    values = np.concatenate([probability, ends], axis=-1)
    order = np.argsort(values, axis=-1)  # NaN comes last
    values = np.take_along_axis(values, order, axis=-1)
    used = np.isfinite(values)
    # An end belongs to no class.
    positive = np.concatenate([y, np.zeros((len(y), 2), bool)], axis=-1)
    negative = np.concatenate([~y, np.zeros((len(y), 2), bool)], axis=-1)
    shares = []
    for members in (positive, negative):
        members = np.broadcast_to(members[:, None], values.shape)
        below = np.cumsum(np.take_along_axis(members, order, axis=-1) & used, axis=-1)
        shares.append(below / below[..., -1:])
    gain = (shares[1] - shares[0])[..., :-1]
    thresholds = (values[..., 1:] + values[..., :-1]) / 2
    apart = values[..., 1:] - values[..., :-1] > 1e-5 * np.minimum(thresholds, 1 - thresholds)
    gain = np.where(apart, gain, -np.inf)  # NaN is not apart
    equally_good = gain >= gain.max(axis=-1, keepdims=True) - 1e-9
    away = np.where(equally_good, np.abs(thresholds - 0.5), np.inf)
    nearest = away.argmin(axis=-1)[..., None]
    return np.take_along_axis(thresholds, nearest, axis=-1)[..., 0]


class _NormalEquations:
    """Ridge regressions on the labels -1 and 1, without intercept, on any training patients."""

    def __init__(self, X: np.ndarray, y: np.ndarray) -> None:
        self._X, self._products = X, _products(X)
        self._signed = np.where(y, 1, -1).astype(np.float32)[:, None]

    def probabilities(self, trained: np.ndarray, *penalties: float) -> np.ndarray:
        """Return every patient's probability, one array a penalty; without the axis for one."""
        trained = trained.astype(np.float32)
        gram = _summed(trained, self._products)
        target = (trained * self._signed) @ self._X
        eye = np.eye(self._X.shape[-1], dtype=np.float32)
        fitted = []
        for penalty in penalties:
            weights = np.linalg.solve(gram + np.float32(penalty) * eye, target[..., None])[..., 0]
            fitted.append(np.clip((weights @ self._X.swapaxes(1, 2) + 1) / 2, 0, 1))
        return np.stack(fitted) if len(penalties) > 1 else fitted[0]


def _products(X: np.ndarray) -> np.ndarray:
    """Return each patient's products of two features, shape (studies, patients, features^2)."""
    return (X[..., :, None] * X[..., None, :]).reshape(*X.shape[:2], -1)


def _summed(weights: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Return the weighted sums of products, shape (studies, replicates, features, features)."""
    n_features = int(products.shape[-1] ** 0.5 + 0.5)
    return (weights @ products).reshape(*weights.shape[:2], n_features, n_features)


def _expit(score: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-score))


def _halves(left_out: np.ndarray) -> np.ndarray:
    return np.full(left_out.shape[:2], 0.5, np.float32)


LEARNERS = {"ridge": ridge, "knn": knn, "logistic": logistic, "tuned": tuned}
