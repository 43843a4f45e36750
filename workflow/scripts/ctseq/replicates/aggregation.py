"""How slices become a scan's probability, and from which probability on a scan is positive.

To change how the slices of a scan are combined, change or add a function in `SEQUENCE_RULES`;
workflow/schemas/config.schema.yaml (`sequence_rule`) and report/described/models.py name a new one,
too.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

# A bleed is seen on neighbouring slices, nine a positive patient on average in CT-ICH (318 of 36);
# three leave room for a small one.
TOP_SLICES = 3

# From which probability on a slice or scan is positive where nothing else is said or chosen.
DEFAULT_THRESHOLD = 0.5


def _noisy_or(probability: np.ndarray) -> float:
    """Return the probability that any slice is positive if slices were independent."""
    # In logarithms: a product of forty small factors loses digits.
    return float(-np.expm1(np.log1p(-np.clip(probability, 0, 1 - 1e-12)).sum()))


# `sequence_rule` of the configuration to a function from the probabilities of a scan's slices,
# shape (slices,), to that of the scan. `any` and `max` are one rule: any slice reaches a threshold
# if and only if the highest does.
SEQUENCE_RULES: dict[str, Callable[[np.ndarray], float]] = {
    "any": np.max,
    "max": np.max,
    "mean": np.mean,
    "noisy_or": _noisy_or,
    "majority": lambda probability: (probability >= DEFAULT_THRESHOLD).mean(),
    "top_mean": lambda probability: np.sort(probability)[-TOP_SLICES:].mean(),
}


def combine_slices(slices: pd.DataFrame, *, rule: str) -> pd.DataFrame:
    """Return one probability a scan, by scan id, from those of the scan's slices.

    `slices` has the columns ``scan_id`` and ``probability``, as has the result; `rule` is a key of
    `SEQUENCE_RULES`.
    """
    rows = slices["scan_id"].to_numpy(), slices["probability"].to_numpy()
    first, probability = _combined(*rows, rule=rule)
    return pd.DataFrame({"scan_id": rows[0][first], "probability": probability})


@dataclass(frozen=True)
class Scans:
    """The scan of each row that a model gives a probability, and how rows make a scan's.

    Attributes
    ----------
    numbers
        Equal for rows of one scan, int, shape (rows,).
    labels
        0 or 1, shape (rows,): the label of each row's scan, whatever the row itself is taught.
    rule
        A key of `SEQUENCE_RULES`; None if every row is a scan.
    """

    numbers: np.ndarray
    labels: np.ndarray
    rule: str | None

    def __getitem__(self, rows: np.ndarray | slice) -> "Scans":
        return Scans(self.numbers[rows], self.labels[rows], self.rule)

    def accuracy(self, probability: np.ndarray) -> float:
        """Return the share of scans that the threshold 0.5 calls right, given rows' probabilities.

        Every scan counts as one, however many rows it has.
        """
        labels = self.labels
        if self.rule is not None:
            first, probability = _combined(self.numbers, probability, rule=self.rule)
            labels = labels[first]
        return float(((probability >= DEFAULT_THRESHOLD) == labels).mean())


def _combined(
    scans: np.ndarray, probability: np.ndarray, *, rule: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the first row of each scan, in the order of scans, and the scan's probability."""
    order = np.argsort(scans, kind="stable")
    _, starts = np.unique(scans[order], return_index=True)
    parts = np.split(probability[order], starts[1:])
    return order[starts], np.array([SEQUENCE_RULES[rule](part) for part in parts], float)


def choose_threshold(truth: np.ndarray, probability: np.ndarray) -> float:
    """Return the decision threshold with the highest balanced accuracy (Youden's J).

    It is a midpoint between two neighbouring probabilities: among equally good ones the nearest to
    0.5, and of two equally near the lower. Probabilities closer together than rounding errors are
    never separated, so that these errors decide no prediction.

    Parameters
    ----------
    truth, probability
        Labels, 0 or 1, of both classes, and probabilities of the target, shape (scans,).

    Raises
    ------
    ValueError
        If the scans are of one class.
    """
    positive, negative = probability[truth == 1], probability[truth == 0]
    if not len(positive) or not len(negative):
        raise ValueError("a threshold is chosen between two classes")
    values = np.unique(np.concatenate([[0.0], probability, [1.0]]))
    thresholds = (values[1:] + values[:-1]) / 2
    # Errors of a probability are proportional to its distance from 0 or 1.
    apart = np.diff(values) > 1e-5 * np.minimum(thresholds, 1 - thresholds)
    thresholds = thresholds[apart]
    sensitivity, false_alarms = (
        (group >= thresholds[:, None]).mean(axis=1) for group in (positive, negative)
    )
    # Rounded, so that equal shares of other denominators are equal.
    gain = np.round(sensitivity - false_alarms, 12)
    best = thresholds[gain == gain.max()]
    return float(best[np.argmin(np.round(np.abs(best - 0.5), 12))])
