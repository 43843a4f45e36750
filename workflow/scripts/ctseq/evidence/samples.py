"""Replicates as samples, and what is done with undefined values among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError, fail_on

POLICIES = ("exclude", "zero", "error")


@dataclass(frozen=True)
class Replicates:
    """The value of every metric in every replicate of every model.

    Attributes
    ----------
    models, metrics
        Names, in config's order.
    numbers
        Numbers of the replicates.
    values
        Shape (models, metrics, replicates); NaN is undefined.
    shared_splits
        Whether a replicate is the same split for every model, so that models can be paired.
    """

    models: tuple[str, ...]
    metrics: tuple[str, ...]
    numbers: tuple[int, ...]
    values: np.ndarray
    shared_splits: bool = True

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every pair of models, in config's order."""
        return list(combinations(self.models, 2))

    def of(self, model: str, metric: str) -> np.ndarray:
        """Give one model's values of one metric, shape (replicates,)."""
        return self.values[self.models.index(model), self.metrics.index(metric)]


@dataclass(frozen=True)
class Sample:
    """One model's values after the policy; `n_undefined` counts what it touched."""

    values: np.ndarray
    n_undefined: int


@dataclass(frozen=True)
class Pair:
    """Two models' values after the policy.

    Attributes
    ----------
    a, b
        Places belong to the same replicate if `paired`; otherwise shapes may differ.
    n_undefined
        Replicates that the policy touched; of both models together if not `paired`.
    paired
        Whether the models share their splits.
    """

    a: np.ndarray
    b: np.ndarray
    n_undefined: int
    paired: bool = True

    @property
    def n(self) -> int:
        """Differences if paired, otherwise values of both models together."""
        return len(self.a) if self.paired else len(self.a) + len(self.b)


def replicates_of(
    rows: pd.DataFrame,
    *,
    models: Sequence[str],
    metrics: Sequence[str],
    shared_splits: bool = True,
) -> Replicates:
    """Arrange ``metrics.csv`` as samples.

    Parameters
    ----------
    rows
        Columns model, replicate, metric and value.
    models, metrics
        What to take, in this order; other rows are left out.
    shared_splits
        Whether a replicate is the same split for every model.

    Raises
    ------
    InputError
        If there are fewer than two models, no metric, or a model lacks a metric in a replicate
        that another one has.
    """
    if len(set(models)) < 2 or len(set(models)) < len(models):
        raise InputError(
            f"A comparison needs two models or more, each once; got {', '.join(models) or 'none'}."
        )
    if not metrics or len(set(metrics)) < len(metrics):
        raise InputError("comparison.metrics must name at least one metric, each once.")
    known = sorted(set(rows["metric"]))
    unknown = [metric for metric in metrics if metric not in known]
    if unknown:
        raise InputError(
            f"comparison.metrics names {unknown[0]!r}, which metrics.csv does not hold; "
            f"it holds {', '.join(known)}."
        )
    numbers = sorted(set(rows["replicate"]))
    place = pd.MultiIndex.from_product([models, metrics, numbers])
    found = rows.set_index(["model", "metric", "replicate"])["value"]
    missing = place[~place.isin(found.index)]
    fail_on(
        [f"model {a}, metric {b}, replicate {c}" for a, b, c in missing[:5]],
        title="metrics.csv lacks rows",
        cure="Every model needs every metric in every replicate; remake metrics.csv.",
    )
    values = found.reindex(place).to_numpy(dtype=float)
    if np.isinf(values).any():
        raise InputError("metrics.csv holds an infinite value; remake it.")
    shape = (len(models), len(metrics), len(numbers))
    return Replicates(
        tuple(models), tuple(metrics), tuple(numbers), values.reshape(shape), shared_splits
    )


def sample_of(replicates: Replicates, model: str, metric: str, policy: str) -> Sample:
    """Take one model's sample, as the unpaired analyses use it.

    Parameters
    ----------
    policy
        ``exclude`` drops undefined values, ``zero`` counts them as 0 (the paper's choice),
        ``error`` refuses them.

    Raises
    ------
    InputError
        With ``error`` if a value is undefined; if the policy is not known.
    """
    values = replicates.of(model, metric)
    undefined = np.isnan(values)
    _check(replicates, model, metric, undefined, policy)
    return Sample(_treat(values, undefined, policy), int(undefined.sum()))


def pair_of(replicates: Replicates, model_a: str, model_b: str, metric: str, policy: str) -> Pair:
    """Take two models' samples for a comparison.

    As `sample_of`, but where models share their splits, ``exclude`` drops a replicate for both
    if it is undefined for either.
    """
    if not replicates.shared_splits:
        of_a, of_b = (sample_of(replicates, model, metric, policy) for model in (model_a, model_b))
        n_undefined = of_a.n_undefined + of_b.n_undefined
        return Pair(of_a.values, of_b.values, n_undefined, paired=False)
    a, b = replicates.of(model_a, metric), replicates.of(model_b, metric)
    for model, values in ((model_a, a), (model_b, b)):
        _check(replicates, model, metric, np.isnan(values), policy)
    undefined = np.isnan(a) | np.isnan(b)
    if policy == "exclude":
        return Pair(a[~undefined], b[~undefined], int(undefined.sum()))
    return Pair(np.nan_to_num(a), np.nan_to_num(b), int(undefined.sum()))


def is_constant(values: np.ndarray) -> bool:
    """Tell whether values differ by no more than rounding.

    Differences of ratios such as 18/25 - 15/25 are equal on paper but not in binary; 1e-12 is far
    above that rounding and far below the step of any metric.
    """
    return bool(np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())))


def check_level(value: float, name: str) -> None:
    """Refuse a significance level that is no proportion between 0 and 1."""
    if not 0 < value < 1:
        raise InputError(f"{name} is {value!r} but must lie between 0 and 1, such as 0.05.")


def joined(*notes: str) -> str:
    """Join the notes that are not empty."""
    return "; ".join(note for note in notes if note)


def _treat(values: np.ndarray, undefined: np.ndarray, policy: str) -> np.ndarray:
    return values[~undefined] if policy == "exclude" else np.where(undefined, 0.0, values)


def _check(
    replicates: Replicates, model: str, metric: str, undefined: np.ndarray, policy: str
) -> None:
    if policy not in POLICIES:
        raise InputError(
            f"comparison.undefined is {policy!r} but must be one of {', '.join(POLICIES)}."
        )
    if policy == "error" and undefined.any():
        numbers = ", ".join(str(replicates.numbers[place]) for place in np.flatnonzero(undefined))
        raise InputError(
            f"The {metric} of model {model} is undefined in replicate {numbers} and "
            "comparison.undefined is 'error'. Choose 'exclude' or 'zero', or leave the metric out."
        )
