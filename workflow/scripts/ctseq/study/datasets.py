"""The datasets of a study, each with all of its settings."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctseq.core.errors import InputError
from ctseq.core.words import listed
from ctseq.imaging.windows import PRESETS, parse_windows
from ctseq.readers.formats import FORMATS
from ctseq.readers.labels.columns import column_problems
from ctseq.readers.subtypes import target_words

DATA = "results/data"
PHANTOM = "phantom"
# Of tables that may have labels or demographics.
_TABLES = (".csv", ".tsv", ".xlsx")


@dataclass(frozen=True)
class Dataset:
    """A dataset with all of its settings.

    Attributes
    ----------
    name
        Its key in the configuration, and the name of its folder.
    path
        Folder of the raw dataset; of a phantom, where it is drawn.
    format
        A key of `formats.FORMATS` or ``auto``; of a phantom, that of its layout.
    labels
        The label table; None if it is to be found.
    columns
        The columns of the label table that are named, and what its cells mean; mostly empty.
    target
        What is looked for.
    links_into
        Folders outside of `path` that links in it may lead into.
    on_problem
        ``error`` or ``exclude``.
    window
        In numbers, so that another spelling of the same window re-runs nothing.
    phantom
        Settings of the phantom; None of a real dataset.
    """

    name: str
    path: str
    format: str
    labels: str | None
    columns: dict[str, Any]
    target: str
    links_into: list[str]
    on_problem: str
    window: str | list[str]
    phantom: dict[str, Any] | None

    @classmethod
    def of(cls, name: str, config: Mapping[str, Any]) -> "Dataset":
        """Return a dataset of the catalogue of a checked configuration."""
        its = config["datasets"][name]
        drawn = its["format"] == PHANTOM
        return cls(
            name=name,
            path=f"{DATA}/{name}/phantom" if drawn else from_home(its["path"]),
            format=its["phantom"]["layout"] if drawn else its["format"],
            labels=None if drawn or its["labels"] == "auto" else its["labels"],
            columns=dict(its["columns"]),
            target=its["target"],
            links_into=[] if drawn else [*map(from_home, its["links_into"])],
            on_problem=its["on_problem"],
            window=in_numbers(its["window"]),
            phantom=dict(its["phantom"]) if drawn else None,
        )

    @property
    def folder(self) -> str:
        """Folder of what is made of it for all studies."""
        return f"{DATA}/{self.name}"

    @property
    def record(self) -> str:
        """File that says from what, and with which settings, it was indexed."""
        return f"{self.folder}/format.json"

    def description(self, encoder: str) -> str:
        """Return the path of an encoder's description, with its settings for this dataset."""
        return f"{self.folder}/encoders/{encoder}.json"

    @property
    def label_files(self) -> list[str]:
        """The tables that may label it; of a phantom none, since they are drawn with the rest."""
        return [] if self.synthetic else label_files(self.path, self.labels)

    @property
    def synthetic(self) -> bool:
        """Whether it is drawn."""
        return self.phantom is not None

    @property
    def settings(self) -> dict[str, Any]:
        """All settings that decide its index: what is drawn or read, and how it is read."""
        keys = ("path", "format", "labels", "columns", "target", "links_into", "on_problem")
        return {key: getattr(self, key) for key in (*keys, "phantom")}

    @property
    def target_words(self) -> str:
        """What is looked for, in words."""
        return target_words(self.target)


def from_home(path: str) -> str:
    """Return a path whose ``~`` is written out; any other stays as spelled: rules compare texts."""
    return str(Path(path).expanduser()) if path.startswith("~") else path


def in_numbers(window: Any) -> str | list[str]:
    """Return a window as level and width, or three of them, whatever its spelling."""
    windows = [f"{one.level:g}/{one.width:g}" for one in parse_windows(window)]
    return windows if len(windows) > 1 else windows[0]


def dataset_problems(name: str, its: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a dataset of the catalogue, whose keys have the right types."""
    key, drawn = f"datasets.{name}", its["format"] == PHANTOM
    if not drawn and "path" not in its:
        yield f"{key}.path is missing: the folder of the raw dataset"
    if drawn and its["phantom"]["positive"] > its["phantom"]["patients"] - 2:
        most = its["phantom"]["patients"] - 2
        yield (
            f"{key}.phantom.positive is {its['phantom']['positive']} but at most patients - 2 "
            f"({most}) can bleed: both classes need two patients"
        )
    yield from column_problems(f"{key}.columns", its["columns"])
    if its["columns"] and drawn:
        yield f"{key}.columns has no effect, since the label table of a phantom is drawn: remove it"
    layout = FORMATS.get(its["phantom"]["layout"] if drawn else its["format"])
    if layout is None:  # `auto`: known when the folder is looked at
        return
    if its["labels"] != "auto" and layout.own_labels:
        yield (
            f"{key}.labels is {its['labels']!r}, but {its['format']} has tables of its own: set it "
            "to auto"
        )
    if its["columns"] and layout.own_labels and not drawn:
        yield f"{key}.columns has no effect, since {its['format']} has tables of its own: remove it"
    yield from window_problems(f"{key}.window", its["window"], its)


def external_problems(config: Mapping[str, Any], encoders: Iterable[str]) -> Iterator[str]:
    """Yield which external datasets the encoders would see in another window than they learned in.

    Encoders with a window of their own see all datasets in it. `config` has right windows.
    """
    named = [name for name in encoders if "window" not in config["encoders"][name]]
    own, datasets = config["dataset"], config["datasets"]
    for name in config["external"] if named else []:
        window, learned = (datasets[one]["window"] for one in (name, own))
        if in_numbers(window) != in_numbers(learned):
            yield (
                f"datasets.{name}.window is {window!r}, but models learn from {own} in "
                f"{learned!r}, which is all that they can read: set both alike, or "
                f"encoders.<name>.window for {listed(named)}"
            )


def window_problems(key: str, window: Any, dataset: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a window, the value of `key`, for the scans of a dataset."""
    try:
        windows = parse_windows(window)
    except InputError as error:
        yield f"{key}: {str(error).rstrip('.')}"
        return
    drawn = dataset["format"] == PHANTOM
    name = dataset["phantom"]["layout"] if drawn else dataset["format"]
    layout = FORMATS.get(name)
    if layout and not layout.hounsfield and windows != (PRESETS["brain"],):
        yield (
            f"{key} is {window!r}, but the pictures of {name} have their window already and no "
            "other can be made of them: set it to brain, or use scans in Hounsfield units ("
            + ", ".join(other for other, its in FORMATS.items() if its.hounsfield)
            + ")"
        )


def label_files(path: str | Path, labels: str | None) -> list[str]:
    """List the tables that may label a raw dataset, as far as they are there.

    That is the one that the settings choose, `labels`, or else all that stand at the top of the
    dataset's folder, `path`: an edit of one changes no time of the folder.
    """
    if labels:
        table = Path(path, labels)
        return [str(table)] if table.exists() else []
    if not Path(path).is_dir():
        return []
    with os.scandir(path) as entries:  # a flat dataset has 750,000 files beside its table
        names = [one.name for one in entries if one.name.casefold().endswith(_TABLES)]
    return [str(Path(path, name)) for name in sorted(names)]
