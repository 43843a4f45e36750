"""What further trainings show: figures, the report's section, and the page of the multiverse."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from ctseq.evidence.further.variance import SeededRuns, variance_table
from ctseq.evidence.notes import Code, note, write_notes
from ctseq.figures.further import learning_curve, specification_curve
from ctseq.figures.style import INK, save
from ctseq.report.comparison import further, has_further
from ctseq.report.figures import Figure
from ctseq.report.page import template
from ctseq.report.pages.multiverse import render_multiverse
from ctseq.report.sections import SECTIONS
from reports import config_of

LABELS = {"a": "ViViT", "b": "<b>ConvNeXt</b>"}
AXES = {"tuning": "chosen on", "sequence_rule": "slices combined by"}


def specification_of(estimates):
    """Return a table of protocols, the first of which is the study's own; NaN is undefined."""
    n = len(estimates)
    low, high = (np.array(estimates) + shift for shift in (-0.1, 0.1))
    verdict = ["superior" if value > 0 else "inconclusive" for value in low]
    return pd.DataFrame(
        {
            "cell": range(1, n + 1),
            "tuning": ["test", "train"] * (n // 2),
            "sequence_rule": ["any"] * (n // 2) + ["top_mean"] * (n // 2),
            "own": [1] + [0] * (n - 1),
            "metric": "accuracy",
            "model_a": "a",
            "model_b": "b",
            "estimate": estimates,
            "low": low,
            "high": high,
            "margin": 0.05,
            "verdict": verdict,
            "equivalent": 0,
            "notes": "",
        }
    )


def curve_table():
    rows = [
        (metric, model, n, value, value - 0.1, value + 0.1)
        for metric in ("recall", "roc_auc")
        for model in LABELS
        for n, value in ((14, 0.6), (29, 0.8), (57, 0.85))
    ]
    rows.append(("recall", "a", np.nan, np.nan, np.nan, np.nan))
    columns = ["metric", "model", "n_train", "estimate", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def drawn(figure):
    FigureCanvasAgg(figure).draw()
    return figure


def test_the_curve_shows_the_primary_metric_and_the_auc():
    figure = drawn(learning_curve(curve_table(), labels=LABELS, primary="recall"))
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "Recall (sensitivity)",
        "ROC AUC",
    ]
    for axes in figure.axes:
        for line in axes.lines:
            assert line.get_xdata().tolist() == [14, 29, 57]
            assert line.get_ydata().tolist() == [0.6, 0.8, 0.85]
        assert axes.get_ylim()[1] <= 1.02


def test_the_auc_alone_makes_one_panel():
    figure = learning_curve(curve_table(), labels=LABELS, primary="roc_auc")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["ROC AUC"]


def test_a_difference_that_the_adjusted_test_does_not_show_is_not_drawn_as_shown():
    table = specification_of([0.3, 0.2]).assign(verdict=["superior", "inconclusive"])
    figure = specification_curve(table, axes=AXES, difference="ViViT − ConvNeXt", alpha=0.05)
    dark = [line for line in figure.axes[0].lines if line.get_color() == INK]
    assert [line.get_ydata().tolist() for line in dark] == [[0.3]]


@pytest.mark.parametrize("estimates", [[0.3, -0.2, 0.05, 0.2], [np.nan, -0.2, np.nan, 0.2]])
def test_protocols_are_sorted_above_the_choices_that_they_made(estimates, tmp_path):
    table = specification_of(estimates)
    options = {"axes": AXES, "difference": "ViViT − ConvNeXt", "alpha": 0.05}
    figure = drawn(specification_curve(table, **options))
    above, below = figure.axes
    points = np.concatenate([line.get_xydata() for line in above.lines if line.get_marker() == "o"])
    points = points[np.argsort(points[:, 0])]
    defined = sorted(value for value in estimates if not np.isnan(value))
    assert points[: len(defined), 1].tolist() == defined
    rows = [label.get_text() for label in below.texts]
    assert rows == [
        "chosen on: test",
        "chosen on: train",
        "slices combined by: any",
        "slices combined by: top mean",
    ]
    order = table.sort_values(["estimate", "cell"])["tuning"].tolist()
    squares = [line for line in below.lines if line.get_marker() == "s"]
    assert squares[0].get_xdata().tolist() == [i for i, v in enumerate(order) if v == "test"]
    for name in ("first", "second"):
        save(
            specification_curve(table, **options),
            tmp_path / f"{name}.svg",
            tmp_path / f"{name}.png",
        )
    assert (tmp_path / "first.svg").read_bytes() == (tmp_path / "second.svg").read_bytes()


def page_of(table, *, n_refused=0):
    config = config_of(LABELS, "folder", {"study": "s", "replicates": 10})
    picture = Figure("specification-a-b", "A caption.", "data:image/png;base64,AA==")
    return render_multiverse(
        table, config=config, axes=AXES, n_refused=n_refused, figures=[picture]
    )


def test_the_page_counts_verdicts_and_says_that_nothing_was_selected():
    page = page_of(specification_of([0.05, -0.2, 0.3, 0.2]), n_refused=3)
    label = "&lt;b&gt;ConvNeXt&lt;/b&gt;"
    assert f"ViViT is shown to be better under 2 of 4 protocols, and {label} under 0;" in page
    assert "runs from −0.20 to 0.30, and is above 0 in 3" in page
    assert "The study&#39;s own protocol has 0.05 [−0.05, 0.15]." in page
    assert "4 protocols, was run in all replicates and is shown; none was selected" in page
    assert "(3 combinations, such as" in page
    assert "<td>2</td><td>50 %</td>" in page
    assert "1 (this study)" in page
    assert "level 0.05 as in the study" in page
    assert "Every protocol has the study's 10 replicates" in page
    assert "<b>" not in page


def test_the_page_of_undefined_differences():
    why = write_notes([note(Code.NEEDS_SHARED_REPLICATES, needed=2, n=1)])
    page = page_of(specification_of([np.nan] * 4).assign(notes=why))
    assert "inconclusive (needs 2 replicates defined for both models, has 1)" in page
    assert "is undefined in all of them" in page
    assert "combinations, such as" not in page


def study_of(comparison):
    config = {"comparison": {"primary": "recall"}, "splits": {}, "replicates": 10}
    return SimpleNamespace(
        labels=LABELS,
        alpha=0.05,
        comparison=comparison,
        config=config,
        n_patients=82,
        levels=pd.DataFrame(columns=["procedure", "statistic"]),
    )


def test_the_section_stands_where_more_was_trained():
    assert not has_further(study_of({"resampled_t": pd.DataFrame()}))
    assert has_further(study_of({"learning_curve": pd.DataFrame()}))
    table = further(study_of({"learning_curve": curve_table()}))["curve"]
    assert len(table.rows) == 13
    assert {row[0] for row in table.rows} == {"Recall (sensitivity)", "ROC AUC"}


def test_the_section_prints_each_part_once():
    picture = Figure("learning_curve", "Nested training sets.", "data:image/png;base64,AA==")
    [section] = [one for one in SECTIONS if one.id == "further"]
    body = template("section.html.j2").render(
        section=section,
        pictures={"open": [picture], "folded": []},
        tables={},
        coverage="",
        **section.context(study_of({"learning_curve": curve_table()})),
    )
    assert body.count("<figure") == body.count("<table") == 1
    assert "Would more patients help?" in body
    assert "luck of the split" not in body


def test_parts_of_the_variance_are_printed_by_model_and_difference():
    rng = np.random.default_rng(4)
    rows = [
        {"model": m, "replicate": r, "seed": s, "metric": "recall", "value": rng.normal()}
        for m in LABELS
        for r in (1, 2, 3)
        for s in (1, 2)
    ]
    frame = variance_table(SeededRuns(pd.DataFrame(rows), ["a", "b"], [["a", "b"]], "exclude"))
    found = further(study_of({"variance_parts": frame}))
    table = found["variance"]
    assert found["seeds"] == 2
    assert [row[1] for row in table.rows] == [*LABELS.values(), "ViViT − <b>ConvNeXt</b>"]
    assert table.header[:6] == ["Metric", "Model", "SD", "Split", "Seed", "Both together"]
