"""Replicates as samples, the undefined values among them, and tables made from them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError, fail_on
from ctseq.evidence.notes import write_notes

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
        """Return one model's values of one metric, shape (replicates,)."""
        return self.values[self.models.index(model), self.metrics.index(metric)]


@dataclass(frozen=True)
class Sample:
    """One model's values, undefined ones treated; `n_undefined` counts those."""

    values: np.ndarray
    n_undefined: int


@dataclass(frozen=True)
class Pair:
    """Two models' values, undefined ones treated.

    Attributes
    ----------
    a, b
        Values of the same replicates, in order, if `paired`; otherwise shapes may differ.
    n_undefined
        Replicates with an undefined value; of both models together if not `paired`.
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
    """Return the values of ``metrics.csv`` by model, metric and replicate.

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
    wanted = pd.MultiIndex.from_product([models, metrics, numbers])
    found = rows.set_index(["model", "metric", "replicate"])["value"]
    missing = wanted[~wanted.isin(found.index)]
    fail_on(
        [f"model {a}, metric {b}, replicate {c}" for a, b, c in missing[:5]],
        title="metrics.csv lacks rows",
        cure="Every model needs every metric in every replicate; remake metrics.csv.",
    )
    values = found.reindex(wanted).to_numpy(dtype=float)
    if np.isinf(values).any():
        raise InputError("metrics.csv holds an infinite value; remake it.")
    shape = (len(models), len(metrics), len(numbers))
    return Replicates(
        tuple(models), tuple(metrics), tuple(numbers), values.reshape(shape), shared_splits
    )


def sample_of(replicates: Replicates, model: str, metric: str, policy: str) -> Sample:
    """Return one model's values of one metric.

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
    treated = values[~undefined] if policy == "exclude" else np.nan_to_num(values)
    return Sample(treated, int(undefined.sum()))


def pair_of(replicates: Replicates, model_a: str, model_b: str, metric: str, policy: str) -> Pair:
    """Return two models' values of one metric.

    As `sample_of`, but where models share their splits, ``exclude`` drops a replicate for both
    if it is undefined for either.
    """
    if not replicates.shared_splits:
        return separate_pair_of(replicates, model_a, model_b, metric, policy)
    a, b = replicates.of(model_a, metric), replicates.of(model_b, metric)
    for model, values in ((model_a, a), (model_b, b)):
        _check(replicates, model, metric, np.isnan(values), policy)
    undefined = np.isnan(a) | np.isnan(b)
    if policy == "exclude":
        return Pair(a[~undefined], b[~undefined], int(undefined.sum()))
    return Pair(np.nan_to_num(a), np.nan_to_num(b), int(undefined.sum()))


def separate_pair_of(
    replicates: Replicates, model_a: str, model_b: str, metric: str, policy: str
) -> Pair:
    """Return two models' values as samples of their own, as the paper's tests take them."""
    a, b = (sample_of(replicates, model, metric, policy) for model in (model_a, model_b))
    return Pair(a.values, b.values, a.n_undefined + b.n_undefined, paired=False)


def models_table(
    replicates: Replicates, undefined: str, measure: Callable[[np.ndarray], Any]
) -> pd.DataFrame:
    """Return a table with a row a metric and model.

    Parameters
    ----------
    undefined
        What is done with undefined values: one of `POLICIES`.
    measure
        Takes the model's values; returns the row's other cells, with `notes`.
    """
    rows = []
    for metric in replicates.metrics:
        for model in replicates.models:
            sample = sample_of(replicates, model, metric, undefined)
            counts = {"n": len(sample.values), "n_undefined": sample.n_undefined}
            cells = _cells(measure(sample.values))
            rows.append({"metric": metric, "model": model, **cells, **counts})
    return table_with_notes(rows)


def pairs_table(
    replicates: Replicates,
    undefined: str,
    measure: Callable[[Pair, str], Iterable[Any]],
    *,
    separate: bool = False,
) -> pd.DataFrame:
    """Return a table with rows of every metric and pair of models.

    Parameters
    ----------
    undefined
        What is done with undefined values: one of `POLICIES`.
    measure
        Takes both models' values and the metric; returns the other cells of each row, with
        `notes`.
    separate
        Take the models' values as samples of their own, and count them apart.
    """
    take = separate_pair_of if separate else pair_of
    rows = []
    for metric in replicates.metrics:
        for model_a, model_b in replicates.pairs:
            pair = take(replicates, model_a, model_b, metric, undefined)
            names = {"metric": metric, "model_a": model_a, "model_b": model_b}
            n = {"n_a": len(pair.a), "n_b": len(pair.b)} if separate else {"n": pair.n}
            counts = {**n, "n_undefined": pair.n_undefined}
            rows += [{**names, **_cells(row), **counts} for row in measure(pair, metric)]
    return table_with_notes(rows)


def table_with_notes(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as a table whose last column holds their notes as text."""
    frame = pd.DataFrame(rows)
    frame["notes"] = [write_notes(notes) for notes in frame.pop("notes")]
    return frame


def is_constant(values: np.ndarray) -> bool:
    """Tell whether values differ by no more than rounding.

    Differences of ratios such as 18/25 - 15/25 are equal on paper but not in binary; 1e-12 is far
    above that rounding and far below the step of any metric.
    """
    return bool(np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())))


def _cells(row: Any) -> dict[str, Any]:
    return asdict(row) if is_dataclass(row) else row


def _check(
    replicates: Replicates, model: str, metric: str, undefined: np.ndarray, policy: str
) -> None:
    if policy not in POLICIES:
        raise InputError(
            f"comparison.undefined is {policy!r} but must be one of {', '.join(POLICIES)}."
        )
    if policy == "error" and undefined.any():
        numbers = ", ".join(str(replicates.numbers[index]) for index in np.flatnonzero(undefined))
        raise InputError(
            f"The {metric} of model {model} is undefined in replicate {numbers} and "
            "comparison.undefined is 'error'. Choose 'exclude' or 'zero', or leave the metric out."
        )
