"""A family as a user would add one: the class whose mean is nearer.

Its line in `registry.FAMILIES`: ``"nearest": Family("nearest_mean", "nearest mean")``.
"""

import numpy as np

from ctseq.families.contract import Fitted, Learned, Predicted


def fit(inputs, task, settings, *, seed, replicate):
    """Learn the mean of each class."""
    train = task.outer.train
    means = np.stack(
        [inputs.vectors[train[task.labels[train] == label]].mean(axis=0) for label in (0, 1)]
    )
    fitted = Fitted(settings, facts={"n": len(train)}, arrays={"means": means})
    held_out = [_probability(means, inputs.vectors[fit.held_out]) for fit in task.inner]
    return Learned(fitted, held_out, {"n": len(train)})


def predict(fitted, inputs):
    """Predict the rows of a scan."""
    return Predicted(_probability(fitted.arrays["means"], inputs.vectors[inputs.numbers]))


def _probability(means, vectors):
    distances = np.linalg.norm(vectors[:, None] - means, axis=2).astype(float)
    return distances[:, 0] / distances.sum(axis=1)
