"""Replicates as samples, the undefined values among them, and tables made from them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, is_dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError, fail_on
from ctseq.evidence.metrics import METRICS
from ctseq.evidence.over_replicates.design import Design
from ctseq.evidence.rows import check_level, table_with_notes

UNDEFINED_CHOICES = ("exclude", "zero", "error")
# Metrics that readers ask of any model, compared or not.
ALWAYS_SHOWN = ("roc_auc", "recall", "specificity")


@dataclass(frozen=True)
class Replicates:
    """The values of metrics in every replicate of every model, and how they are compared.

    Attributes
    ----------
    models, metrics
        Names, in config's order.
    numbers
        Numbers of the replicates.
    measured
        The values, shape (models, metrics and those beside, replicates); NaN is undefined.
    design
        How the replicates were drawn.
    alpha
        Significance level; intervals have level 1 - `alpha`.
    undefined
        What is done with undefined values: ``exclude`` drops them, ``zero`` counts them as 0 (the
        paper's choice), ``error`` refuses them.
    primary
        The metric that the study's answer is about.
    contrasts
        The pairs of models that the answer is about; differences are first minus second.
    margins
        Metric to the smallest difference that matters, in its units, where it is not the metric's
        own (`Metric.margin`).
    beside
        Metrics that are not compared, of which means are shown all the same.
    """

    models: tuple[str, ...]
    metrics: tuple[str, ...]
    numbers: tuple[int, ...]
    measured: np.ndarray
    design: Design
    alpha: float
    undefined: str
    primary: str
    contrasts: tuple[tuple[str, str], ...]
    margins: Mapping[str, float]
    beside: tuple[str, ...] = ()

    @property
    def corrected(self) -> dict[str, float]:
        """Options of a test that is corrected for overlapping training sets."""
        return {"overlap": self.design.overlap, "alpha": self.alpha}

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """All pairs of models: the contrasts first, then the others in config's order."""
        known = {frozenset(pair) for pair in self.contrasts}
        others = [pair for pair in combinations(self.models, 2) if frozenset(pair) not in known]
        return [*self.contrasts, *others]

    def margin(self, metric: str) -> float:
        """Return the smallest difference in a metric that matters."""
        return self.margins.get(metric, METRICS[metric].margin)


@dataclass(frozen=True)
class Pair:
    """Two models' values, after undefined values were dropped or counted as 0.

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
    def n_smaller(self) -> int:
        """Number of values of the model that has fewer."""
        return min(len(self.a), len(self.b))


def replicates_of(rows: pd.DataFrame, design: Design, settings: Mapping[str, Any]) -> Replicates:
    """Return a study's replicates.

    Parameters
    ----------
    rows
        ``metrics.csv``.
    design
        How the replicates were drawn.
    settings
        Keys models and metrics (what to take, in this order), primary, contrasts, alpha, undefined,
        margins.

    Raises
    ------
    InputError
        If there are fewer than two models, no metric, other splits than replicates, a model lacks
        a metric in a replicate that another one has, or a setting is wrong.
    """
    models, metrics = settings["models"], settings["metrics"]
    check_level(settings["alpha"], "comparison.alpha")
    if settings["undefined"] not in UNDEFINED_CHOICES:
        raise InputError(
            f"comparison.undefined is {settings['undefined']!r} but must be one of "
            f"{', '.join(UNDEFINED_CHOICES)}."
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
    # A confusion matrix, as the published ones, has no AUC.
    beside = [name for name in ALWAYS_SHOWN if name in known and name not in metrics]
    numbers = sorted(set(rows["replicate"]))
    wanted = pd.MultiIndex.from_product([models, [*metrics, *beside], numbers])
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
    names = tuple(models), tuple(metrics), tuple(numbers)
    compared = (settings[key] for key in ("alpha", "undefined", "primary"))
    contrasts = tuple((first, second) for first, second in settings["contrasts"])
    measured = values.reshape(len(models), -1, len(numbers))
    given = *compared, contrasts, settings["margins"], tuple(beside)
    return Replicates(*names, measured, design, *given)


def values_of(replicates: Replicates, metric: str, *models: str) -> tuple[np.ndarray, int]:
    """Return models' values of a metric, shape (models, replicates).

    Undefined values are dropped or counted as 0: ``exclude`` drops a replicate for all of the
    models if it is undefined for any of them. The second result is the number of replicates with
    an undefined value.

    Raises
    ------
    InputError
        If a value is undefined and undefined values are refused.
    """
    rows = [replicates.models.index(model) for model in models]
    column = (*replicates.metrics, *replicates.beside).index(metric)
    values = replicates.measured[rows, column]
    undefined = np.isnan(values)
    if replicates.undefined == "error" and undefined.any():
        model, own = next(pair for pair in zip(models, undefined, strict=True) if pair[1].any())
        numbers = ", ".join(str(replicates.numbers[index]) for index in np.flatnonzero(own))
        raise InputError(
            f"The {metric} of model {model} is undefined in replicate {numbers} and "
            "comparison.undefined is 'error'. Choose 'exclude' or 'zero', or leave the metric out."
        )
    anywhere = undefined.any(axis=0)
    kept = values[:, ~anywhere] if replicates.undefined == "exclude" else np.nan_to_num(values)
    return kept, int(anywhere.sum())


def pair_of(
    replicates: Replicates, metric: str, model_a: str, model_b: str, *, separate: bool = False
) -> Pair:
    """Return two models' values of one metric, paired where they share their splits.

    `separate` takes them as samples of their own all the same, as the paper's tests do.
    """
    if replicates.design.shared_splits and not separate:
        (a, b), n_undefined = values_of(replicates, metric, model_a, model_b)
        return Pair(a, b, n_undefined)
    ([a], of_a), ([b], of_b) = (values_of(replicates, metric, own) for own in (model_a, model_b))
    return Pair(a, b, of_a + of_b, paired=False)


def models_table(
    replicates: Replicates,
    measure: Callable[[np.ndarray, str], Any],
    *,
    beside: bool = False,
) -> pd.DataFrame:
    """Return a table with a row a metric and model.

    `measure` takes the model's values and the metric, and returns the row's other cells, with
    `notes`. `beside` asks for rows of the metrics that are not compared, too. Their undefined
    values stop nothing: where those of compared ones are refused, theirs are dropped.
    """
    rows = []
    dropped = "exclude" if replicates.undefined == "error" else replicates.undefined
    lenient = replace(replicates, undefined=dropped)
    for metric in (*replicates.metrics, *replicates.beside * beside):
        given = replicates if metric in replicates.metrics else lenient
        for model in replicates.models:
            [values], n_undefined = values_of(given, metric, model)
            counts = {"n": len(values), "n_undefined": n_undefined}
            rows.append(
                {"metric": metric, "model": model, **_cells(measure(values, metric)), **counts}
            )
    return table_with_notes(rows)


def pairs_table(
    replicates: Replicates,
    measure: Callable[[Pair, str], Iterable[Any]],
    *,
    separate: bool = False,
) -> pd.DataFrame:
    """Return a table with rows of every metric and pair of models.

    `measure` takes both models' values and the metric, and returns the other cells of each row,
    with `notes`. `separate` takes the models' values as samples of their own and counts them apart.
    """
    rows = []
    for metric in replicates.metrics:
        for model_a, model_b in replicates.pairs:
            pair = pair_of(replicates, metric, model_a, model_b, separate=separate)
            names = {"metric": metric, "model_a": model_a, "model_b": model_b}
            n_a, n_b = len(pair.a), len(pair.b)
            n = {"n_a": n_a, "n_b": n_b} if separate else {"n": n_a if pair.paired else n_a + n_b}
            counts = {**n, "n_undefined": pair.n_undefined}
            rows += [{**names, **_cells(row), **counts} for row in measure(pair, metric)]
    return table_with_notes(rows)


def is_constant(values: np.ndarray) -> bool:
    """Return whether values differ by no more than rounding.

    Differences of ratios such as 18/25 - 15/25 are equal on paper but not in binary; 1e-12 is far
    above that rounding and far below the step of any metric.
    """
    return bool(np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())))


def pooled_variance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the variance of two samples around their own means, pooled by degrees of freedom."""
    df_a, df_b = len(a) - 1, len(b) - 1
    return float((df_a * a.var(ddof=1) + df_b * b.var(ddof=1)) / (df_a + df_b))


def _cells(row: Any) -> dict[str, Any]:
    return asdict(row) if is_dataclass(row) else row
