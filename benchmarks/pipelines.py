"""scikit-learn's textbook pipelines, beside which heads are set.

All standardise features by the training rows and fit a logistic regression, whose strength is
chosen inside the training scans by the log loss of held-out rows.
"""

from collections.abc import Callable

import numpy as np
from simulated_features import Dataset
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# Of the range from which solved heads choose (`ctseq.families.trained.exact`), and as many folds as
# the recommended protocol has.
STRENGTHS = [10.0**power for power in range(-6, 3)]
FOLDS = 5
# A scan's probability is the mean of so many of its slices', the highest.
TOP = 3
# More than L-BFGS takes where features are standardised.
_STEPS = 5000

# A scan's slices, shape (slices, features), to its row. The last sees their order: it is how much a
# feature rises along the scan.
_POOLS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda slices: slices.mean(axis=0),
    "max": lambda slices: slices.max(axis=0),
    "max+mean": lambda slices: np.concatenate([slices.max(axis=0), slices.mean(axis=0)]),
    "slope": lambda slices: np.linspace(-1, 1, len(slices)) @ slices / len(slices),
}
MEAN, MAX, MAX_MEAN, SLOPE = (f"sklearn {pool}" for pool in _POOLS)
SLICES = "sklearn slices"
PIPELINES = (MEAN, MAX, MAX_MEAN, SLICES, SLOPE)


def fit_pipeline(name: str, data: Dataset, *, seed: int) -> Callable[[], np.ndarray]:
    """Fit a pipeline to the training scans and return what gives the test scans' scores.

    Parameters
    ----------
    name
        One of `PIPELINES`. Pooled scans learn their labels; slices learn their own, both classes
        weighing the same.
    seed
        Of the inner folds.
    """
    if name == SLICES:
        return _fit_slices(data, seed)
    pool = _POOLS[name.removeprefix("sklearn ")]
    X = np.stack([pool(data.vectors[own]) for own in data.rows])
    y = data.scans["target"].to_numpy()
    search = _search(StratifiedKFold(FOLDS, shuffle=True, random_state=seed))
    search.fit(X[data.trains], y[data.trains])
    return lambda: search.decision_function(X[~data.trains])


def _fit_slices(data: Dataset, seed: int) -> Callable[[], np.ndarray]:
    rows = [own for own, trains in zip(data.rows, data.trains, strict=True) if trains]
    scan = np.repeat(np.arange(len(rows)), [*map(len, rows)])
    train = np.concatenate(rows)
    search = _search(
        StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed), class_weight="balanced"
    )
    search.fit(data.vectors[train], data.slices["target"].to_numpy()[train], groups=scan)

    def scores() -> np.ndarray:
        tested = [own for own, trains in zip(data.rows, data.trains, strict=True) if not trains]
        found = [search.predict_proba(data.vectors[own])[:, 1] for own in tested]
        return np.array([np.sort(own)[-TOP:].mean() for own in found])

    return scores


def _search(folds: StratifiedKFold | StratifiedGroupKFold, **options: str) -> GridSearchCV:
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=_STEPS, **options))
    grid = {"logisticregression__C": STRENGTHS}
    return GridSearchCV(pipeline, grid, scoring="neg_log_loss", cv=folds)
