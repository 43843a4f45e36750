"""Every figure that is drawn from a study's tables, in the order of the report.

To add one, write a function that draws it, add an entry here, and say in
``workflow/report/<name>.rst`` what it shows: rules, script and report find it. It imports no
Matplotlib, because Snakemake asks for the names at every start.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from inspect import getfullargspec, unwrap
from pkgutil import resolve_name
from typing import Any

# `labels` (model to label, in order), `target` (in words), `metrics`, `alpha`, and `shared_splits`:
# whether a replicate is the same split for every model.
Settings = Mapping[str, Any]

# Section to heading in Snakemake's own report, where the one does not say the other.
_CATEGORIES = {
    "answer": "Comparison",
    "primary": "Comparison",
    "replicates": "Training",
    "paper": "Metrics",
}


@dataclass(frozen=True)
class Figure:
    """A figure, or one of each metric or model.

    Attributes
    ----------
    name
        What its files and its caption are called; one of several is called ``<name>-<item>``.
    section
        Id of the report's section that shows it, or ``answer``, which stands before all of them.
    draw
        The function that returns it, ``"module:function"``, imported when it draws. It takes the
        tables, then the item if there are several; its keyword-only arguments are settings.
    tables
        What it is drawn from: ``summary``, ``metrics``, ``histories`` or names of analyses.
    each
        The setting that lists the items, where there are several.
    when
        From the settings to whether it is drawn.
    """

    name: str
    section: str
    draw: str
    tables: tuple[str, ...]
    each: str | None = None
    when: Callable[[Settings], bool] = lambda settings: True

    @property
    def category(self) -> str:
        """Its heading in Snakemake's own report."""
        return _CATEGORIES.get(self.section, self.section.capitalize())

    def files(self, settings: Settings) -> list[str]:
        """List the names of its files, without suffixes."""
        return [f"{self.name}-{item}" for item in settings[self.each]] if self.each else [self.name]

    def drawn(self, file: str, tables: Mapping[str, Any], settings: Settings) -> Any:
        """Return the Matplotlib figure of one of its files."""
        draw = resolve_name(self.draw)
        items = [file.removeprefix(f"{self.name}-")] if self.each else []
        own = {name: settings[name] for name in getfullargspec(unwrap(draw)).kwonlyargs}
        return draw(*(tables[name] for name in self.tables), *items, **own)


FIGURES = [
    Figure("answer", "answer", "ctseq.figures.comparison:answer", ("model_means", "verdict")),
    Figure("flow", "data", "ctseq.figures.flow:flow", ("summary",)),
    Figure(
        "differences", "primary", "ctseq.figures.comparison:differences", ("verdict", "metrics")
    ),
    Figure("roc", "discrimination", "ctseq.figures.patients:roc", ("patients/curves",)),
    Figure(
        "precision_recall",
        "discrimination",
        "ctseq.figures.patients:precision_recall",
        ("patients/curves", "patients/discrimination"),
    ),
    Figure(
        "calibration",
        "calibration",
        "ctseq.figures.patients:calibration",
        ("patients/calibration_curve", "patients/predicted"),
        each="labels",
    ),
    Figure("benefit", "benefit", "ctseq.figures.patients:benefit", ("patients/decision_curve",)),
    Figure("subgroups", "subgroups", "ctseq.figures.subgroups:subgroups", ("patients/subgroups",)),
    Figure("training", "replicates", "ctseq.figures.training:training_curves", ("histories",)),
    Figure(
        "metric", "paper", "ctseq.figures.replicates:metric_boxplot", ("metrics",), each="metrics"
    ),
    Figure(
        "confusion",
        "paper",
        "ctseq.figures.replicates:confusion_matrix",
        ("metrics",),
        each="labels",
    ),
    Figure(
        "ranking",
        "appendix",
        "ctseq.figures.comparison:ranking",
        ("ranking",),
        when=lambda settings: len(settings["labels"]) > 2,
    ),
    Figure(
        "learning_curve",
        "further",
        "ctseq.figures.further:learning_curve",
        ("further/learning_curve",),
    ),
]


def figure_files(settings: Settings, tables: Collection[str]) -> dict[str, Figure]:
    """Return file names, without suffixes, and figures of all that can be drawn from `tables`."""
    return {
        file: figure
        for figure in FIGURES
        if set(figure.tables) <= set(tables) and figure.when(settings)
        for file in figure.files(settings)
    }
