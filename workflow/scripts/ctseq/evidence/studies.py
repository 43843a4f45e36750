"""Finished studies side by side: what differs between them, what each finds, whether they agree."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import Any

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.core.words import listed
from ctseq.evidence.design import design_of_splits
from ctseq.evidence.resampled import corrected_mean
from ctseq.evidence.samples import Replicates, replicates_of, sample_of
from ctseq.evidence.verdict import metric_words

_PAIR = ["metric", "model_a", "model_b"]


@dataclass(frozen=True)
class FinishedStudy:
    """A study as it was run, and what it found.

    Attributes
    ----------
    name
        Of its folder in ``results/``.
    config
        Its ``config.yaml``.
    metrics
        `tables.METRICS`.
    splits
        `tables.SPLIT` of each replicate, in order.
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
            set(self.config["models"]),
        ):
            raise InputError(
                f"results/{self.name}/metrics.csv is not of the models and replicates in "
                f"results/{self.name}/config.yaml: the study was changed and not run to its "
                "report. Run it once more with its own configuration."
            )

    @property
    def labels(self) -> dict[str, str]:
        """Model to its label."""
        return {name: model["label"] for name, model in self.config["models"].items()}

    @property
    def settings(self) -> Mapping[str, Any]:
        """How its models were compared: metrics, alpha, undefined."""
        return self.config["comparison"]

    @property
    def undefined(self) -> str:
        """What is done with undefined values; `error` has let none through in its own metrics."""
        return "zero" if self.settings["undefined"] == "zero" else "exclude"

    def replicates(self, metrics: Sequence[str]) -> Replicates:
        """Give its models' values of some metrics."""
        return replicates_of(self.metrics, models=list(self.labels), metrics=metrics)


def labels_of(studies: Sequence[FinishedStudy]) -> dict[str, str]:
    """Give every model's label, as the first study that has it calls it."""
    labels: dict[str, str] = {}
    for study in studies:
        labels |= study.labels | labels
    return labels


def differing_keys(configs: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Find where configurations differ.

    Parameters
    ----------
    configs
        Study to configuration.

    Returns
    -------
    DataFrame
        A row a dotted key whose values differ, which is its index, but for the name `study`; a
        column a study, with the value as text, empty where the study lacks the key.
    """
    leaves = {study: dict(_leaves(config)) for study, config in configs.items()}
    keys = [key for key in dict.fromkeys(chain(*leaves.values())) if key != "study"]
    cells = {study: [own.get(key, "") for key in keys] for study, own in leaves.items()}
    frame = pd.DataFrame(cells, index=keys, dtype="str")
    return frame[frame.ne(frame.iloc[:, 0], axis=0).any(axis=1)]


def metrics_table(studies: Sequence[FinishedStudy]) -> pd.DataFrame:
    """Tabulate the means of every model in every study, each with its corrected interval.

    Returns
    -------
    DataFrame
        metric, model, study, estimate, low, high, level (of the interval), n, n_undefined; for
        every metric that any of the studies compares.
    """
    metrics = list(dict.fromkeys(chain(*(study.settings["metrics"] for study in studies))))
    known = [
        (study, study.replicates(metrics), design_of_splits(study.splits)) for study in studies
    ]
    rows = []
    for metric, model in product(metrics, labels_of(studies)):
        for study, replicates, design in known:
            if model not in study.labels:
                continue
            alpha = study.settings["alpha"]
            sample = sample_of(replicates, model, metric, study.undefined)
            mean, low, high = corrected_mean(
                sample.values, test_train_ratio=design.test_train_ratio, alpha=alpha
            )
            rows.append(
                {
                    **{"metric": metric, "model": model, "study": study.name},
                    **{"estimate": mean, "low": low, "high": high, "level": _level(alpha)},
                    **{"n": len(sample.values), "n_undefined": sample.n_undefined},
                }
            )
    return pd.DataFrame(rows)


def shared_differences(studies: Sequence[FinishedStudy]) -> pd.DataFrame:
    """Gather what studies say on the pairs of models that two of them or more share, by name.

    Returns
    -------
    DataFrame
        metric, model_a, model_b, study, estimate (a minus b), low, high, level (of the interval),
        p_adjusted (within the study), supported, better. Studies that name the models the other
        way round are turned.
    """
    frame = pd.concat(
        [
            study.verdicts.assign(study=study.name, level=_level(study.settings["alpha"]))
            for study in studies
        ],
        ignore_index=True,
    )
    first: dict[frozenset, tuple[str, str]] = {}
    named = list(zip(frame["model_a"], frame["model_b"], strict=True))
    turned = [first.setdefault(frozenset(pair), pair) != pair for pair in named]
    for name, other in (("model_a", "model_b"), ("low", "high")):
        frame.loc[turned, [name, other]] = frame.loc[turned, [other, name]].to_numpy()
    frame.loc[turned, ["estimate", "low", "high"]] *= -1
    values = ["estimate", "low", "high", "level", "p_adjusted", "supported", "better"]
    frame = frame[[*_PAIR, "study", *values]]
    # Studies beside each other, in the order in which metrics and pairs first appear.
    order = frame.groupby(_PAIR, sort=False).ngroup().sort_values(kind="stable").index
    frame = frame.loc[order]
    n_studies = frame.groupby(_PAIR)["study"].transform("size")
    return frame[n_studies > 1].reset_index(drop=True)


def agreement(differences: pd.DataFrame, *, labels: Mapping[str, str]) -> list[str]:
    """Say of each metric and pair whether the studies come to the same conclusion.

    A conclusion is one that a study supports by its own adjusted test. That one study shows a
    difference and another does not is no contradiction, and is not called one.

    Parameters
    ----------
    differences
        Of `shared_differences`.
    labels
        Model to label.
    """
    groups = differences.groupby(_PAIR, sort=False)
    return [_agreement(metric_words(key[0]), *key[1:], group, labels) for key, group in groups]


def _agreement(
    metric: str, model_a: str, model_b: str, group: pd.DataFrame, labels: Mapping[str, str]
) -> str:
    a, b = labels[model_a], labels[model_b]
    ahead_a, ahead_b = (
        group.loc[group["better"] == model, "study"].tolist() for model in (model_a, model_b)
    )
    open_ = group.loc[group["supported"] == 0, "study"].tolist()
    undecided = f"{_named(open_)} show{'s' * (len(open_) == 1)} no difference"
    if ahead_a and ahead_b:
        return (
            f"The studies contradict each other in {metric}: {a} is better than {b} in "
            f"{_named(ahead_a)}, and worse in {_named(ahead_b)}{f'; {undecided}' if open_ else ''}."
        )
    if not ahead_a and not ahead_b:
        return f"No difference between {a} and {b} in {metric} is shown by {_named(open_)}."
    better, other = (a, b) if ahead_a else (b, a)
    shown = _named(ahead_a or ahead_b)
    if not open_:
        return (
            f"{shown[0].upper()}{shown[1:]} agree that {better} is better than {other} in {metric}."
        )
    return (
        f"{better} is better than {other} in {metric} in {shown}; {undecided}, which does not say "
        "that there is none."
    )


def _named(studies: Sequence[str]) -> str:
    return f"stud{'y' if len(studies) == 1 else 'ies'} {listed(studies)}"


def _level(alpha: float) -> str:
    return f"{100 * (1 - alpha):g} %"


def _leaves(section: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    for key, value in section.items():
        here = (*path, str(key))
        if isinstance(value, Mapping):
            yield from _leaves(value, here)
        else:
            yield ".".join(here), value if isinstance(value, str) else json.dumps(value)
