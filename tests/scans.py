"""Scans of slices for tests, with scores by which slices and scans choose different epochs."""

from dataclasses import dataclass

import numpy as np

from ctseq.families.trained.candidates import Truth, search
from ctseq.families.trained.training import Setting, Training
from ctseq.replicates.aggregation import Scans

# One scan that bleeds on its first slice, and two that do not.
LABELS = np.array([1, 0, 0] + [0, 0, 0] * 2)
SCANS = Scans(np.repeat([0, 1, 2], 3), np.repeat([1, 0, 0], 3), "any")
# Probabilities of the slices after two epochs. After the first, 7 of 9 slices are right, but either
# negative scan has one that is positive: 1 of 3 scans is right. After the second, 6 slices are, and
# all scans.
EPOCHS = [
    np.array([0.9, 0.1, 0.1] + [0.6, 0.1, 0.1] * 2),
    np.array([0.4, 0.6, 0.6] + [0.1, 0.1, 0.1] * 2),
]


def alone(labels):
    """Return the scans of rows that are a scan each."""
    return Scans(np.arange(len(labels)), labels, None)


@dataclass(frozen=True)
class Examples:
    """What a head learns from: inputs, labels, and the scan of each row."""

    inputs: list
    labels: np.ndarray
    scans: Scans


def examples_of(inputs, labels):
    """Return what a head learns from rows that are a scan each."""
    return Examples(inputs, labels, alone(labels))


def searched(head, data, fits, *, initial, settings, recipe, by="loss", halving=False, seed=(0,)):
    """Train a head at some settings, or rates, on every fit: a candidate each."""
    if not isinstance(settings[0], Setting):
        settings = [Setting(rate, recipe["weight_decay"]) for rate in settings]
    trainings = [
        [
            Training(data.inputs, fit, initial, setting, [*seed, number], [*seed, number, 1])
            for number, fit in enumerate(fits)
        ]
        for setting in settings
    ]
    truth = Truth(data.labels, data.scans)
    return search(head, trainings, truth, settings=recipe, by=by, halving=halving)
