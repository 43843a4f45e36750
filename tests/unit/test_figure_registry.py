"""The table of figures: what each needs, which a study has, and how one is added."""

from pathlib import Path
from types import SimpleNamespace

from ctseq.core.tables import write_table
from ctseq.evidence.analyses import ANALYSES
from ctseq.evidence.tables import METRICS
from ctseq.figures import comparison, registry
from ctseq.figures.registry import FIGURES, Figure, figure_files
from ctseq.report.sections import SECTIONS
from plot_figures import main as plot_figures
from reports import TWO, numbers_of

ROOT = Path(__file__).parents[2]
SETTINGS = {"target": "hemorrhage", "metrics": ["recall", "f1"], "alpha": 0.05}
SETTINGS |= {"labels": TWO, "shared_splits": True}
TABLES = {"summary", "metrics", "histories", *ANALYSES}


def test_every_figure_has_its_caption_section_and_tables():
    assert len({figure.name for figure in FIGURES}) == len(FIGURES)
    for figure in FIGURES:
        assert (ROOT / f"workflow/report/{figure.name}.rst").is_file()
        assert figure.section in ["answer", *(section.id for section in SECTIONS)]
        assert set(figure.tables) <= TABLES
        assert "-" not in figure.name  # which parts it from an item


def test_figures_are_those_that_there_are_tables_for_in_the_order_of_the_page():
    assert list(figure_files(SETTINGS, TABLES)) == [
        "answer", "flow", "differences", "roc", "precision_recall", "calibration-vivit",
        "calibration-convnext", "benefit", "subgroups", "training",
        "metric-recall", "metric-f1", "confusion-vivit", "confusion-convnext", "learning_curve",
    ]  # fmt: skip
    assert "training" not in figure_files(SETTINGS, TABLES - {"histories"})
    assert "ranking" in figure_files(SETTINGS | {"labels": TWO | {"swin": "Swin"}}, TABLES)


def test_a_figure_is_added_in_one_place(tmp_path, monkeypatch):
    def toy(metrics, model, *, labels, alpha):
        figure = comparison.canvas(1, 1)
        figure.suptitle(f"{labels[model]}, {len(metrics)} rows, {alpha}")
        made.append(figure)
        return figure

    made = []
    monkeypatch.setattr(comparison, "toy", toy, raising=False)
    one = Figure("toy", "paper", "ctseq.figures.comparison:toy", ("metrics",), each="labels")
    monkeypatch.setattr(registry, "FIGURES", [one])
    metrics, _ = numbers_of(tuple(TWO.items()))
    write_table(metrics, tmp_path / "metrics.csv", METRICS)
    outputs = {
        suffix: [tmp_path / f"toy-{model}.{suffix}" for model in TWO] for suffix in ("svg", "png")
    }
    plot_figures({"metrics": tmp_path / "metrics.csv"}, SimpleNamespace(**outputs), **SETTINGS)
    assert all(path.stat().st_size for paths in outputs.values() for path in paths)
    titles = [figure.get_suptitle() for figure in made]
    assert titles == [f"{label}, {len(metrics)} rows, 0.05" for label in TWO.values()]
