"""How much of the spread between replicates is luck of the split, and how much of the training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ctseq.evidence.notes import Code, Note, note
from ctseq.evidence.over_replicates.samples import is_constant
from ctseq.evidence.rows import defined_rows, table_with_notes


@dataclass(frozen=True)
class SeededRuns:
    """Runs of every split with every seed, `tables.SEEDED`, and how they are compared.

    `models`, `contrasts` and `undefined` are those of `Replicates`.
    """

    rows: pd.DataFrame
    models: Sequence[str]
    contrasts: Sequence[Sequence[str]]
    undefined: str


@dataclass(frozen=True)
class VarianceParts:
    """Variances of a metric by where they come from.

    Attributes
    ----------
    split, seed
        Of the splits, and of the numbers that seed trainings.
    rest
        Of their interaction: how a seed does on one split and not on others.
    notes
        Which parts were estimated below 0, and set to it; that no seed changes a value.
    """

    split: float = np.nan
    seed: float = np.nan
    rest: float = np.nan
    notes: tuple[Note, ...] = ()

    @property
    def total(self) -> float:
        """Variance of a replicate, which has a split and a seed of its own."""
        return self.split + self.seed + self.rest

    def width(self, trainings: float) -> float:
        """Return how wide an interval gets if each replicate is the mean of so many trainings.

        It is a share of its width with one training a replicate, whose interval is proportional
        to the deviation of a replicate.
        """
        training = (self.seed + self.rest) / trainings
        return float(np.sqrt((self.split + training) / self.total)) if self.total else np.nan


def variance_parts(values: np.ndarray) -> VarianceParts:
    """Split the variance of a crossed design into its parts by the method of moments.

    Two-way random effects without repetition: the mean squares of rows, columns and rest are
    set equal to their expectations (Searle, Casella and McCulloch 1992, Variance Components,
    section 4.3). Bouthillier et al. 2021 (Proceedings of MLSys 3) measure benchmarks so.

    Parameters
    ----------
    values
        Shape (splits, seeds), every split with every seed.

    Returns
    -------
    VarianceParts
        NaN with fewer than two splits or seeds, or if no value differs.
    """
    n_splits, n_seeds = values.shape
    if min(values.shape) < 2:
        return VarianceParts(notes=(note(Code.NEEDS_SPLITS_AND_SEEDS, n_a=n_splits, n_b=n_seeds),))
    if is_constant(values):
        return VarianceParts(notes=(note(Code.VALUES_EQUAL),))
    if np.ptp(values, axis=1).max() <= 1e-12:
        of_split = float(values[:, 0].var(ddof=1))
        return VarianceParts(of_split, 0.0, 0.0, (note(Code.SEEDS_CHANGE_NOTHING),))
    mean = values.mean()
    of_split, of_seed = values.mean(axis=1) - mean, values.mean(axis=0) - mean
    rest = values - mean - of_split[:, None] - of_seed
    ms_split = n_seeds * (of_split**2).sum() / (n_splits - 1)
    ms_seed = n_splits * (of_seed**2).sum() / (n_seeds - 1)
    ms_rest = (rest**2).sum() / ((n_splits - 1) * (n_seeds - 1))
    split, seed = (ms_split - ms_rest) / n_seeds, (ms_seed - ms_rest) / n_splits
    below = {Code.SPLIT_PART_BELOW_ZERO: split < 0, Code.SEED_PART_BELOW_ZERO: seed < 0}
    notes = tuple(note(code) for code, is_below in below.items() if is_below)
    return VarianceParts(max(float(split), 0.0), max(float(seed), 0.0), float(ms_rest), notes)


def variance_table(given: SeededRuns) -> pd.DataFrame:
    """Return the variance parts of each model and of the difference of each contrast."""
    rows = []
    for metric, runs in given.rows.groupby("metric", sort=False):
        grids = {
            model: own.pivot(index="replicate", columns="seed", values="value").to_numpy()
            for model, own in runs.groupby("model")
        }
        for model, *minus in [*([model] for model in given.models), *given.contrasts]:
            names = {"metric": metric, "model": model, "minus": "".join(minus)}
            values = np.stack([grids[own] for own in (model, *minus)], axis=-1)
            rows.append(names | _row(values, given.undefined, f"{metric} of {model}"))
    return table_with_notes(rows)


def _row(values: np.ndarray, undefined: str, name: str) -> dict[str, Any]:
    """Return the cells of a model, or of the first of two minus the second.

    `values` have shape (splits, seeds, models). Undefined ones count as 0 in a model, and not in a
    difference.
    """
    kept, n_undefined = defined_rows(values, undefined, name=name)
    parts = variance_parts(kept[..., 0] - kept[..., 1:].sum(axis=-1))
    n_seeds = values.shape[1]
    # A total of 0 has no shares.
    total = parts.total or np.nan
    variances = {"split": parts.split, "seed": parts.seed, "rest": parts.rest}
    return {
        "sd": float(np.sqrt(parts.total)),
        **{f"variance_{name}": value for name, value in variances.items()},
        **{f"share_{name}": value / total for name, value in variances.items()},
        "width_averaged": parts.width(n_seeds),
        "width_limit": parts.width(np.inf),
        "n": len(kept),
        "n_seeds": n_seeds,
        "n_undefined": n_undefined,
        "notes": parts.notes,
    }
