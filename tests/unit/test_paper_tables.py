"""The paper's tables: every printed number, and samples that cannot be tested."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ctseq.core.errors import InputError
from ctseq.evidence.metrics import ratio
from ctseq.evidence.over_replicates.paper import (
    levene,
    mann_whitney,
    mann_whitney_table,
    means_table,
    normality_table,
    ranges_table,
    shapiro_wilk,
    t_test,
    t_test_table,
    variances_table,
)
from ctseq.evidence.over_replicates.power import two_sample_power
from ctseq.evidence.over_replicates.samples import pair_of, values_of
from replicates import replicates, rows_of

pytestmark = pytest.mark.filterwarnings("error")

PUBLISHED = Path(__file__).parents[2] / "resources/published"
PRINTED = pd.read_csv(PUBLISHED / "tables.csv", keep_default_na=False)
MODELS, METRICS = ("vivit", "convnext"), ("accuracy", "recall", "precision")

# The paper prints 4.20; the statistic is 4.2054.
MISROUNDED = {("III", "accuracy", "t"): 4.21}
# The paper's powers follow with this level only, though it states 0.05.
POWER_ALPHA = 0.5


@pytest.fixture(scope="module")
def published():
    rows = []
    for run in pd.read_csv(PUBLISHED / "replicates.csv").itertuples():
        values = {
            "accuracy": (run.tp + run.tn) / 25,
            "recall": run.tp / (run.tp + run.fn),
            "precision": ratio(run.tp, run.tp + run.fp),
        }
        rows += [(run.model, run.replicate, metric, value) for metric, value in values.items()]
    frame = pd.DataFrame(rows, columns=["model", "replicate", "metric", "value"])
    return {
        undefined: replicates(frame, models=MODELS, metrics=METRICS, undefined=undefined)
        for undefined in ("zero", "exclude", "error")
    }


@pytest.fixture(scope="module")
def recomputed(published):
    """Every cell of the paper's tables: (table, model, metric, quantity) to number."""
    zero = published["zero"]
    tables = [
        ("I", normality_table(zero), {"shapiro_p": "p"}),
        ("II", variances_table(zero), {"levene_p": "p"}),
        ("III", t_test_table(zero), {"t_p": "p", "t": "statistic"}),
        (
            "IV",
            mann_whitney_table(zero),
            {"mann_whitney_p": "p", "mann_whitney_u": "statistic"},
        ),
        ("V", ranges_table(zero), {"min": "minimum", "max": "maximum"}),
        ("VI", means_table(zero), {"mean": "mean"}),
    ]
    cells = {}
    for table, frame, quantities in tables:
        for row in frame.to_dict("records"):
            for quantity, column in quantities.items():
                cells[table, row.get("model", ""), row["metric"], quantity] = row[column]
    for row in tables[2][1].itertuples():
        power = two_sample_power(row.cohens_d, row.n_a, row.n_b, alpha=POWER_ALPHA)
        cells["III", "", row.metric, "power"] = power
    return cells


def test_the_published_tables_are_whole(recomputed):
    names = PRINTED[["table", "model", "metric", "quantity"]]
    assert set(names.itertuples(index=False, name=None)) == set(recomputed)


@pytest.mark.parametrize(
    "cell", PRINTED.to_dict("records"), ids=lambda cell: "-".join(map(str, cell.values()))
)
def test_every_printed_number(recomputed, cell):
    value = recomputed[cell["table"], cell["model"], cell["metric"], cell["quantity"]]
    printed = MISROUNDED.get((cell["table"], cell["metric"], cell["quantity"]), cell["printed"])
    assert f"{value:.2f}" == f"{printed:.2f}"


def test_powers_at_the_stated_level(published):
    powers = t_test_table(published["zero"])["power"]
    assert powers.tolist() == pytest.approx([0.978, 1.000, 0.069], abs=5e-4)


def test_four_decimals(published):
    zero = published["zero"]
    shapiro = normality_table(zero)["p"].round(4).tolist()
    assert shapiro == [0.2045, 0.0549, 0.9055, 0.1621, 0.9133, 0.0084]
    assert variances_table(zero)["p"].round(4).tolist() == [0.6906, 0.2486, 0.0170]
    t = t_test_table(zero)
    assert t["statistic"].round(4).tolist() == [4.2054, 7.8191, 0.4256]
    assert t["method"].tolist() == ["Student's t", "Student's t", "Welch's t"]
    assert mann_whitney_table(zero)["statistic"].tolist() == [95, 99.5, 50]


def test_left_out_the_undefined_precisions_turn_the_means(published):
    means = means_table(published["exclude"]).set_index(["metric", "model"])
    convnext = means.loc[("precision", "convnext")]
    assert (round(convnext["mean"], 2), convnext["n"], convnext["n_undefined"]) == (0.84, 8, 2)
    assert round(means.loc[("precision", "vivit"), "mean"], 2) == 0.73
    t = t_test_table(published["exclude"]).iloc[2]
    assert (t["n_a"], t["n_b"], t["n_undefined"]) == (10, 8, 2)
    assert t["p"] > 0.1


def test_tables_say_how_far_they_can_be_trusted(published):
    for table in (
        t_test_table(published["zero"]),
        mann_whitney_table(published["zero"]),
    ):
        assert (table["false_alarm_rate"] > 0.3).all()
        assert table["notes"].str.contains('"code": "false_alarms", "of_10": 0.3').all()


def test_at_another_level_no_rate_of_false_alarms_is_known(published):
    other = dataclasses.replace(published["zero"], alpha=0.1)
    for table in (t_test_table(other), mann_whitney_table(other)):
        assert table["false_alarm_rate"].isna().all()
        assert table["notes"].str.contains("false_alarms_unknown").all()


def test_what_is_done_with_undefined_values(published):
    [values], n_undefined = values_of(published["zero"], "precision", "convnext")
    assert (list(values).count(0), len(values), n_undefined) == (2, 10, 2)
    pair = pair_of(published["exclude"], "precision", "vivit", "convnext")
    assert (len(pair.a), len(pair.b), pair.n_undefined) == (8, 8, 2)
    with pytest.raises(InputError, match=r"precision of model convnext .* replicate 3, 8"):
        values_of(published["error"], "precision", "convnext")
    with pytest.raises(InputError, match=r"precision of model convnext"):
        pair_of(published["error"], "precision", "vivit", "convnext")
    with pytest.raises(InputError, match="must be one of exclude, zero, error"):
        replicates({"a": [0.1], "b": [0.2]}, undefined="drop")


EMPTY, ONE, TWO = np.array([]), np.array([0.5]), np.array([0.4, 0.6])
FLAT, OTHER_FLAT = np.full(10, 0.72), np.full(10, 0.6)


@pytest.mark.parametrize("values", [EMPTY, ONE, TWO, FLAT])
def test_normality_that_cannot_be_tested(values):
    result = shapiro_wilk(values)
    assert np.isnan(result.p)
    assert result.notes


@pytest.mark.parametrize(
    ("a", "b"),
    [(EMPTY, TWO), (ONE, TWO), (TWO, TWO), (FLAT, FLAT), (FLAT, OTHER_FLAT), (EMPTY, EMPTY)],
)
def test_variances_that_cannot_be_compared(a, b):
    result = levene(a, b)
    assert np.isnan(result.p)
    assert result.notes


@pytest.mark.parametrize(
    ("a", "b"), [(EMPTY, TWO), (ONE, TWO), (FLAT, FLAT), (FLAT, OTHER_FLAT), (EMPTY, EMPTY)]
)
def test_means_that_cannot_be_tested(a, b):
    result = t_test(a, b, alpha=0.05)
    assert np.isnan([result.p, result.statistic, result.low, result.power]).all()
    assert result.notes


def test_two_replicates_are_tested_by_welch():
    result = t_test(TWO, np.array([0.1, 0.3]), alpha=0.05)
    assert result.method == "Welch's t"
    assert 0 < result.p < 1


def test_one_flat_model_is_tested():
    values = np.linspace(0.4, 0.8, 10)
    assert 0 <= t_test(values, FLAT, alpha=0.05).p < 1
    assert 0 <= levene(values, FLAT).p < 1


def test_ranks_that_cannot_be_compared():
    assert mann_whitney(EMPTY, TWO).notes
    assert np.isnan(mann_whitney(EMPTY, TWO).p)
    same = mann_whitney(FLAT, FLAT)
    assert (same.p, same.statistic) == (1, 50)
    assert mann_whitney(FLAT, OTHER_FLAT).p < 0.001


def test_any_number_of_models_in_the_order_of_config():
    samples = {model: np.random.default_rng(1).random(3) for model in "abcd"}
    table = variances_table(
        replicates(samples, models=["d", "b", "a"], contrasts=[["d", "b"], ["d", "a"]])
    )
    pairs = list(table[["model_a", "model_b"]].itertuples(index=False, name=None))
    assert pairs == [("d", "b"), ("d", "a"), ("b", "a")]


def test_nothing_defined_gives_notes_and_empty_cells():
    undefined = replicates({model: [np.nan] * 3 for model in "ab"})
    for make in (
        normality_table,
        variances_table,
        t_test_table,
        mann_whitney_table,
        ranges_table,
        means_table,
    ):
        table = make(undefined)
        numbers = table.select_dtypes("float")
        assert numbers.isna().all(axis=None)
        assert (table["notes"] != "").all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"models": ["vivit"]}, "two models or more"),
        ({"models": ["vivit", "vivit"]}, "each once"),
        ({"metrics": []}, "at least one metric"),
        ({"metrics": ["acuracy"]}, "names 'acuracy'.*it holds accuracy"),
        ({"models": ["vivit", "swin"]}, "model swin, metric accuracy, replicate 1"),
    ],
)
def test_what_cannot_be_compared_is_said(change, message):
    frame = rows_of({("vivit", "accuracy"): [0.5], ("convnext", "accuracy"): [0.4]})
    with pytest.raises(InputError, match=r"(?s)" + message):
        replicates(frame, **change)
