"""Effect sizes and ranks: known answers, and what cannot be described."""

import numpy as np
import pytest
from scipy import stats

from ctseq.core.errors import InputError
from ctseq.evidence.notes import read_notes
from ctseq.evidence.over_replicates.effects import (
    cliffs_delta,
    cohens_d,
    effects_table,
    hodges_lehmann_shift,
    mean_ranks,
    probability_better,
    ranking_table,
    share_of_splits_won,
)
from replicates import replicates

pytestmark = pytest.mark.filterwarnings("error")

RNG = np.random.default_rng(7)
A, B = RNG.normal(0.7, 0.1, 10), RNG.normal(0.6, 0.1, 10)


def test_cohens_d_of_the_published_accuracy():
    # d = 1.88072 is the known answer for the published replicates: t = 4.2054 with 10 a model.
    a = np.array([19, 19, 17, 17, 16, 18, 17, 18, 17, 21]) / 25
    b = np.array([12, 16, 14, 15, 16, 17, 16, 12, 15, 16]) / 25
    assert cohens_d(a, b) == pytest.approx(1.88072, abs=5e-6)
    assert cohens_d(b, a) == pytest.approx(-1.88072, abs=5e-6)


def test_cliffs_delta_of_the_effsize_manual():
    treatment = np.array([10, 10, 20, 20, 20, 30, 30, 30, 40, 50.0])
    control = np.array([10, 20, 30, 40, 40, 50.0])
    assert cliffs_delta(treatment, control) == pytest.approx(-0.25)


def test_cliffs_delta_is_the_mann_whitney_statistic():
    u = stats.mannwhitneyu(A, B).statistic
    assert cliffs_delta(A, B) == pytest.approx(2 * u / 100 - 1)


def test_the_hodges_lehmann_shift_is_the_median_difference():
    assert hodges_lehmann_shift(A, B) == pytest.approx(np.median(np.subtract.outer(A, B)))
    assert hodges_lehmann_shift(A + 1, A) == pytest.approx(1)


def test_probability_follows_the_direction():
    higher, lower = (probability_better(A, B, higher=higher) for higher in (True, False))
    assert higher + lower == pytest.approx(1)
    assert higher == pytest.approx((A[:, None] > B).mean())


def test_share_of_splits_won():
    b = np.zeros(10)
    a = np.where(np.arange(10) < 9, 1.0, -1.0)
    assert share_of_splits_won(a, b, higher=True) == pytest.approx(0.9)
    assert share_of_splits_won(a, b, higher=False) == pytest.approx(0.1)
    assert share_of_splits_won(b, b, higher=True) == 0.5


def table_of(a, b, **options):
    return effects_table(replicates({"a": a, "b": b}, **options))


def test_only_the_mean_difference_has_an_interval():
    table = table_of(A, B).set_index("effect")
    difference = table.loc["mean_difference"]
    assert difference["estimate"] == pytest.approx((A - B).mean())
    # 25/57 twice, for the models share their splits.
    margin = stats.t.isf(0.025, 9) * np.sqrt((0.1 + 50 / 57) * (A - B).var(ddof=1))
    assert difference["high"] - difference["estimate"] == pytest.approx(margin)
    described = table.drop("mean_difference")
    assert described[["low", "high"]].isna().all(axis=None)
    assert described["estimate"].notna().all()
    assert (table["notes"] == "").all()


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
    for row in table.itertuples():
        untested = np.isnan(row.low) if row.effect == "mean_difference" else np.isnan(row.estimate)
        codes = {one["code"] for one in read_notes(row.notes)} - {"cut_at_range"}
        assert bool(codes) == untested, row
    numbers = table[["estimate", "low", "high"]].to_numpy()
    assert not np.isinf(numbers).any()


def test_without_shared_splits_no_share_of_them_is_won():
    table = table_of(A, B, shared_splits=False)
    assert "share_of_splits_won_by_a" not in set(table["effect"])
    assert table["n"].unique().tolist() == [len(A) + len(B)]


# Demsar 2006, Table 6: AUC of C4.5, C4.5+m, C4.5+cf, C4.5+m+cf on 14 data sets.
DEMSAR = np.array(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.975, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ]
).T


def test_ranks_of_demsars_table_6():
    # Demsar ranks voting's third and fourth, equal at three decimals, apart: 2 and 3 for 2.5 each.
    expected = [3.143, 2.000, 2.893, 1.964]
    assert mean_ranks(DEMSAR, higher=True) == pytest.approx(expected, abs=0.5 / 14 + 5e-4)


def test_ties_share_their_mean_rank():
    assert mean_ranks(np.full((3, 5), 0.5), higher=True).tolist() == [2, 2, 2]


def test_ranking_table_drops_a_replicate_for_all():
    values = {(model, "brier"): np.linspace(0.1, 0.2, 5) + k for k, model in enumerate("abc")}
    values["b", "brier"][1] = np.nan
    table = ranking_table(replicates(values))
    assert table["average_rank"].tolist() == [1, 2, 3]  # lower is better
    assert table["n"].tolist() == [4, 4, 4]
    with pytest.raises(InputError, match="model b"):
        ranking_table(replicates(values, undefined="error"))
