"""Replicates as samples, the undefined values among them, and tables made from them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError, fail_on
from ctseq.evidence.levels import check_level
from ctseq.evidence.notes import write_notes
from ctseq.evidence.over_replicates.design import Design

POLICIES = ("exclude", "zero", "error")


@dataclass(frozen=True)
class Replicates:
    """The values of metrics in every replicate of every model, and how they are compared.

    Attributes
    ----------
    models, metrics
        Names, in config's order.
    numbers
        Numbers of the replicates.
    values
        Shape (models, metrics, replicates); NaN is undefined.
    design
        How the replicates were drawn.
    alpha
        Significance level; intervals have level 1 - `alpha`.
    undefined
        What is done with undefined values: ``exclude`` drops them, ``zero`` counts them as 0 (the
        paper's choice), ``error`` refuses them.
    rope
        Half-width of the region of practical equivalence around 0, in the metrics' units.
    """

    models: tuple[str, ...]
    metrics: tuple[str, ...]
    numbers: tuple[int, ...]
    values: np.ndarray
    design: Design
    alpha: float
    undefined: str
    rope: float

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every pair of models, in config's order."""
        return list(combinations(self.models, 2))

    @property
    def corrected(self) -> dict[str, float]:
        """What a test corrected for overlapping training sets goes by."""
        return {"test_train_ratio": self.design.test_train_ratio, "alpha": self.alpha}

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


def replicates_of(rows: pd.DataFrame, design: Design, settings: Mapping[str, Any]) -> Replicates:
    """Return a study's replicates.

    Parameters
    ----------
    rows
        ``metrics.csv``: columns model, replicate, metric and value.
    design
        How the replicates were drawn.
    settings
        Keys models and metrics (what to take, in this order), alpha, undefined, rope.

    Raises
    ------
    InputError
        If there are fewer than two models, no metric, other splits than replicates, a model lacks
        a metric in a replicate that another one has, or a setting is wrong.
    """
    models, metrics = settings["models"], settings["metrics"]
    check_level(settings["alpha"], "comparison.alpha")
    if settings["undefined"] not in POLICIES:
        raise InputError(
            f"comparison.undefined is {settings['undefined']!r} but must be one of "
            f"{', '.join(POLICIES)}."
        )
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
    if design.n_splits not in (None, len(numbers)):
        raise InputError(
            f"There are {design.n_splits} splits but {len(numbers)} replicates in metrics.csv. "
            "Remake metrics.csv."
        )
    shape = (len(models), len(metrics), len(numbers))
    compared = (settings[key] for key in ("alpha", "undefined", "rope"))
    names = tuple(models), tuple(metrics), tuple(numbers)
    return Replicates(*names, values.reshape(shape), design, *compared)


def sample_of(replicates: Replicates, model: str, metric: str) -> Sample:
    """Return one model's values of one metric, undefined ones treated.

    Raises
    ------
    InputError
        If a value is undefined and undefined values are refused.
    """
    values = replicates.of(model, metric)
    undefined = np.isnan(values)
    _check(replicates, model, metric, undefined)
    treated = values[~undefined] if replicates.undefined == "exclude" else np.nan_to_num(values)
    return Sample(treated, int(undefined.sum()))


def pair_of(replicates: Replicates, model_a: str, model_b: str, metric: str) -> Pair:
    """Return two models' values of one metric, undefined ones treated.

    As `sample_of`, but where models share their splits, ``exclude`` drops a replicate for both
    if it is undefined for either.
    """
    if not replicates.design.shared_splits:
        return separate_pair_of(replicates, model_a, model_b, metric)
    a, b = replicates.of(model_a, metric), replicates.of(model_b, metric)
    for model, values in ((model_a, a), (model_b, b)):
        _check(replicates, model, metric, np.isnan(values))
    undefined = np.isnan(a) | np.isnan(b)
    if replicates.undefined == "exclude":
        return Pair(a[~undefined], b[~undefined], int(undefined.sum()))
    return Pair(np.nan_to_num(a), np.nan_to_num(b), int(undefined.sum()))


def separate_pair_of(replicates: Replicates, model_a: str, model_b: str, metric: str) -> Pair:
    """Return two models' values as samples of their own, as the paper's tests take them."""
    a, b = (sample_of(replicates, model, metric) for model in (model_a, model_b))
    return Pair(a.values, b.values, a.n_undefined + b.n_undefined, paired=False)


def models_table(replicates: Replicates, measure: Callable[[np.ndarray], Any]) -> pd.DataFrame:
    """Return a table with a row a metric and model.

    `measure` takes the model's values and returns the row's other cells, with `notes`.
    """
    rows = []
    for metric in replicates.metrics:
        for model in replicates.models:
            sample = sample_of(replicates, model, metric)
            counts = {"n": len(sample.values), "n_undefined": sample.n_undefined}
            cells = _cells(measure(sample.values))
            rows.append({"metric": metric, "model": model, **cells, **counts})
    return table_with_notes(rows)


def pairs_table(
    replicates: Replicates,
    measure: Callable[[Pair, str], Iterable[Any]],
    *,
    separate: bool = False,
) -> pd.DataFrame:
    """Return a table with rows of every metric and pair of models.

    Parameters
    ----------
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
            pair = take(replicates, model_a, model_b, metric)
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
    """Return whether values differ by no more than rounding.

    Differences of ratios such as 18/25 - 15/25 are equal on paper but not in binary; 1e-12 is far
    above that rounding and far below the step of any metric.
    """
    return bool(np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())))


def _cells(row: Any) -> dict[str, Any]:
    return asdict(row) if is_dataclass(row) else row


def _check(replicates: Replicates, model: str, metric: str, undefined: np.ndarray) -> None:
    if replicates.undefined == "error" and undefined.any():
        numbers = ", ".join(str(replicates.numbers[index]) for index in np.flatnonzero(undefined))
        raise InputError(
            f"The {metric} of model {model} is undefined in replicate {numbers} and "
            "comparison.undefined is 'error'. Choose 'exclude' or 'zero', or leave the metric out."
        )
