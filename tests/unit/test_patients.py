"""Evidence over patients: pooling, DeLong, McNemar, operating points, calibration, curves."""

import numpy as np
import pandas as pd
import pytest
from ctseq.evidence.over_patients.bootstrap import PATIENT_METRICS, resample_counts
from ctseq.evidence.over_patients.curves import (
    GRID,
    calibration_table,
    curves_table,
    operating_points_table,
    wilson,
)
from ctseq.evidence.over_patients.estimates import differences_table, estimates_table, mcnemar_table
from ctseq.evidence.over_patients.pooling import Pooled, PooledStudy, pool_predictions
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import roc_auc_score

from ctseq.core.errors import InputError
from ctseq.evidence.over_patients.delong import area_interval, compare_areas, delong

pytestmark = pytest.mark.filterwarnings("error")

LEVEL = {"alpha": 0.05}


def codes(result):
    return [note["code"] for note in result.notes]


def predictions(*rows):
    columns = ["model", "replicate", "patient_id", "hemorrhage", "probability", "predicted"]
    return pd.DataFrame(rows, columns=columns)


def pooled_of(truth, *probabilities, never=0):
    probability = np.array(probabilities, dtype=float)
    return Pooled(
        models=tuple("abcdef"[: len(probability)]),
        patient_ids=np.array([f"{k:03d}" for k in range(len(truth))], dtype=object),
        truth=np.asarray(truth),
        probability=probability,
        predicted=(probability >= 0.5).astype(int),
        n_never_tested=never,
    )


RNG = np.random.default_rng(21)
TRUTH = (np.arange(80) < 36).astype(int)


def scores(strength):
    return 1 / (1 + np.exp(-strength * (2 * TRUTH - 1) - RNG.standard_normal(80)))


POOLED = pooled_of(TRUTH, scores(1.5), scores(0.5), scores(0), never=2)
COUNTS = resample_counts(TRUTH, resamples=1000, seed=1)
STUDY = PooledStudy(POOLED, COUNTS, 0.05)


def test_pooling_averages_over_the_replicates_that_tested_on_it():
    rows = predictions(
        ("a", 1, "049", 1, 0.9, 1),
        ("a", 2, "049", 1, 0.4, 0),
        ("a", 3, "049", 1, 0.2, 0),
        ("a", 1, "050", 0, 0.4, 0),
        ("a", 2, "050", 0, 0.7, 1),
        ("a", 1, "052", 0, 0.1, 0),
        ("b", 1, "049", 1, 0.8, 1),
        ("b", 1, "050", 0, 0.3, 0),
    )
    pooled = pool_predictions(rows, ["049", "050", "051", "052"], models=["b", "a"])
    assert pooled.models == ("b", "a")
    assert pooled.patient_ids.tolist() == ["049", "050"]
    assert pooled.truth.tolist() == [1, 0]
    assert pooled.probability == pytest.approx(np.array([[0.8, 0.3], [0.5, 0.55]]))
    # Most replicates decide; an even vote is positive.
    assert pooled.predicted.tolist() == [[1, 0], [0, 1]]
    assert pooled.n_never_tested == 2
    assert pooled.notes == ({"code": "never_tested", "n": 2, "of": 4},)


@pytest.mark.parametrize(
    ("rows", "models", "message"),
    [
        ([("a", 1, "049", 1, 0.9, 1)], ["a", "b"], "no prediction of model b"),
        ([("a", 1, "777", 1, 0.9, 1)], ["a"], "777, who is not in patients.csv"),
        (
            [("a", 1, "049", 1, 0.9, 1), ("a", 2, "049", 0, 0.9, 1)],
            ["a"],
            "049 two different truths",
        ),
        (
            [("a", 1, "049", 1, 0.9, 1), ("b", 1, "050", 0, 0.9, 1)],
            ["a", "b"],
            "No patient was tested on by every model",
        ),
    ],
)
def test_pooling_refuses(rows, models, message):
    with pytest.raises(InputError, match=message):
        pool_predictions(predictions(*rows), ["049", "050"], models=models)


def test_delongs_known_answer():
    truth = [1] * 5 + [0] * 5
    areas = delong(
        np.array(truth),
        np.array(
            [
                [0.9, 0.8, 0.7, 0.6, 0.3, 0.5, 0.4, 0.35, 0.2, 0.1],
                [0.6, 0.9, 0.4, 0.55, 0.2, 0.7, 0.5, 0.3, 0.45, 0.1],
            ]
        ),
    )
    assert areas.auc == pytest.approx([0.88, 0.64])
    result = compare_areas(areas, 0, 1, **LEVEL)
    assert result.statistic == pytest.approx(1.57568, abs=5e-6)
    assert result.p == pytest.approx(0.11510, abs=5e-6)


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 6), st.integers(0, 6)), min_size=6, max_size=30
    ).filter(lambda rows: 2 <= sum(row[0] for row in rows) <= len(rows) - 2)
)
def test_delong_is_its_definition(rows):
    truth, *probability = np.array(rows).T
    areas = delong(truth, np.array(probability))
    kernels = []
    for values in probability:
        positive, negative = values[truth == 1], values[truth == 0]
        wins = np.sign(positive[:, None] - negative) / 2 + 0.5
        kernels.append(wins)
    expected = np.cov([k.mean(axis=1) for k in kernels]) / len(kernels[0])
    expected = expected + np.cov([k.mean(axis=0) for k in kernels]) / len(kernels[0].T)
    assert areas.covariance == pytest.approx(expected)
    for auc, values in zip(areas.auc, probability, strict=True):
        assert auc == pytest.approx(roc_auc_score(truth, values))


def test_delong_where_nothing_varies():
    truth = np.array([0, 0, 1, 1])
    perfect, twin = [0.1, 0.2, 0.8, 0.9], [0.2, 0.3, 0.7, 0.95]
    worst = [0.9, 0.8, 0.2, 0.1]
    areas = delong(truth, np.array([perfect, twin, worst]))
    equal = compare_areas(areas, 0, 1, **LEVEL)
    assert (equal.estimate, equal.p) == (0, 1)
    assert np.isnan(equal.statistic)
    apart = compare_areas(areas, 0, 2, **LEVEL)
    assert apart.estimate == 1
    assert np.isnan([apart.p, apart.low]).all()
    assert codes(apart) == ["class_ranked_alike"]
    low, high, notes = area_interval(areas, 0, **LEVEL)
    assert np.isnan([low, high]).all()
    assert notes == apart.notes


def test_delong_needs_both_classes():
    areas = delong(np.zeros(4), np.full((2, 4), 0.5))
    assert np.isnan(areas.auc).all()
    assert codes(compare_areas(areas, 0, 1, **LEVEL)) == ["needs_two_of_each_class"]
    one = delong(np.array([1, 0, 0]), np.array([[0.9, 0.1, 0.2]]))
    assert one.auc == pytest.approx([1])
    assert area_interval(one, 0, **LEVEL)[2] == compare_areas(areas, 0, 1, **LEVEL).notes
    with pytest.raises(ValueError, match="one probability a model and patient"):
        delong(np.zeros(4), np.full((2, 3), 0.5))


def test_estimates():
    table = estimates_table(STUDY)
    assert len(table) == 3 * (1 + len(PATIENT_METRICS))
    assert table["metric"].drop_duplicates().tolist() == list(PATIENT_METRICS)
    assert (table["n"] == 80).all()
    assert (table["n_never_tested"] == 2).all()
    assert (table["notes"] == '[{"code": "never_tested", "n": 2, "of": 82}]').all()
    assert ((table["low"] <= table["high"]) & (table["estimate"] <= table["high"])).all()
    areas = table[table["metric"] == "roc_auc"].pivot_table(
        index="model", columns="method", values=["estimate", "low", "high"]
    )
    # Two ways to one answer.
    delong_, bootstrap = (areas.xs(method, axis=1, level=1) for method in areas.columns.levels[1])
    assert delong_.to_numpy() == pytest.approx(bootstrap.to_numpy(), abs=0.03)


def test_differences_are_paired():
    table = differences_table(STUDY)
    first = table[(table["model_a"] == "a") & (table["model_b"] == "b")]
    assert first["metric"].tolist() == ["roc_auc", *PATIENT_METRICS]
    tested = table[table["p"].notna()]
    assert len(tested) == 3
    assert (tested["p_adjusted"] >= tested["p"]).all()
    twins = pooled_of(TRUTH, POOLED.probability[0], POOLED.probability[0])
    equal = differences_table(PooledStudy(twins, COUNTS, 0.05))
    # Unpaired resamples of one model would differ.
    assert (equal[["estimate", "low", "high"]].fillna(0) == 0).all(axis=None)
    assert equal["p"].tolist()[0] == 1


@pytest.mark.parametrize(
    ("cells", "p"), [((9959, 11, 1, 29), 0.0063477), ((10, 0, 0, 2), 1), ((5, 3, 3, 1), 1)]
)
def test_mcnemars_known_answers(cells, p):
    right = np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], cells, axis=0).T
    pooled = pooled_of(np.ones(sum(cells), dtype=int), *right)
    row = mcnemar_table(PooledStudy(pooled, COUNTS, 0.05)).iloc[0]
    assert row[["both_right", "only_a_right", "only_b_right", "both_wrong"]].tolist() == list(cells)
    assert row["p"] == pytest.approx(p, abs=5e-8)
    assert ("same_decisions" in row["notes"]) == (cells[1] + cells[2] == 0)


def test_wilsons_known_answer():
    assert wilson(9, 10, **LEVEL) == pytest.approx((0.9, 0.5958, 0.9821), abs=5e-5)
    assert np.isnan(wilson(0, 0, **LEVEL)).all()


def test_operating_points():
    table = operating_points_table(STUDY)
    assert (
        table["operating_point"].tolist()
        == [
            "decisions",
            "specificity 0.80",
            "specificity 0.90",
            "specificity 0.95",
        ]
        * 3
    )
    for row in table[table["model"] == "a"].iloc[1:].itertuples():
        called = POOLED.probability[0] >= row.threshold
        assert row.specificity == pytest.approx(1 - called[TRUTH == 0].mean())
        assert row.specificity >= float(row.operating_point.split()[1])
        assert row.sensitivity == pytest.approx(called[TRUTH == 1].mean())
        assert row.sensitivity_low <= row.sensitivity <= row.sensitivity_high
    decisions = table.iloc[0]
    called = POOLED.predicted[0] == 1
    assert decisions["sensitivity"] == called[TRUTH == 1].mean()
    assert decisions["specificity"] == pytest.approx(1 - called[TRUTH == 0].mean())


def test_no_threshold_may_reach_a_specificity():
    truth = np.array([0, 0, 1, 1])
    counts = resample_counts(truth, resamples=50, seed=1)
    table = operating_points_table(PooledStudy(pooled_of(truth, [0.5] * 4), counts, 0.05))
    fixed = table.iloc[1]
    assert np.isnan(fixed["threshold"])
    assert (fixed["sensitivity"], fixed["specificity"]) == (0, 1)
    assert "no_threshold" in fixed["notes"]


def test_calibration_agrees_with_scikit_learn():
    table = calibration_table(STUDY)
    assert len(table) == 30
    filled = table[(table["model"] == "a") & (table["n"] > 0)]
    observed, mean = calibration_curve(TRUTH, POOLED.probability[0], n_bins=10)
    assert filled["observed"].to_numpy() == pytest.approx(observed)
    assert filled["mean_probability"].to_numpy() == pytest.approx(mean)
    assert table.groupby("model")["n"].sum().tolist() == [80, 80, 80]
    empty = table[table["n"] == 0]
    assert empty[["mean_probability", "observed", "observed_low"]].isna().all(axis=None)


def test_curves():
    table = curves_table(STUDY)
    assert len(table) == 3 * 2 * len(GRID)
    assert (table["low"] <= table["high"]).all()
    roc = table[(table["model"] == "a") & (table["curve"] == "roc")]
    assert roc["y"].is_monotonic_increasing
    assert roc["y"].iloc[-1] == 1
    # The area under the steps, each grid point standing for its surroundings.
    area = np.trapezoid(roc["y"], roc["x"])
    assert area == pytest.approx(roc_auc_score(TRUTH, POOLED.probability[0]), abs=0.01)
    held = (table["y"] >= table["low"] - 1e-9) & (table["y"] <= table["high"] + 1e-9)
    assert held.mean() > 0.95


def test_one_class_leaves_cells_empty():
    truth = np.zeros(6, dtype=int)
    pooled = pooled_of(truth, RNG.random(6), RNG.random(6))
    study = PooledStudy(pooled, resample_counts(truth, resamples=20, seed=1), 0.05)
    curves = curves_table(study)
    assert curves[["y", "low", "high"]].isna().all(axis=None)
    points = operating_points_table(study)
    assert points["sensitivity"].isna().all()
    assert points["notes"].str.contains("needs_both_classes").all()
    for table in (
        estimates_table(study),
        differences_table(study),
    ):
        areas = table[table["metric"].isin(["roc_auc", "average_precision", "recall"])]
        assert areas[["estimate", "low", "high"]].isna().all(axis=None)
        assert (areas["notes"] != "").all()
