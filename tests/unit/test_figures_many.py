"""Figures of more models than there are colours: a panel a model, under its name."""

import pytest

from ctseq.figures.comparison import differences
from ctseq.figures.patients import benefit, precision_recall, roc
from ctseq.figures.style import MM, MOST_LOOKS, PAGE
from ctseq.figures.subgroups import subgroups
from reports import numbers_of

MODELS = {f"m{n}": f"Model {n}" for n in range(20)}


@pytest.fixture(scope="module")
def tables():
    metrics, comparison = numbers_of(tuple(MODELS.items()))
    return {**comparison, "metrics": metrics}


def drawn(tables):
    return {
        "roc": roc(tables["curves"], labels=MODELS),
        "precision_recall": precision_recall(
            tables["curves"], tables["discrimination"], labels=MODELS
        ),
        "benefit": benefit(tables["decision_curve"], labels=MODELS),
        "subgroups": subgroups(tables["subgroups"], labels=MODELS),
    }


def test_each_of_many_models_has_a_panel_under_its_name(tables):
    assert len(MODELS) > MOST_LOOKS
    for name, figure in drawn(tables).items():
        titles = [axes.get_title(loc="left") for axes in figure.axes]
        assert titles[: len(MODELS)] == [*MODELS.values()], name
        assert figure.legends == [], name
        assert figure.get_figheight() <= 240 * MM, name


def test_differences_of_many_contrasts_stand_beside_each_other(tables):
    figure = differences(tables["verdict"], tables["metrics"], labels=MODELS, alpha=0.05)
    assert figure.get_figwidth() == pytest.approx(PAGE)
    rows = figure.axes[0].get_yticklabels()
    assert len(rows) == len(MODELS) - 1
