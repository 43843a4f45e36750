"""Finished studies side by side: what differs between them, what each finds, whether they agree."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import Any

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.evidence.metrics import METRICS
from ctseq.evidence.notes import turned_round
from ctseq.evidence.over_replicates.design import design_of_splits
from ctseq.evidence.over_replicates.resampled import mean_within
from ctseq.evidence.over_replicates.samples import Replicates, replicates_of, values_of
from ctseq.evidence.rows import table_with_notes
from ctseq.study.comparison import comparison_settings

_PAIR = ["metric", "model_a", "model_b"]
_OF_A_DIFFERENCE = ["estimate", "low", "high", "alpha", "margin", "p", "p_adjusted", "adjusted"]
_OF_A_DIFFERENCE += ["supported", "better", "equivalent", "a_noninferior", "b_noninferior", "notes"]
# Columns that change places where a pair is turned round.
_TURNED = (("low", "high"), ("a_noninferior", "b_noninferior"))


@dataclass(frozen=True)
class FinishedStudy:
    """A study as it was run, and what it found: the files of its folder ``results/<name>``.

    Attributes
    ----------
    splits
        Of each replicate, in order.
    verdicts
        ``comparison/verdict.csv``.

    Raises
    ------
    InputError
        If the metrics are of other models or replicates than the configuration names.
    """

    name: str
    config: Mapping[str, Any]
    metrics: pd.DataFrame
    splits: Sequence[pd.DataFrame]
    verdicts: pd.DataFrame

    def __post_init__(self) -> None:
        numbers = set(range(1, self.config["replicates"] + 1))
        if (set(self.metrics["replicate"]), set(self.metrics["model"])) != (
            numbers,
            set(self.models),
        ):
            raise InputError(
                f"results/{self.name}/metrics.csv is not of the models and replicates in "
                f"results/{self.name}/config.yaml: the study was changed and not run to its "
                "report. Run it once more with its own configuration."
            )

    @property
    def models(self) -> list[str]:
        """Names of its models, in its configuration's order."""
        return list(self.config["compare"])

    @property
    def settings(self) -> Mapping[str, Any]:
        """Section `comparison` of its configuration."""
        return self.config["comparison"]

    @property
    def undefined(self) -> str:
        """What is done with undefined values: `error` let none through in the study's metrics."""
        return "zero" if self.settings["undefined"] == "zero" else "exclude"

    def replicates(self, metrics: Sequence[str]) -> Replicates:
        """Return its models' values of some metrics."""
        taken = {"metrics": metrics, "undefined": self.undefined}
        return replicates_of(
            self.metrics,
            design_of_splits(self.splits),
            {**comparison_settings(self.config), **taken},
        )


@dataclass(frozen=True)
class Conclusion:
    """What studies conclude about two models in one metric.

    Attributes
    ----------
    a_better, b_better
        The studies that show this model better, each by its own test or interval.
    open
        Those that show no difference.
    equivalent
        Those whose whole interval lies within their margin, whether or not they show a difference.
    adjusted
        Those whose answer is about this metric and pair, and rests on their adjusted test. For the
        others it is the interval that shows a difference, without adjustment.
    """

    metric: str
    model_a: str
    model_b: str
    a_better: Sequence[str]
    b_better: Sequence[str]
    open: Sequence[str]
    equivalent: Sequence[str]
    adjusted: Sequence[str]


def differing_keys(configs: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Return the keys at which the studies' configurations differ, except `study`.

    The index holds the keys, dotted. A study's column has its values as text, empty where it lacks
    the key.
    """
    leaves = {study: dict(_leaves(config)) for study, config in configs.items()}
    keys = [key for key in dict.fromkeys(chain(*leaves.values())) if key != "study"]
    cells = {study: [own.get(key, "") for key in keys] for study, own in leaves.items()}
    frame = pd.DataFrame(cells, index=keys, dtype="str")
    return frame[frame.ne(frame.iloc[:, 0], axis=0).any(axis=1)]


def metrics_table(studies: Sequence[FinishedStudy]) -> pd.DataFrame:
    """Return the means of every model in every study, each with its corrected interval.

    There are rows of every metric that any of the studies compares. Intervals have level 1 - alpha.
    """
    metrics = list(dict.fromkeys(chain(*(study.settings["metrics"] for study in studies))))
    known = [(study, study.replicates(metrics)) for study in studies]
    models = dict.fromkeys(chain(*(study.models for study in studies)))
    rows = []
    for metric, model in product(metrics, models):
        for study, replicates in known:
            if model not in study.models:
                continue
            [values], n_undefined = values_of(replicates, metric, model)
            names = {"metric": metric, "model": model, "study": study.name}
            mean = mean_within(values, METRICS[metric].range, **replicates.corrected)
            counts = {"n": len(values), "n_undefined": n_undefined}
            rows.append(names | mean | {"alpha": replicates.alpha} | counts)
    return table_with_notes(rows)


def shared_differences(studies: Sequence[FinishedStudy]) -> pd.DataFrame:
    """Return the verdicts on pairs of models that two studies or more have, by their names.

    Differences are a minus b; those of studies that name the models in the other order change their
    sign. Intervals have level 1 - alpha; p_adjusted is that of the study's contrasts on its primary
    metric, for which `adjusted` is 1. All other differences are judged by their intervals.
    """
    frame = pd.concat(
        [
            study.verdicts.assign(study=study.name, alpha=study.settings["alpha"])
            for study in studies
        ],
        ignore_index=True,
    )
    first: dict[frozenset, tuple[str, str]] = {}
    named = list(zip(frame["model_a"], frame["model_b"], strict=True))
    turned = [first.setdefault(frozenset(pair), pair) != pair for pair in named]
    for name, other in (*_TURNED, ("model_a", "model_b")):
        frame.loc[turned, [name, other]] = frame.loc[turned, [other, name]].to_numpy()
    frame.loc[turned, ["estimate", "low", "high"]] *= -1
    frame.loc[turned, "notes"] = frame.loc[turned, "notes"].map(turned_round)
    frame = frame.assign(adjusted=frame["primary"] * frame["contrast"])
    frame = frame[[*_PAIR, "study", *_OF_A_DIFFERENCE]]
    # Studies beside each other, in the order in which metrics and pairs first appear.
    order = frame.groupby(_PAIR, sort=False).ngroup().sort_values(kind="stable").index
    frame = frame.loc[order]
    n_studies = frame.groupby(_PAIR)["study"].transform("size")
    return frame[n_studies > 1].reset_index(drop=True)


def conclusions(differences: pd.DataFrame) -> list[Conclusion]:
    """Return what the studies conclude about each metric and pair, from `shared_differences`.

    That one study shows a difference and another does not is no contradiction.
    """
    found = []
    for (metric, model_a, model_b), group in differences.groupby(_PAIR, sort=False):
        a_better, b_better = (
            group.loc[group["better"] == model, "study"].tolist() for model in (model_a, model_b)
        )
        undecided = group.loc[group["supported"] == 0, "study"].tolist()
        adjusted = group.loc[group["adjusted"] == 1, "study"].tolist()
        equivalent = group.loc[group["equivalent"] == 1, "study"].tolist()
        names = metric, model_a, model_b
        found.append(Conclusion(*names, a_better, b_better, undecided, equivalent, adjusted))
    return found


def _leaves(section: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    for key, value in section.items():
        here = (*path, str(key))
        if isinstance(value, Mapping):
            yield from _leaves(value, here)
        else:
            yield ".".join(here), value if isinstance(value, str) else json.dumps(value)
