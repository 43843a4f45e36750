"""The primary analysis: known answers, the published replicates, and what cannot be tested."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.datasets import make_moons
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.svm import SVC

from ctseq.core.errors import InputError
from ctseq.evidence.metrics import METRICS
from ctseq.evidence.over_replicates.bayesian import bayesian_t, bayesian_t_table
from ctseq.evidence.over_replicates.design import design_of_splits, design_without_splits
from ctseq.evidence.over_replicates.effects import ranking_table
from ctseq.evidence.over_replicates.resampled import (
    corrected_t,
    corrected_t_unpaired,
    resampled_t_table,
)
from ctseq.evidence.over_replicates.samples import Pair
from ctseq.evidence.rows import holm
from replicates import RATIO, replicates, rows_of

pytestmark = pytest.mark.filterwarnings("error")

PUBLISHED = Path(__file__).parents[2] / "resources/published/replicates.csv"
PAPER = {"overlap": RATIO, "alpha": 0.05}


def codes(result):
    return [note["code"] for note in result.notes]


samples = st.lists(st.tuples(st.integers(0, 25), st.integers(0, 25)), min_size=2, max_size=30).map(
    lambda pairs: np.array(pairs).T / 25
)


@pytest.fixture(scope="module")
def moons():
    """Scores of scikit-learn's page on the statistical comparison of models."""
    X, y = make_moons(noise=0.352, random_state=1, n_samples=100)
    folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    return [
        cross_val_score(SVC(kernel=kernel, random_state=0), X, y, scoring="roc_auc", cv=folds)
        for kernel in ("rbf", "linear")
    ]


def test_corrected_t_on_scikit_learns_page(moons):
    result = corrected_t(*moons, overlap=1 / 9, alpha=0.05)
    assert result.statistic == pytest.approx(0.7503, abs=5e-5)
    assert result.p / 2 == pytest.approx(0.2274, abs=5e-5)
    plain = stats.ttest_rel(*moons)
    assert (plain.statistic, plain.pvalue / 2) == pytest.approx((2.611, 0.0052), abs=5e-4)


def test_bayesian_t_on_scikit_learns_page(moons):
    result = bayesian_t(Pair(*moons, 0), overlap=1 / 9, margin=0, alpha=0.05)
    assert result.p_above == pytest.approx(0.7726, abs=5e-5)
    assert result.p_within == 0
    # The page's region of practical equivalence, 0.01 of the area.
    wide = bayesian_t(Pair(*moons, 0), overlap=1 / 9, margin=0.01, alpha=0.05)
    assert wide.p_below + wide.p_within + wide.p_above == pytest.approx(1)
    assert wide.p_within == pytest.approx(0.432, abs=5e-4)


@given(samples)
def test_without_correction_it_is_the_paired_t(pair):
    a, b = pair
    if np.ptp(a - b) < 1e-9:
        return
    result = corrected_t(a, b, overlap=1e-12, alpha=0.1)
    plain = stats.ttest_rel(a, b)
    interval = plain.confidence_interval(0.9)
    assert result.p == pytest.approx(plain.pvalue, rel=1e-6)
    assert (result.low, result.high) == pytest.approx((interval.low, interval.high))


@given(samples)
def test_swapping_the_models_changes_the_sign_alone(pair):
    a, b = pair
    one, other = corrected_t(a, b, **PAPER), corrected_t(b, a, **PAPER)
    assert one.p == pytest.approx(other.p, nan_ok=True)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), nan_ok=True)


def test_p_interval_and_posterior_agree():
    rng = np.random.default_rng(3)
    a, b = rng.random((2, 10))
    result = corrected_t(a, b, **PAPER)
    at_its_p = corrected_t(a, b, overlap=RATIO, alpha=result.p)
    assert min(abs(at_its_p.low), abs(at_its_p.high)) == pytest.approx(0, abs=1e-9)
    posterior = bayesian_t(Pair(a, b, 0), margin=0, **PAPER)
    assert 2 * min(posterior.p_below, posterior.p_above) == pytest.approx(result.p)
    assert (posterior.low, posterior.high) == pytest.approx((result.low, result.high))


@pytest.fixture(scope="module")
def published():
    runs = pd.read_csv(PUBLISHED)
    runs["accuracy"] = (runs["tp"] + runs["tn"]) / 25
    runs["recall"] = runs["tp"] / (runs["tp"] + runs["fn"])
    runs["precision"] = runs["tp"] / (runs["tp"] + runs["fp"])
    runs["specificity"] = runs["tn"] / (runs["tn"] + runs["fp"])
    runs["balanced_accuracy"] = (runs["recall"] + runs["specificity"]) / 2
    models = runs["model"].to_numpy()
    return {
        metric: [runs[metric].to_numpy()[models == model] for model in ("vivit", "convnext")]
        for metric in ("accuracy", "recall", "precision", "specificity", "balanced_accuracy")
    }


@pytest.mark.parametrize(("metric", "p"), [("accuracy", 0.0867), ("recall", 0.0034)])
def test_published_accuracy_is_not_significant_and_recall_is(published, metric, p):
    a, b = published[metric]
    result = corrected_t_unpaired(a, b, **PAPER)
    assert result.p == pytest.approx(p, abs=5e-5)
    assert (result.low > 0) == (p < 0.05)
    # The definition, written out.
    error = np.sqrt((1 / 10 + RATIO) * (a.var(ddof=1) + b.var(ddof=1)))
    assert result.statistic == pytest.approx((a.mean() - b.mean()) / error)
    assert result.df == 18


@pytest.mark.parametrize(("policy", "difference"), [("exclude", -0.110), ("zero", 0.058)])
def test_published_precision_turns_its_sign_with_the_policy(published, policy, difference):
    a, b = published["precision"]
    b = b[~np.isnan(b)] if policy == "exclude" else np.nan_to_num(b)
    result = corrected_t_unpaired(a, b, **PAPER)
    assert result.p > 0.5
    assert result.estimate == pytest.approx(difference, abs=5e-4)


def test_published_specificity_and_balanced_accuracy(published):
    a, b = published["specificity"]
    result = corrected_t_unpaired(a, b, **PAPER)
    assert (a.mean(), b.mean(), result.estimate) == pytest.approx((0.79, 0.97, -0.18), abs=0.005)
    assert (result.low, result.high, result.p) == pytest.approx((-0.42, 0.06, 0.14), abs=0.005)
    balanced = corrected_t_unpaired(*published["balanced_accuracy"], **PAPER)
    assert (balanced.estimate, balanced.p) == pytest.approx((0.157, 0.0047), abs=5e-4)


def test_unpaired_without_correction_is_students_t():
    rng = np.random.default_rng(4)
    a, b = rng.random(7), rng.random(10)
    result = corrected_t_unpaired(a, b, overlap=1e-12, alpha=0.05)
    assert result.p == pytest.approx(stats.ttest_ind(a, b).pvalue)


def test_equal_models_do_not_differ():
    a = np.array([0.6, 0.7, 0.8])
    for result in (corrected_t(a, a, **PAPER), corrected_t_unpaired(a[[0, 0]], a[[0, 0]], **PAPER)):
        assert (result.estimate, result.p) == (0, 1)
        assert np.isnan([result.low, result.high, result.statistic]).all()
        assert codes(result) == ["models_equal"]


def test_a_constant_difference_is_no_certainty():
    patients = np.array([2, 7, 11, 14])
    a, b = (patients + 3) / 25, patients / 25  # equal differences on paper, not in binary
    assert np.ptp(a - b) > 0
    for result in (
        corrected_t(a, b, **PAPER),
        corrected_t_unpaired(np.full(5, 0.7), np.full(5, 0.6), **PAPER),
    ):
        assert np.isnan([result.p, result.low, result.statistic]).all()
        assert codes(result) == ["difference_constant"]
    posterior = bayesian_t(Pair(a, b, 0), margin=0.02, **PAPER)
    assert posterior.estimate == pytest.approx(0.12)
    assert np.isnan([posterior.p_below, posterior.p_within, posterior.p_above]).all()


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_replicates_are_said(n):
    few = np.full(n, 0.5)
    results = [
        corrected_t(few, few, **PAPER),
        corrected_t_unpaired(few, few, **PAPER),
        bayesian_t(Pair(few, few, 0), margin=0.02, **PAPER),
    ]
    for result in results:
        assert np.isnan(result.estimate)
        assert codes(result)[0].startswith("needs_")
        assert result.notes[0]["needed"] == 2


def test_arguments_are_checked():
    a = np.array([0.1, 0.2])
    with pytest.raises(InputError, match=r"alpha is 5 .* between 0 and 1"):
        corrected_t(a, a, overlap=RATIO, alpha=5)
    for wrong in (0, np.inf, np.nan):
        with pytest.raises(InputError, match="overlap is .* must be above 0"):
            corrected_t(a, a, overlap=wrong, alpha=0.05)
    with pytest.raises(InputError, match=r"margin is -1 .*comparison.margins"):
        bayesian_t(Pair(a, a, 0), margin=-1, **PAPER)
    with pytest.raises(ValueError, match="shapes"):
        corrected_t(a, a[:1], **PAPER)


def test_holm():
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    with_gap = holm(np.array([0.01, np.nan, 0.04]))
    assert with_gap == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)
    assert np.isnan(holm(np.array([np.nan]))).all()


def test_ratio_comes_from_the_splits():
    split = pd.DataFrame({"subset": ["test"] * 25 + ["train"] * 57})
    design = design_of_splits([split, split])
    assert (design.test_train_ratio, design.n_patients) == (pytest.approx(RATIO), 82)
    assert design.shared_splits
    assert design.overlap == pytest.approx(2 * RATIO)
    assert design_without_splits(n_train=57, n_test=25).overlap == pytest.approx(RATIO)
    with pytest.raises(InputError, match="0 training"):
        design_of_splits([split[:25]])
    with pytest.raises(InputError, match="none was given"):
        design_of_splits([])


def test_tables_count_what_is_undefined_and_know_the_direction():
    rng = np.random.default_rng(5)
    good, poor = 0.8 + 0.02 * rng.random(10), 0.5 + 0.02 * rng.random(10)
    undefined = np.where(np.arange(10) == 2, np.nan, good)
    values = {("a", "recall"): undefined, ("b", "recall"): poor}
    values |= {("a", "brier"): good, ("b", "brier"): poor}
    table = resampled_t_table(replicates(values))
    assert table["n"].tolist() == [9, 10]
    assert table["n_undefined"].tolist() == [1, 0]
    # Models that share their splits have n_test / n_train twice.
    assert table["overlap"].tolist() == pytest.approx([2 * RATIO] * 2)
    expected = corrected_t(good, poor, overlap=2 * RATIO, alpha=0.05)
    assert table["p"].iloc[1] == expected.p
    better = bayesian_t_table(replicates(values, margins={"brier": 0.2}))
    assert better["margin"].tolist() == [METRICS["recall"].margin, 0.2]
    assert (better["p_a_better"] > 0.99).tolist() == [True, False]
    assert (better["p_b_better"] > 0.99).tolist() == [False, True]


def test_models_with_splits_of_their_own_are_not_paired():
    rng = np.random.default_rng(6)
    a, b = rng.random((2, 10))
    b[3] = np.nan
    rows = rows_of({"a": a, "b": b})
    own = replicates(rows, shared_splits=False, margins={"recall": 0})
    row = resampled_t_table(own).iloc[0]
    defined = b[~np.isnan(b)]
    assert row["p"] == corrected_t_unpaired(a, defined, **PAPER).p
    assert row["overlap"] == pytest.approx(RATIO)  # once
    assert (row["method"], row["n"]) == ("corrected resampled t, unpaired", 19)
    assert row["notes"] == '[{"code": "unpaired"}]'
    posterior = bayesian_t_table(own).iloc[0]
    tail = min(posterior["p_a_better"], posterior["p_b_better"])
    assert 2 * tail == pytest.approx(row["p"])
    ranks = ranking_table(own)
    assert ranks["average_rank"].isna().all()
    assert ranks["notes"].str.contains("ranks_need_shared_splits").all()
    shuffled = rows.assign(replicate=np.r_[1:11, 10:0:-1])
    again = replicates(shuffled, shared_splits=False)
    assert resampled_t_table(again)["p"].iloc[0] == pytest.approx(row["p"])
