"""Figures: same bytes every time, legible, and honest about undefined values."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from ctseq.evidence.analyses import ANALYSES
from ctseq.evidence.notes import turned_round, write_notes
from ctseq.figures import comparison, replicates, training
from ctseq.figures.style import COLUMN, PAGE, look_of, save

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "target": "hemorrhage",
    "metrics": ["recall", "f1"],
    "alpha": 0.05,
    "shared_splits": True,
}
TABLES = {"summary", "metrics", "histories", *ANALYSES}
TWO = {"vivit": "ViViT", "convnext": "ConvNeXt"}
SIX = TWO | {
    "videomae": "VideoMAE base Kinetics",
    "swin": "Swin V2 tiny",
    "timesformer": "TimeSformer",
    "dino": "DINOv2 small, frozen",
}


def metrics_of(labels, n=4):
    rng = np.random.default_rng(0)
    rows = []
    for model, replicate in itertools.product(labels, range(1, n + 1)):
        tn, fp, fn, tp = 10, int(rng.integers(1, 4)), 4, int(rng.integers(4, 8))
        values = {"tn": tn, "fp": fp, "fn": fn, "tp": tp, "accuracy": (tn + tp) / (14 + fp + tp)}
        values["precision"] = np.nan if replicate == 2 else tp / (tp + fp)
        rows += [(model, replicate, *item) for item in values.items()]
    return pd.DataFrame(rows, columns=["model", "replicate", "metric", "value"])


def verdicts_of(labels, metrics=("accuracy", "precision")):
    """Return verdicts on all pairs, of which those with the first model are contrasts."""
    first = next(iter(labels))
    rows = [
        (metric, a, b, int(metric == metrics[0]), int(a == first), number % 2, 0.1, -0.1, 0.3,
         0.05 * place)
        for place, metric in enumerate(metrics, start=1)
        for number, (a, b) in enumerate(itertools.combinations(labels, 2))
    ]  # fmt: skip
    columns = ["metric", "model_a", "model_b", "primary", "contrast", "supported"]
    columns += ["estimate", "low", "high", "margin"]
    return pd.DataFrame(rows, columns=columns).assign(notes="")


def means_of(labels):
    rows = [("accuracy", model, 0.6 + place / 20) for place, model in enumerate(labels)]
    frame = pd.DataFrame(rows, columns=["metric", "model", "estimate"])
    return frame.assign(low=frame["estimate"] - 0.1, high=frame["estimate"] + 0.1, notes="")


def histories_of(labels):
    rows = [
        (model, replicate, 1, epoch, 0.7 - 0.01 * epoch, 0.7, 0.6, 1e-4, int(epoch == 2))
        for model, replicate in itertools.product(labels, (1, 2))
        for epoch in range(1, 3 + replicate)
    ]
    columns = ["model", "replicate", "setting", "epoch", "train_loss", "tuning_loss"]
    columns += ["tuning_accuracy", "learning_rate", "kept"]
    return pd.DataFrame(rows, columns=columns)


def drawn(labels, *names):
    """Draw the figures of these names, or all there are."""
    metrics, verdicts = metrics_of(labels), verdicts_of(labels)
    ranks = pd.DataFrame(
        [(metric, model, place + 1.0) for metric in ("accuracy", "precision")
         for place, model in enumerate(labels)],
        columns=["metric", "model", "average_rank"],
    )  # fmt: skip
    first = next(iter(labels))
    draw = {
        "metric": lambda: replicates.metric_boxplot(metrics, metric="precision", labels=labels),
        "confusion": lambda: replicates.confusion_matrix(
            metrics, model=first, labels=labels, target="intraparenchymal hemorrhage"
        ),
        "training": lambda: training.training_curves(histories_of(labels), labels=labels),
        "differences": lambda: comparison.differences(verdicts, metrics, labels=labels, alpha=0.05),
        "answer": lambda: comparison.answer(means_of(labels), verdicts, labels=labels, alpha=0.05),
        "ranking": lambda: comparison.ranking(ranks, labels=labels),
    }
    return {name: draw[name]() for name in names or draw}


@pytest.fixture(scope="module")
def six():
    figures = drawn(SIX)
    for figure in figures.values():
        figure.draw_without_rendering()
    return figures


def visible_texts(figure):
    return [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text.get_window_extent().width
    ]


def test_same_bytes_every_time(tmp_path):
    names = ("metric", "confusion", "training", "differences", "answer")
    for number in (1, 2):
        for name, figure in drawn(TWO, *names).items():
            save(figure, *(tmp_path / f"{name}{number}.{kind}" for kind in ("svg", "png")))
    for name in names:
        for suffix in ("svg", "png"):
            first, second = ((tmp_path / f"{name}{n}.{suffix}").read_bytes() for n in (1, 2))
            assert first == second
    assert b"<dc:date>" not in (tmp_path / "metric1.svg").read_bytes()
    assert b"Software" not in (tmp_path / "metric1.png").read_bytes()


def test_no_text_is_below_seven_points_or_wider_than_a_page(six):
    for name, figure in six.items():
        assert figure.get_figwidth() <= PAGE + 1e-9, name
        assert min(text.get_fontsize() for text in visible_texts(figure)) >= 7, name


def test_nothing_of_six_models_leaves_its_figure(six):
    for name, figure in six.items():
        used, size = figure.get_tightbbox(), figure.get_size_inches()
        assert used.x0 >= 0, name
        assert used.y0 >= 0, name
        assert used.x1 <= size[0], name
        assert used.y1 <= size[1], name


def test_names_of_six_models_do_not_overlap(six):
    axes = six["metric"].axes[0]
    boxes = [label.get_window_extent() for label in axes.get_xticklabels()]
    assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))


def test_models_keep_config_order_and_differ_in_more_than_colour():
    looks = [look_of(list(SIX), model) for model in SIX]
    for part in ("color", "marker"):
        assert len({look[part] for look in looks}) == len(SIX)
    axes = drawn(SIX, "metric")["metric"].axes[0]
    names = [label.get_text().split("\n")[0] for label in axes.get_xticklabels()]
    assert names == ["ViViT", "ConvNeXt", "VideoMAE base", "Swin V2 tiny", "TimeSformer",
                     "DINOv2 small,"]  # fmt: skip


def test_every_replicate_is_a_point_and_undefined_ones_are_counted():
    axes = drawn(TWO, "metric")["metric"].axes[0]
    (points,) = axes.collections
    places = points.get_offsets()
    assert [(np.round(places[:, 0]) == number).sum() for number in (0, 1)] == [3, 3]
    assert "1 undefined" in axes.get_xticklabels()[0].get_text()


def test_models_with_splits_of_their_own_are_not_joined():
    metrics, verdicts = metrics_of(TWO), verdicts_of(TWO)
    options = {"labels": TWO, "shared_splits": False}
    joined, apart = (
        replicates.metric_boxplot(metrics, metric="accuracy", labels=TWO, shared_splits=shared)
        for shared in (True, False)
    )
    assert len(joined.axes[0].get_lines()) - len(apart.axes[0].get_lines()) == 4
    figure = comparison.differences(verdicts, metrics, alpha=0.05, **options)
    assert not [line for line in figure.axes[0].get_lines() if line.get_marker() == "|"
                and len(line.get_xdata())]  # fmt: skip


def test_ranks_are_drawn_in_their_order_and_nothing_joins_them():
    labels = {name: name.upper() for name in "abc"}
    ranks = pd.DataFrame(
        [("accuracy", "a", 2.5), ("accuracy", "b", 1.0), ("accuracy", "c", 2.5)],
        columns=["metric", "model", "average_rank"],
    )
    axes = comparison.ranking(ranks, labels=labels).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["B", "A", "C"]
    points = [tuple(map(float, [*line.get_xdata(), *line.get_ydata()])) for line in axes.lines]
    assert points == [(1.0, 0.0), (2.5, 1.0), (2.5, 2.0)]


def test_metric_undefined_everywhere_is_said(tmp_path):
    metrics = metrics_of(TWO)
    metrics.loc[metrics["metric"] == "precision", "value"] = np.nan
    figure = replicates.metric_boxplot(metrics, metric="precision", labels=TWO)
    assert any("undefined in every" in text.get_text() for text in figure.findobj(Text))
    verdicts = verdicts_of(TWO).assign(estimate=np.nan, low=np.nan, high=np.nan)
    figure = comparison.differences(verdicts, metrics, labels=TWO, alpha=0.05)
    save(figure, tmp_path / "a.svg", tmp_path / "a.png")
    assert any(text.get_text() == "undefined" for text in figure.findobj(Text))


def bands_of(axes):
    """Return where the bands of margins lie: rows' middles to ends."""
    boxes = [band.get_paths()[0].get_extents() for band in axes.collections]
    return {round((box.y0 + box.y1) / 2): (box.x0, box.x1) for box in boxes}


def test_each_metric_has_its_own_margin():
    figure = drawn(TWO, "differences")["differences"]
    bands = bands_of(figure.axes[0])
    assert bands == {0: pytest.approx((-0.05, 0.05)), 1: pytest.approx((-0.1, 0.1))}


def test_all_pairs_of_three_models_are_drawn_and_the_contrasts_of_four():
    def pairs(names):
        axes = drawn({name: name for name in names}, "differences")["differences"].axes[0]
        return [label.get_text() for label in axes.get_yticklabels()]

    assert pairs("abc") == ["a\n− b", "a\n− c", "b\n− c"]
    assert pairs("abcd") == ["a\n− b", "a\n− c", "a\n− d"]


@pytest.mark.parametrize(("names", "panels"), [("ab", 1), ("abc", 2), ("abcdefgh", 2)])
def test_differences_of_any_number_of_models_fit_a_phone(names, panels):
    figure = drawn({name: name for name in names}, "differences")["differences"]
    assert figure.get_figwidth() <= COLUMN + 1e-9
    assert len(figure.axes) == panels


def test_a_filled_marker_is_a_difference_that_is_shown():
    axes = drawn({name: name for name in "abc"}, "differences")["differences"].axes[0]
    fills = [line.get_markerfacecolor() for line in axes.get_lines() if line.get_marker() == "o"]
    assert [fill == "white" for fill in fills] == [True, False, True]


@pytest.mark.parametrize(("names", "rows"), [("ab", (2, 1)), ("abc", (3, 2)), ("abcdefg", (7, 6))])
def test_the_answers_figure_has_a_row_a_model_and_contrast_and_fits_a_phone(names, rows):
    figure = drawn({name: name for name in names}, "answer")["answer"]
    assert figure.get_figwidth() <= COLUMN + 1e-9
    assert tuple(len(axes.get_yticks()) for axes in figure.axes) == rows
    assert figure.axes[0].get_xlim() == (0, 1)
    assert len(bands_of(figure.axes[1])) == rows[1]


def test_the_answers_figure_of_many_contrasts_has_the_means_alone():
    figure = drawn({name: name for name in "abcdefgh"}, "answer")["answer"]
    [axes] = figure.axes
    assert len(axes.get_yticks()) == 8


def test_an_arrow_stands_at_the_end_that_is_cut():
    note = write_notes([{"code": "cut_at_range", "low": 0, "high": 1}])
    means = means_of(TWO).assign(high=1.0, notes=note)
    verdicts = verdicts_of(TWO).assign(low=-1.0, notes=turned_round(note))
    above, below = comparison.answer(means, verdicts, labels=TWO, alpha=0.05).axes
    arrows = [
        [
            (line.get_marker(), line.get_xdata()[0])
            for line in axes.get_lines()
            if line.get_marker() in ("<", ">")
        ]
        for axes in (above, below)
    ]
    assert arrows == [[(">", 1.0)] * 2, [("<", -1.0)]]
    [panel] = comparison.differences(
        verdicts, metrics_of(TWO), labels=TWO, alpha=0.05, shared_splits=True
    ).axes
    assert [line.get_marker() for line in panel.get_lines()].count("<") == 2


def test_a_mean_that_is_undefined_is_said_in_the_answers_figure():
    means = means_of(TWO).assign(estimate=np.nan, low=np.nan, high=np.nan)
    figure = comparison.answer(means, verdicts_of(TWO), labels=TWO, alpha=0.05)
    assert sum(text.get_text() == "undefined" for text in figure.findobj(Text)) == 2


def test_labels_are_not_read_as_formulas(tmp_path):
    labels = {"vivit": "$\\frac{", "convnext": "a & b < c"}
    save(drawn(labels, "metric")["metric"], tmp_path / "a.svg", tmp_path / "a.png")


def test_only_models_with_a_history_and_their_chosen_settings_are_drawn():
    histories = histories_of(["convnext"])
    refused = histories.assign(setting=2, kept=0, tuning_loss=99.0)
    figure = training.training_curves(pd.concat([histories, refused]), labels=TWO)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["ConvNeXt", ""]
    drawn = np.concatenate([line.get_ydata() for line in figure.axes[0].get_lines()])
    assert drawn.max() < 1
