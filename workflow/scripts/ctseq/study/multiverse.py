"""The grid of protocols of `snakemake multiverse`: its cells, and the trainings that they need."""

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from ctseq.core.errors import fail_on
from ctseq.encoders.registry import SIGHTS
from ctseq.study.config import combination_problems
from ctseq.study.encoders import Encoder
from ctseq.study.further import untrainable_models
from ctseq.study.models import Model
from ctseq.study.study import Study

Config = dict[str, Any]


@dataclass(frozen=True)
class Axis:
    """One kind of choice.

    Attributes
    ----------
    name
        A key of the section `multiverse`.
    words
        In figures and tables.
    own
        Returns the value that each of the models it concerns has in a study.
    choose
        Sets a value in a configuration.
    """

    name: str
    words: str
    own: Callable[[Config], list[Any]]
    choose: Callable[[Config, Any], None]


@dataclass(frozen=True)
class Cell:
    """One protocol: its number, from 1, which the study's own has, its choices and its study.

    `choices` are texts, by axis.
    """

    number: int
    choices: dict[str, str]
    study: Study


@dataclass(frozen=True)
class Grid:
    """All protocols.

    Attributes
    ----------
    axes
        Axis to the texts of its values, the study's own first; axes without a choice are left out.
    cells
        In the order of the axes' values.
    n_refused
        Number of combinations that no study may have.
    """

    axes: dict[str, list[str]]
    cells: list[Cell]
    n_refused: int

    @property
    def words(self) -> dict[str, str]:
        """Axis to its words."""
        return {axis.name: axis.words for axis in AXES if axis.name in self.axes}

    @property
    def schemes(self) -> list[dict[str, Any]]:
        """The different settings of splits."""
        found: list[dict[str, Any]] = []
        for cell in self.cells:
            if cell.study.splits not in found:
                found.append(cell.study.splits)
        return found

    def described(self) -> list[dict[str, Any]]:
        """Return each cell's ``choices`` and the index of its settings of splits, ``scheme``."""
        return [
            {"choices": cell.choices, "scheme": self.schemes.index(cell.study.splits)}
            for cell in self.cells
        ]


def grid_of(config: Mapping[str, Any]) -> Grid:
    """Return the grid of a checked configuration.

    Raises
    ------
    InputError
        If a model cannot be trained many times in memory.
    """
    fail_on(
        untrainable_models(config),
        title="`snakemake multiverse` trains heads on cached features",
        cure="Run it on a study of frozen encoders, without these models.",
    )
    values = {axis.name: _values(axis, config) for axis in AXES}
    axes = [axis for axis in AXES if len(values[axis.name]) > 1]
    cells, n_refused = [], 0
    for chosen in product(*(values[axis.name] for axis in axes)):
        protocol = copy.deepcopy(dict(config))
        for axis, value in zip(axes, chosen, strict=True):
            # The study's own value comes first; models may have values of their own there.
            if value is not values[axis.name][0]:
                axis.choose(protocol, value)
        if any(combination_problems(protocol)):
            n_refused += 1
            continue
        texts = {axis.name: text_of(value) for axis, value in zip(axes, chosen, strict=True)}
        cells.append(Cell(len(cells) + 1, texts, Study.of(protocol)))
    shown = {axis.name: [text_of(value) for value in values[axis.name]] for axis in axes}
    return Grid(shown, cells, n_refused)


def trainings_of(grid: Grid, features: str) -> list[dict[str, Any]]:
    """Return the different trainings of a model, each a replicate, and what evaluates them.

    Cells that differ in the threshold alone, or in a rule that decides no training, share one.

    Parameters
    ----------
    features
        The model, and the encoders whose features it learns from: a key of `feature_names`.

    Returns
    -------
    list of dict
        ``model``, ``folds``, ``repeats`` and ``splits`` decide a training; ``evaluations`` are a
        ``sequence_rule``, a ``threshold`` and the numbers of the ``cells`` that have them.
    """
    found: dict[str, dict[str, Any]] = {}
    for cell in grid.cells:
        for name, model in cell.study.models.items():
            if features_name(name, model, grid) == features:
                recipe = _recipe(model, cell.study)
                training = found.setdefault(repr(recipe), recipe | {"evaluations": {}})
                key = (model.sequence_rule, cell.study.threshold)
                training["evaluations"].setdefault(key, []).append(cell.number)
    return [
        training
        | {
            "evaluations": [
                {"sequence_rule": rule, "threshold": threshold, "cells": cells}
                for (rule, threshold), cells in training["evaluations"].items()
            ]
        }
        for training in found.values()
    ]


def features_name(name: str, model: Model, grid: Grid) -> str:
    """Return the name of a model and, where they are not the study's own, of its encoders."""
    if model.encoders == grid.cells[0].study.models[name].encoders:
        return name
    return "-on-".join([name, *(encoder.name for encoder in model.encoders)])


def feature_names(grid: Grid) -> dict[str, Model]:
    """Return the model, with its encoders, of every set of features that trainings learn from."""
    return {
        features_name(name, model, grid): model
        for cell in grid.cells
        for name, model in cell.study.models.items()
    }


def variants(config: Mapping[str, Any]) -> dict[str, Encoder]:
    """Return the encoders with other numbers of frames that the axis ``frames`` lists, by name."""
    found: dict[str, Encoder] = {}
    for frames in config["multiverse"]["frames"]:
        other = copy.deepcopy(dict(config))
        _show(other, frames)
        found |= Study.of(other).encoders
    return found


def _recipe(model: Model, study: Study) -> dict[str, Any]:
    """Return all settings that decide a training and its scores."""
    inner, settings = study.inner_of(model), dict(model.settings)
    if inner["folds"] is not None and "sequence_rule" in settings:
        # Inner folds choose by the loss of rows, which the rule does not enter.
        settings["sequence_rule"] = None
    return {"model": settings, **inner, "splits": study.splits}


def text_of(value: Any) -> str:
    """Return a choice as text."""
    return " or ".join(map(text_of, value)) if isinstance(value, list | tuple) else f"{value}"


def _values(axis: Axis, config: Mapping[str, Any]) -> list[Any]:
    """Return the values of an axis, the study's own first; none if it concerns no model."""
    own = axis.own(dict(config))
    if not own:
        return []
    same = all(value == own[0] for value in own)
    first = own[0] if same else tuple(dict.fromkeys(map(text_of, own)))
    listed = config["multiverse"][axis.name]
    return [first, *(value for value in listed if text_of(value) != text_of(first))]


def _models(config: Config) -> Iterable[Config]:
    return (config["models"][name] for name in config["compare"])


def _show(config: Config, frames: int) -> None:
    """Let every encoder that sees several slices at a time see another number of them."""
    for sight in SIGHTS.values():
        if "frames" in sight.settings:
            others = config["override"].get(sight.form, {})
            config["override"][sight.form] = others | {"frames": frames}


def _training(name: str, words: str) -> Axis:
    """Return the axis of a key of `training`, which models may override."""

    def own(config: Config) -> list[Any]:
        models = Study.of(config).models.values()
        return [model.training[name] for model in models if name == "loss" or model.in_epochs]

    def choose(config: Config, value: Any) -> None:
        config["training"][name] = value
        for part in (config["training"]["slices"], *(its["training"] for its in _models(config))):
            part.pop(name, None)

    return Axis(name, words, own, choose)


def _of_study(name: str, section: str, key: str, words: str) -> Axis:
    """Return the axis of a key that models cannot override."""

    def choose(config: Config, value: Any) -> None:
        config[section][key] = value

    return Axis(name, words, lambda config: [config[section][key]], choose)


def _sequence_rule() -> Axis:
    """Return the axis of the rule by which slices make the scan's result, where they do."""
    key = "sequence_rule"

    def choose(config: Config, value: Any) -> None:
        for model in (its for its in _models(config) if key in its):
            model[key] = value

    words = "slices combined by"
    return Axis(key, words, lambda config: [m[key] for m in _models(config) if key in m], choose)


def _frames() -> Axis:
    """Return the axis of the number of slices that encoders of sequences see."""

    def own(config: Config) -> list[Any]:
        encoders = Study.of(config).encoders.values()
        return [
            one.frames or "the checkpoint's"
            for one in encoders
            if "frames" in SIGHTS[one.sees].settings
        ]

    return Axis("frames", "frames", own, _show)


AXES = [
    _training("learning_rate", "learning rate"),
    _training("loss", "loss"),
    _of_study("tuning", "tuning", "patients", "chosen on"),
    _sequence_rule(),
    _of_study("threshold", "evaluation", "threshold", "threshold"),
    _of_study("scheme", "splits", "scheme", "splits"),
    _frames(),
]
