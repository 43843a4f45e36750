"""Figures of the dataset: two examples that name no patient, and a flow that loses nothing."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from ctseq.core.errors import InputError
from ctseq.figures.examples import choose_examples, example_slices
from ctseq.figures.flow import flow
from ctseq.figures.style import COLUMN, save
from ctseq.readers.subtypes import SUBTYPES


def dataset():
    slices = pd.DataFrame(
        [("007", k, f"{k}.jpg", int(3 <= k <= 7)) for k in range(1, 11)]
        + [("012", k, f"{k}.jpg", int(k == 2)) for k in range(1, 5)]
        + [("020", k, f"{k}.jpg", 0) for k in range(1, 6)],
        columns=["scan_id", "slice_number", "path", "target"],
    ).assign(**dict.fromkeys(SUBTYPES, 0))
    slices.loc[slices["target"] == 1, "subdural"] = 1
    rich = (slices["scan_id"] == "007") & slices["slice_number"].between(4, 6)
    slices.loc[rich, "epidural"] = 1
    scans = pd.DataFrame(
        {"scan_id": ["007", "012", "020"], "target": [1, 1, 0], "n_slices": [10, 4, 5]}
    )
    return slices, scans


def test_examples_are_the_middle_of_the_richest_run_and_of_a_healthy_sequence():
    slices, scans = dataset()
    for order in (slices, slices.iloc[::-1]):
        positive, negative = choose_examples(order, scans)
        assert (positive["scan_id"], positive["slice_number"]) == ("007", 5)
        assert (negative["scan_id"], negative["slice_number"]) == ("020", 3)


def test_examples_need_both_classes():
    slices, scans = dataset()
    with pytest.raises(InputError, match="example_slices"):
        choose_examples(slices, scans[scans["target"] == 1])


def test_example_figure_names_no_patient():
    picture = np.zeros((20, 20), np.uint8)
    figure = example_slices(
        picture, picture, subtypes=["subdural"], target="hemorrhage", synthetic=True
    )
    texts = " ".join(text.get_text() for text in figure.findobj(Text))
    assert "subdural" in texts
    assert texts.count("synthetic") == 2
    assert not any(letter.isdigit() for letter in texts)


@pytest.mark.parametrize(
    ("labelled", "title"),
    [(True, "Epidural hemorrhage"), (False, "Scan with epidural hemorrhage")],
)
def test_example_figure_names_the_target(labelled, title):
    picture = np.zeros((20, 20), np.uint8)
    figure = example_slices(picture, picture, subtypes=[], target="epidural hemorrhage",
                            labelled=labelled, synthetic=False)  # fmt: skip
    titles = [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes]
    assert titles == [title, "No epidural hemorrhage"]


def test_the_flow_accounts_for_everything(tmp_path):
    counts = {
        "files": {"seen": 5321, "used": 2490, "excluded_by_reason": {"bone": 2500, "size": 331}},
        "slices": {"seen": 2501, "used": 2490, "excluded_by_reason": {"unreadable": 11}},
        "scans": {"seen": 82, "used": 82, "excluded_by_reason": {}},
    }
    figure = flow({"flow": counts})
    shown = [text.get_text() for text in figure.axes[0].texts]
    for words in (
        "5,321 files seen",
        "2,490 files used",
        "2,500",
        "bone window",
        "82 scans used",
    ):
        assert words in shown
    [size] = [text for text in shown if text.startswith("another image size than")]
    assert shown.index("bone window") < shown.index(size)
    assert "left out" in shown
    save(figure, tmp_path / "a.svg", tmp_path / "a.png")
    FigureCanvasAgg(figure).draw()
    ends = [text.get_window_extent().x1 for text in figure.axes[0].texts]
    assert max(ends) <= figure.bbox.x1
    assert figure.get_figwidth() <= COLUMN + 1e-9  # and so legible on a phone
