"""How heads read inputs: rows or padded sequences, standardised by what they learn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ctseq.cache.row_arrays import Rows
from ctseq.families.inputs import Inputs
from ctseq.families.trained.standardise import (
    COMPONENTS,
    Standardised,
    learn_standards,
    slices_of,
)
from ctseq.replicates.tasks import Fit

# Rows that are standardised at a time: 21 MB, in double precision, of the width 1280.
_READ = 2048


@dataclass(frozen=True)
class Padded:
    """Sequences padded with 0 to the length of the longest, on demand.

    `features` are float32, shape (slices, features); `sequences` are the rows of them that each
    scan has, in the order in which heads read them.
    """

    features: Rows
    sequences: Sequence[np.ndarray]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Scans, slices of the longest sequence, features."""
        return len(self.sequences), max(map(len, self.sequences)), self.features.shape[1]

    def __getitem__(self, scans: np.ndarray) -> np.ndarray:
        """Return the sequences of scans, (...), as an array (..., slices, features)."""
        padded = np.zeros((*scans.shape, *self.shape[1:]), np.float32)
        own = [self.sequences[scan] for scan in scans.flat]
        present = np.arange(self.shape[1]) < np.array([*map(len, own)])[:, None]
        padded[present.reshape(padded.shape[:-1])] = self.features[np.concatenate(own)]
        return padded


def read(inputs: Inputs) -> Sequence[Rows]:
    """Return inputs as heads take them: rows, or sequences and their lengths, shape (scans,)."""
    if inputs.members is None:
        return [inputs.vectors]
    return [Padded(inputs.vectors, inputs.members), np.array([*map(len, inputs.members)])]


def standards(
    inputs: Inputs, fits: Sequence[Fit], training: Mapping[str, Any]
) -> list[dict[str, np.ndarray]]:
    """Return what each fit learns from its own training rows of how features are standardised.

    Of sequences that are all slices of the training scans. All fits have as many components, the
    number that the smallest of them allows. `training` is the section of the configuration; see
    `standardise.learn_standards`.
    """
    members = inputs.members
    of_fits = [fit.train if members is None else slices_of(members, fit.train) for fit in fits]
    components = training["components"]
    if components is not None:
        components = min(components, *(len(rows) - 1 for rows in of_fits))
    options = {"standardise": training["standardise"], "components": components}
    learned = [learn_standards(inputs.vectors, rows, **options) for rows in of_fits]
    if components is not None:
        for own, rows in zip(learned, of_fits, strict=True):
            # As large as standardised features, for which heads' initial weights are made; all by
            # one factor, so that weak components stay weak. Rows that are all the same have none.
            own[COMPONENTS] /= _computed(Standardised(inputs.vectors, own), rows).std() or 1
    return learned


def seen(inputs: Inputs, learned: Mapping[str, np.ndarray]) -> Inputs:
    """Return inputs with features standardised by what was learned, as `standards` returns it.

    Components are computed at once, and features without only where they are asked for: they take
    many times the memory.
    """
    if not learned:
        return inputs
    found = Standardised(inputs.vectors, learned)
    narrow = found.shape[1] < inputs.vectors.shape[1]
    if narrow:
        found = _computed(found, np.arange(found.shape[0]))
    return replace(inputs, vectors=found)


def _computed(features: Standardised, rows: np.ndarray) -> np.ndarray:
    """Return rows of features, some at a time: all of them are wide in between."""
    return np.concatenate(
        [features[part] for part in np.split(rows, range(_READ, len(rows), _READ))]
    )
