"""Effect sizes and their intervals."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ctseq.evidence.effects import (
    TOO_NARROW,
    cliffs_delta,
    cohens_d_effect,
    effects_table,
    hodges_lehmann,
    mean_difference,
    probability_better,
    share_of_splits_won,
)
from ctseq.evidence.samples import replicates_of

pytestmark = pytest.mark.filterwarnings("error")

RNG = np.random.default_rng(7)
A, B = RNG.normal(0.7, 0.1, 10), RNG.normal(0.6, 0.1, 10)
LEVEL = {"alpha": 0.05}


def test_mean_difference_allows_for_overlap():
    effect = mean_difference(A, B, test_train_ratio=25 / 57, **LEVEL)
    assert effect.estimate == pytest.approx((A - B).mean())
    margin = stats.t.isf(0.025, 9) * np.sqrt((0.1 + 25 / 57) * (A - B).var(ddof=1))
    assert effect.high - effect.estimate == pytest.approx(margin)
    assert effect.allows_for_overlap == 1


def test_cohens_d_of_the_published_accuracy():
    # d = 1.88072 is the known answer for the published replicates: t = 4.2054 with 10 a model.
    a = np.array([19, 19, 17, 17, 16, 18, 17, 18, 17, 21]) / 25
    b = np.array([12, 16, 14, 15, 16, 17, 16, 12, 15, 16]) / 25
    effect = cohens_d_effect(a, b, **LEVEL)
    assert effect.estimate == pytest.approx(1.88072, abs=5e-6)
    # The bounds are the noncentralities under which the statistic is an extreme 2.5 %.
    t, scale = effect.estimate / np.sqrt(0.2), np.sqrt(0.2)
    assert stats.nct.sf(t, 18, effect.low / scale) == pytest.approx(0.025)
    assert stats.nct.cdf(t, 18, effect.high / scale) == pytest.approx(0.025)


def test_cohens_d_mirrors():
    one, other = cohens_d_effect(A, B, **LEVEL), cohens_d_effect(B, A, **LEVEL)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


def test_cohens_d_of_models_far_apart_is_no_nonsense():
    effect = cohens_d_effect(A + 1000, B, **LEVEL)
    assert effect.estimate > 1000
    assert effect.low < effect.estimate < effect.high or effect.note


def test_cliffs_delta_of_the_effsize_manual():
    treatment = np.array([10, 10, 20, 20, 20, 30, 30, 30, 40, 50.0])
    control = np.array([10, 20, 30, 40, 40, 50.0])
    effect = cliffs_delta(treatment, control, **LEVEL)
    assert effect.estimate == pytest.approx(-0.25)
    assert (effect.low, effect.high) == pytest.approx((-0.7265846, 0.3890062), abs=5e-8)


def test_cliffs_delta_is_the_mann_whitney_statistic():
    u = stats.mannwhitneyu(A, B).statistic
    assert cliffs_delta(A, B, **LEVEL).estimate == pytest.approx(2 * u / 100 - 1)


@pytest.mark.parametrize("sign", [-1, 1])
def test_cliffs_delta_of_separated_samples_keeps_an_interval(sign):
    effect = cliffs_delta(A + sign, B, **LEVEL)
    z2 = 1.959964**2
    bounds = sorted((sign, sign * (10 - z2) / (10 + z2)))
    assert (effect.low, effect.high) == pytest.approx(bounds)


def test_hodges_lehmann():
    effect = hodges_lehmann(A, B, **LEVEL)
    shifts = np.sort(np.subtract.outer(A, B).ravel())
    assert effect.estimate == pytest.approx(np.median(shifts))
    # Tables of U give 23 as the critical value for 10 and 10 at 5 %.
    assert (effect.low, effect.high) == (shifts[23], shifts[-24])
    # Shifts at the bounds are those that the test just rejects.
    assert stats.mannwhitneyu(A - effect.low + 1e-9, B, method="exact").pvalue < 0.05
    assert stats.mannwhitneyu(A - effect.low - 1e-9, B, method="exact").pvalue > 0.04


def test_two_replicates_allow_no_hodges_lehmann_interval():
    effect = hodges_lehmann(A[:2], B[:2], **LEVEL)
    assert np.isnan([effect.low, effect.high]).all()
    assert "too few" in effect.note


def test_probability_follows_the_direction():
    higher = probability_better(A, B, higher=True, **LEVEL)
    lower = probability_better(A, B, higher=False, **LEVEL)
    assert higher.estimate + lower.estimate == pytest.approx(1)
    assert (higher.low, higher.high) == pytest.approx((1 - lower.high, 1 - lower.low))
    assert higher.estimate == pytest.approx((A[:, None] > B).mean())


def test_share_of_splits_won_is_wilsons_nine_of_ten():
    b = np.zeros(10)
    a = np.where(np.arange(10) < 9, 1.0, -1.0)
    effect = share_of_splits_won(a, b, higher=True, **LEVEL)
    assert (effect.estimate, effect.low, effect.high) == pytest.approx(
        (0.9, 0.5958, 0.9821), abs=5e-5
    )
    assert share_of_splits_won(b, b, higher=True, **LEVEL).estimate == 0.5


def table_of(a, b):
    frame = pd.DataFrame(
        [
            (model, replicate, "recall", value)
            for model, sample in (("a", a), ("b", b))
            for replicate, value in enumerate(sample, start=1)
        ],
        columns=["model", "replicate", "metric", "value"],
    )
    replicates = replicates_of(frame, models=["a", "b"], metrics=["recall"])
    return effects_table(replicates, undefined="exclude", test_train_ratio=25 / 57, **LEVEL)


def test_table_says_which_intervals_are_too_narrow():
    table = table_of(A, B).set_index("effect")
    assert table["allows_for_overlap"].tolist() == [1, 0, 0, 0, 0, 0]
    naive = table[table["allows_for_overlap"] == 0]
    assert (naive["note"] == TOO_NARROW).all()
    assert (table["method"] != "").all()
    assert (table["low"] < table["estimate"]).all()


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]),
        ([0.7, 0.7, 0.7], [0.5, 0.5, 0.5]),
        ([0.7, np.nan, np.nan], [0.5, 0.5, 0.4]),
        ([np.nan] * 3, [0.5, 0.5, 0.4]),
        ([0.7, 0.8, np.nan], [0.5, 0.5, 0.4]),
    ],
)
def test_degenerate_samples_are_explained(a, b):
    table = table_of(a, b)
    empty = table[table["low"].isna()]
    assert len(empty)
    assert (empty["note"] != "").all()
    numbers = table[["estimate", "low", "high"]].to_numpy()
    assert not np.isinf(numbers).any()


def test_without_shared_splits_no_share_of_them_is_won():
    frame = pd.DataFrame(
        [(m, r, "recall", v) for m, values in (("a", A), ("b", B)) for r, v in enumerate(values)],
        columns=["model", "replicate", "metric", "value"],
    )
    replicates = replicates_of(frame, models=["a", "b"], metrics=["recall"], shared_splits=False)
    table = effects_table(replicates, undefined="exclude", test_train_ratio=25 / 57, **LEVEL)
    assert "share_of_splits_won_by_a" not in set(table["effect"])
    assert table["n"].unique().tolist() == [len(A) + len(B)]
