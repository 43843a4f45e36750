"""L2-regularised logistic regression, solved to convergence for many strengths in a row.

It minimises C sum_i s_i log(1 + exp(-y_i (x_i w + b))) + |w|^2 / 2, the objective of scikit-learn's
`LogisticRegression`, which takes ten times as long for a grid of strengths on a thousand slices.
"""

from collections.abc import Sequence

import numpy as np
from scipy.linalg import cho_solve, cholesky
from scipy.special import expit

# Share of a step's residual that conjugate gradients leave: Newton's method corrects it.
_INEXACT = 0.1
# Newton's method ends with a step of this length in the norm of the curvature (Newton's decrement).
# The penalty alone curves the objective by 1, so the weights then err by a tenth of it, and the
# probability of a row of 1,600 standardised features by 1e-6 at the very most.
_LAST_STEP = 1e-6
# Products with all rows after which a new factor of the curvature, which takes as long as fifty of
# them, makes those that follow fewer. Of fewer rows than features, products are cheap.
_MOST_PRODUCTS = 80
# Newton's method takes some six steps, and a step is halved a few times; so many mean that numbers
# overflow.
_MOST_STEPS = 200


# Weights, shape (features,), and an intercept.
Solution = tuple[np.ndarray, float]


def solve(
    features: np.ndarray, labels: np.ndarray, weights: np.ndarray, strengths: Sequence[float]
) -> list[Solution]:
    """Return the weights and the intercept of the minimum at each strength.

    Parameters
    ----------
    features
        Double precision, shape (rows, width), standardised.
    labels
        0 or 1, shape (rows,). Of one class alone, weights are 0, and the intercept gives the class
        the probability (rows + 1) / (rows + 2), by Laplace's rule of succession.
    weights
        What each row counts in the sum, above 0, shape (rows,).
    strengths
        Values of C, rising: each minimum is looked for from those before.

    Raises
    ------
    ValueError
        If a feature is no finite number.
    ArithmeticError
        If features are so large that no minimum is found.
    """
    if not np.isfinite(features).all():
        raise ValueError("features of logistic regression are no finite numbers")
    n_rows, width = features.shape
    if len(np.unique(labels)) < 2:
        intercept = np.log(n_rows + 1) * (1 if labels[0] else -1)
        return [(np.zeros(width), float(intercept))] * len(strengths)
    problem = _Problem(features, labels, weights)
    share = weights[labels == 1].sum() / weights.sum()
    found = [np.append(np.zeros(width), np.log(share / (1 - share)))]
    for number, strength in enumerate(strengths):
        # Minima move evenly with the logarithm of C.
        start = 2 * found[-1] - found[-2] if number > 1 else found[-1]
        found.append(problem.minimum(start, strength))
    return [(one[:-1], float(one[-1])) for one in found[1:]]


class _Problem:
    """The minima of one set of rows. A position is the weights, and behind them the intercept."""

    def __init__(self, features: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> None:
        self.rows = np.column_stack([features, np.ones(len(features))])
        # Steps need no more digits, and read half as many bytes.
        self.short = self.rows.astype(np.float32)
        self.signs, self.labels, self.weights = np.where(labels == 1, -1.0, 1.0), labels, weights
        self.squares = np.einsum("ij,ij->j", self.rows, self.rows) / len(self.rows)
        self.penalty = np.append(np.ones(features.shape[1]), 0.0)
        # The curvature somewhere, as Cholesky's factor, and products that were computed since.
        self.factor: np.ndarray | None = None
        self.products = 0

    def minimum(self, start: np.ndarray, strength: float) -> np.ndarray:
        """Return the minimum by Newton's method, whose steps are by conjugate gradients."""
        place, counts = start, strength * self.weights
        scores = self.rows @ place
        value = self._value(place, scores, counts)
        for _ in range(_MOST_STEPS):
            probability = expit(scores)
            slope = self.rows.T @ (counts * (probability - self.labels)) + self.penalty * place
            step, length = self._step(slope, counts * probability * (1 - probability))
            if length <= _LAST_STEP:
                return place + step
            change, along = self.rows @ step, slope @ step
            for halvings in range(_MOST_STEPS):
                size = 0.5**halvings
                moved = place + size * step, scores + size * change
                reached = self._value(*moved, counts)
                # Armijo's rule, but for what rounding adds.
                if reached <= value + 1e-4 * size * along + 1e-13 * abs(value):
                    break
            (place, scores), value = moved, reached
        raise ArithmeticError("logistic regression found no minimum: features are too large")

    def _value(self, place: np.ndarray, scores: np.ndarray, counts: np.ndarray) -> float:
        losses = np.logaddexp(0, self.signs * scores)
        return counts @ losses + place @ (self.penalty * place) / 2

    def _step(self, slope: np.ndarray, curvature: np.ndarray) -> tuple[np.ndarray, float]:
        """Return Newton's step, nearly, and its length in the norm of the curvature."""
        if self.products > _MOST_PRODUCTS and len(self.rows) >= len(slope):
            self._factorise(curvature)
        diagonal = self.penalty + self.squares * curvature.sum()
        short = curvature.astype(np.float32)
        step, residual = np.zeros_like(slope), -slope
        direction = self._conditioned(residual, diagonal)
        first = left = residual @ direction
        # In exact numbers, there are no more steps than dimensions.
        for _ in range(len(slope)):
            if left <= _INEXACT**2 * first or left == 0:
                break
            seen = self.short @ direction.astype(np.float32)
            curved = self.short.T @ (short * seen) + self.penalty * direction
            self.products += 1
            size = left / (direction @ curved)
            step += size * direction
            residual = residual - size * curved
            scaled = self._conditioned(residual, diagonal)
            before, left = left, residual @ scaled
            direction = scaled + left / before * direction
        return step, float(np.sqrt(max(-slope @ step, 0.0)))

    def _factorise(self, curvature: np.ndarray) -> None:
        """Make a factor of the curvature here, which conditions this step and those that follow."""
        weighted = self.rows * np.sqrt(curvature)[:, None]
        whole = weighted.T @ weighted + np.diag(self.penalty)
        self.factor = cholesky(whole, lower=True, overwrite_a=True).astype(np.float32)
        self.products = 0

    def _conditioned(self, residual: np.ndarray, diagonal: np.ndarray) -> np.ndarray:
        if self.factor is None:
            return residual / diagonal
        short = residual.astype(np.float32)
        return cho_solve((self.factor, True), short, check_finite=False).astype(float)
