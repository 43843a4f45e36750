"""What a family is: a module that learns from inputs and predicts others.

Its line in `registry.FAMILIES` names the module, which may serve several families. Pooling, fusion
and the order of slices are done for it before, and it stores and loads nothing itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol

import numpy as np
import pandas as pd

from ctseq.families.inputs import Inputs, Reading
from ctseq.families.registry import FAMILIES
from ctseq.replicates.tasks import Task


@dataclass(frozen=True)
class Fitted:
    """A model that has learned, in what can be stored without code.

    A family sets the first four; the others say what it was given.

    Attributes
    ----------
    settings
        The model's settings that it was fitted with, among them the name of its ``family``.
    facts
        What JSON can hold.
    arrays
        float32, by name.
    estimators
        Of scikit-learn, by name. The module then has ``TRUSTED``: the types, beyond those that
        skops knows, that may be loaded for each of its families.
    reading
        How the model reads features.
    encoders
        The descriptions of the encoders whose features it learned from.
    """

    settings: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    estimators: Mapping[str, Any] = field(default_factory=dict)
    reading: Reading = Reading()
    encoders: Sequence[Mapping[str, Any]] = ()

    @property
    def family(self) -> str:
        """Its family, a key of `registry.FAMILIES`."""
        return self.settings["family"]


@dataclass(frozen=True)
class Learned:
    """What came of a training.

    Attributes
    ----------
    fitted
        The model.
    held_out
        For each inner fit of the task, the probabilities of the rows that it held out.
    summary
        What was chosen, by name: ``peak_rate``, ``epoch`` and the final layer's
        ``relative_weight_change`` of what is trained in epochs, else hyperparameters.
    history
        `tables.HISTORY`: the epochs at every setting; None without epochs.
    """

    fitted: Fitted
    held_out: Sequence[np.ndarray]
    summary: Mapping[str, float]
    history: pd.DataFrame | None = None


@dataclass(frozen=True)
class Predicted:
    """What a model says of some inputs.

    Attributes
    ----------
    probability
        Of the target, shape (inputs,); of what is read in context, of each input's members in turn.
    attention
        The weights of each input's members, which sum to 1; empty without attention.
    """

    probability: np.ndarray
    attention: Sequence[np.ndarray] = ()


class FamilyModule(Protocol):
    """What the module of a family offers."""

    def fit(
        self, inputs: Inputs, task: Task, settings: Mapping[str, Any], *, seed: int, replicate: int
    ) -> Learned:
        """Learn a task.

        Parameters
        ----------
        inputs
            With a row a label of `task`, or a member where slices are read in context.
        task
            The rows to learn from, and the inner fits to choose by, if there are any.
        settings
            The model's, as `study.models.Model.settings` returns them.
        seed, replicate
            The study's seed and the number of the replicate: together they seed all that is random.
        """
        ...

    def predict(self, fitted: Fitted, inputs: Inputs) -> Predicted:
        """Predict the inputs of one scan: they come one by one, so that none matters to others."""
        ...


def module_of(family: str) -> FamilyModule:
    """Return the module of a family: imported now, so that none needs another's libraries."""
    return import_module(FAMILIES[family].module)
