"""Figures over patients: legible for any number of models, and honest about what is undefined."""

import numpy as np
import pytest
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.text import Text

from ctseq.evidence.over_patients.analyses import OVER_PATIENTS
from ctseq.figures.registry import figure_files
from ctseq.figures.style import COLUMN, save
from patients import small_study

SETTINGS = {"alpha": 0.05, "target": "intraparenchymal hemorrhage"}
SETTINGS |= {"metrics": ["recall"], "shared_splits": True}
NAMES = ["ViViT", "ConvNeXt", "VideoMAE base Kinetics", "Swin V2 tiny", "TimeSformer", "DINOv2"]


def tables_of(n_models, **options):
    study = small_study(tuple("abcdef"[:n_models]), **options)
    return {name: analysis.compute(study) for name, analysis in OVER_PATIENTS.items()}


def drawn(tables, n_models):
    """Draw all figures of the tables, by the names of their files."""
    settings = SETTINGS | {"labels": dict(zip("abcdef", NAMES[:n_models], strict=False))}
    files = figure_files(settings, tables)
    figures = {name: figure.drawn(name, tables, settings) for name, figure in files.items()}
    for figure in figures.values():
        figure.draw_without_rendering()
    return figures


@pytest.fixture(scope="module")
def two():
    return drawn(tables_of(2), 2)


@pytest.fixture(scope="module")
def six():
    return drawn(tables_of(6, replicates=2), 6)


def bands(axes):
    return [own for own in axes.collections if isinstance(own, FillBetweenPolyCollection)]


def test_one_figure_of_each_curve_and_one_calibration_of_each_model(two):
    assert list(two) == ["roc", "precision_recall", "calibration-a", "calibration-b", "benefit",
                         "subgroups"]  # fmt: skip


def test_every_figure_is_a_column_wide_and_legible(six):
    for name, figure in six.items():
        assert figure.get_figwidth() <= COLUMN + 1e-9, name
        texts = [text for text in figure.findobj(Text) if text.get_text().strip()]
        assert min(text.get_fontsize() for text in texts) >= 7, name
        used, size = figure.get_tightbbox(), figure.get_size_inches()
        assert min(used.x0, used.y0) >= 0, name
        assert (used.x1 <= size[0], used.y1 <= size[1]) == (True, True), name


def test_a_roc_curve_starts_where_nobody_is_called(two):
    for line in two["roc"].axes[0].get_lines()[1:]:
        assert (line.get_xdata()[0], line.get_ydata()[0]) == (0, 0)
        assert (line.get_xdata()[-1], line.get_ydata()[-1]) == (1, 1)


def test_chance_is_the_prevalence():
    tables = tables_of(2)
    chance = drawn(tables, 2)["precision_recall"].axes[0].get_lines()[0]
    assert set(chance.get_ydata()) == {tables["patients/discrimination"]["prevalence"].iloc[0]}


def test_bands_are_drawn_where_they_can_be_told_apart(two, six):
    for name in ("roc", "precision_recall", "benefit"):
        assert len(bands(two[name].axes[0])) == 2, name
        assert bands(six[name].axes[0]) == [], name
        assert len(six[name].axes[0].get_lines()) >= 6, name
    assert len(bands(six["calibration-f"].axes[0])) == 1


def test_bars_of_both_outcomes_point_apart(two):
    tables = tables_of(2)
    heights = np.array([bar.get_height() for bar in two["calibration-a"].axes[1].patches])
    shares = tables["patients/predicted"].query("model == 'a'").groupby("target")["share"].sum()
    assert heights[heights > 0].sum() == pytest.approx(shares[1])
    assert -heights[heights < 0].sum() == pytest.approx(shares[0])


def test_treating_all_and_none_are_named(two):
    words = [text.get_text() for text in two["benefit"].axes[0].texts]
    assert words == ["treat all", "treat none"]


@pytest.mark.filterwarnings("error")
def test_no_action_benefits_where_nobody_bleeds():
    tables = tables_of(2)
    table = tables["patients/decision_curve"]
    table[["estimate", "low", "high"]] = 0.0
    table["treat_all"] = -table["threshold"] / (1 - table["threshold"])
    bottom, top = drawn(tables, 2)["benefit"].axes[0].get_ylim()
    assert bottom < 0 < top


def test_what_is_undefined_leaves_the_rest(tmp_path):
    tables = tables_of(2)
    for name in ("curves", "calibration_curve"):
        table = tables[f"patients/{name}"]
        table.loc[table["model"] == "a", ["estimate", "low", "high"]] = np.nan
    for name, figure in drawn(tables, 2).items():
        save(figure, tmp_path / f"{name}.svg", tmp_path / f"{name}.png")


def test_same_bytes_every_time(tmp_path):
    tables = tables_of(2)
    for run in "ab":
        for name, figure in drawn(tables, 2).items():
            save(figure, tmp_path / f"{name}.{run}.svg", tmp_path / f"{name}.{run}.png")
    for name in ("roc", "calibration-a", "benefit"):
        for kind in ("svg", "png"):
            first, second = ((tmp_path / f"{name}.{run}.{kind}").read_bytes() for run in "ab")
            assert first == second


def test_subgroups_have_a_row_each_with_the_number_of_patients(two):
    axes = two["subgroups"].axes[0]
    ticks = [text.get_text() for text in axes.get_yticklabels()]
    assert ticks[0].startswith("All patients (")
    assert any(tick.startswith("Women (") for tick in ticks)
    points = [line for line in axes.get_lines() if line.get_linestyle() == "None"]
    assert [len(line.get_xdata()) for line in points] == [len(ticks)] * 2


def test_subgroups_that_are_all_too_small_are_said_to_be():
    tables = tables_of(2)
    rows = tables["patients/subgroups"].assign(estimate=np.nan, low=np.nan, high=np.nan)
    figure = drawn({"patients/subgroups": rows}, 2)["subgroups"]
    assert "no group is large enough" in [text.get_text() for text in figure.findobj(Text)]


def test_calibration_names_the_target(two):
    above, below = two["calibration-a"].axes[:2]
    assert above.get_ylabel() == "Share with intraparenchymal hemorrhage"
    said = " ".join(below.get_xlabel().split())
    assert said == "Predicted probability of intraparenchymal hemorrhage"
