"""Power: known answers, and what cannot be had."""

import numpy as np
import pytest
from statsmodels.stats.power import TTestIndPower, TTestPower

from ctseq.core.errors import InputError
from ctseq.evidence.metrics import METRICS
from ctseq.evidence.over_replicates.effects import cohens_d
from ctseq.evidence.over_replicates.power import (
    corrected_power,
    noncentral_power,
    patients_needed,
    power_table,
    replicates_needed,
    two_sample_power,
)
from ctseq.evidence.over_replicates.resampled import corrected_t_unpaired
from replicates import RATIO, replicates

pytestmark = pytest.mark.filterwarnings("error")

PAPER = {"overlap": RATIO, "alpha": 0.05}
PAIRED = {"overlap": 2 * RATIO, "alpha": 0.05}  # of models that share their splits


@pytest.mark.parametrize(
    ("d", "n", "alpha", "power"),
    [
        (1.88072, 10, 0.05, 0.97789),
        (1.88072, 10, 0.5, 0.99977),
        (0.5, 64, 0.05, 0.80146),
    ],
)
def test_known_powers_of_the_two_sample_t(d, n, alpha, power):
    assert two_sample_power(d, n, n, alpha=alpha) == pytest.approx(power, abs=5e-6)
    assert two_sample_power(-d, n, n, alpha=alpha) == pytest.approx(power, abs=5e-6)


@pytest.mark.parametrize(("d", "n_a", "n_b"), [(0.8, 10, 8), (0.1, 5, 30), (2.0, 3, 3)])
def test_agrees_with_statsmodels(d, n_a, n_b):
    expected = TTestIndPower().power(d, n_a, 0.05, ratio=n_b / n_a)
    assert two_sample_power(d, n_a, n_b, alpha=0.05) == pytest.approx(expected)


def test_power_without_a_difference_is_the_level():
    assert two_sample_power(0, 10, 10, alpha=0.05) == pytest.approx(0.05)
    assert corrected_power(0, 0.1, 10, **PAPER) == pytest.approx(0.05)


@pytest.mark.parametrize("df", [1, 2, 4, 18, 10**6])
def test_no_shift_breaks_the_distribution(df):
    # SciPy has no number for the smaller tail at some of these, such as 7.6 with df = 1.
    shifts = [0, 0.5, 3, *np.linspace(6, 9, 31), 10, 25, 29.9, 37, 200, 1e6]
    powers = [noncentral_power(shift, df, alpha=0.05) for shift in shifts]
    assert np.isfinite(powers).all()
    assert (np.diff(powers) >= -1e-12).all()
    assert powers[-1] == pytest.approx(1)


def test_undefined_d_has_no_power():
    flat = np.full(3, 0.5)
    assert np.isnan(cohens_d(flat, flat))
    assert np.isnan(two_sample_power(np.nan, 10, 10, alpha=0.05))


def test_without_correction_it_is_the_paired_t():
    expected = TTestPower().power(0.1 / 0.12, 10, 0.05)
    power = corrected_power(0.1, 0.12, 10, overlap=1e-12, alpha=0.05)
    assert power == pytest.approx(expected)


def test_corrected_power_is_what_simulated_replicates_show():
    # Replicates correlated as the correction assumes: variance of the mean (1/J + ratio) sd^2.
    rng = np.random.default_rng(2)
    n, sd, difference = 10, 0.1, 0.15
    # Equicorrelated values whose sample variance is sd^2 on average.
    common = rng.normal(0, np.sqrt(RATIO) * sd, (20000, 1))
    d = difference + common + rng.normal(0, sd, (20000, n))
    t = d.mean(1) / np.sqrt((1 / n + RATIO) * d.var(1, ddof=1))
    found = np.mean(np.abs(t) > 2.262157)
    assert corrected_power(difference, sd, n, **PAPER) == pytest.approx(found, abs=0.01)


def test_replicates_needed_is_the_smallest():
    need = replicates_needed(0.2, 0.1, **PAPER)
    n = int(need.number)
    assert need.notes == ()
    assert corrected_power(0.2, 0.1, n, **PAPER) >= 0.8
    assert corrected_power(0.2, 0.1, n - 1, **PAPER) < 0.8


def test_more_replicates_may_never_do():
    need = replicates_needed(0.12, 0.13, **PAPER)
    assert np.isnan(need.number)
    [note] = need.notes
    assert (note["code"], note["target"]) == ("power_out_of_reach", 0.8)
    assert corrected_power(0.12, 0.13, 10**6, **PAPER) == pytest.approx(note["ceiling"], abs=1e-4)


def test_more_replicates_than_a_plan_has_are_no_number():
    # 1,000 replicates fall just short of the power that infinitely many have.
    sd, alpha = 0.1, 0.05
    ceiling = 2.8016 * sd * np.sqrt(RATIO)  # z(.975) + z(.8) of the variance that is left
    need = replicates_needed(ceiling * 1.0002, sd, overlap=RATIO, alpha=alpha)
    assert np.isnan(need.number)
    assert need.notes == ({"code": "too_many_replicates", "most": 1000},)


def test_more_patients_do():
    design = {"n_patients": 82, "n_replicates": 10, **PAPER}
    need = patients_needed(0.12, 0.13, **design)
    assert need.number > 82
    scaled = 0.13 * np.sqrt(82 / need.number)
    assert corrected_power(0.12, scaled, 10, **PAPER) == pytest.approx(0.8, abs=0.01)
    fewer = 0.13 * np.sqrt(82 / (need.number - 1))
    assert corrected_power(0.12, fewer, 10, **PAPER) < 0.8
    beyond = patients_needed(1e-6, 0.13, **design)
    assert beyond.notes == ({"code": "too_many_patients", "most": 100_000},)
    assert np.isnan(beyond.number)


def test_unpaired_replicates_need_fewer_patients():
    """Their test has twice the degrees of freedom."""
    design = {"n_patients": 82, "n_replicates": 10, **PAPER}
    paired, unpaired = (patients_needed(0.12, 0.13, paired=own, **design) for own in (True, False))
    assert unpaired.number < paired.number


def test_levels_are_checked():
    with pytest.raises(InputError, match="alpha"):
        two_sample_power(0.5, 10, 10, alpha=0)


def table_of(a, b, **options):
    return power_table(replicates({"a": a, "b": b}, **options))


def test_table():
    rng = np.random.default_rng(8)
    a, b = rng.normal(0.7, 0.1, 10), rng.normal(0.6, 0.1, 10)
    [row] = table_of(a, b).itertuples()
    sd = (a - b).std(ddof=1)
    assert (row.difference, row.sd) == (METRICS["recall"].margin, pytest.approx(sd))
    assert row.power == pytest.approx(corrected_power(row.difference, sd, 10, **PAIRED))
    # The smallest detectable difference has the customary power.
    detected = corrected_power(row.detectable_difference, row.sd, 10, **PAIRED)
    assert detected == pytest.approx(0.8)


def test_the_difference_sought_is_the_margin():
    rng = np.random.default_rng(8)
    row = table_of(rng.random(10), rng.random(10), margins={"recall": 0.3}).iloc[0]
    assert row["difference"] == 0.3


def test_needs_are_rounded_up_to_two_digits():
    rng = np.random.default_rng(8)
    a, b = rng.normal(0.7, 0.2, 10), rng.normal(0.6, 0.2, 10)
    row = table_of(a, b).iloc[0]
    exact = patients_needed(
        METRICS["recall"].margin, row["sd"], n_patients=82, n_replicates=10, **PAIRED
    )
    assert exact.number > 100
    assert '{"code": "needs_are_rough", "n": 10}' in row["notes"]
    assert len(f"{row['patients_needed']:.0f}".rstrip("0")) <= 2
    assert 1 <= row["patients_needed"] / exact.number < 1.1
    easy = table_of(a, b, margins={"recall": 1.0}).iloc[0]
    number = replicates_needed(1.0, row["sd"], **PAIRED).number
    assert easy["replicates_needed"] == number < 100  # as it is


def test_a_difference_of_zero_is_never_found():
    rng = np.random.default_rng(8)
    row = table_of(rng.random(10), rng.random(10), margins={"recall": 0}).iloc[0]
    assert row["power"] == pytest.approx(0.05)
    assert row["detectable_difference"] > 0
    needs = [name for name in row.index if "_needed" in name]
    assert len(needs) == 2
    assert row[needs].isna().all()
    assert row["notes"] == '[{"code": "zero_sought"}]'


@pytest.mark.parametrize(
    ("a", "b"),
    [([0.5] * 3, [0.5] * 3), ([0.7] * 3, [0.5] * 3), ([np.nan] * 3, [0.5] * 3)],
)
def test_degenerate_samples_are_explained(a, b):
    table = table_of(a, b)
    assert table["power"].isna().all()
    assert (table["notes"] != "").all()


def test_unpaired_power_follows_the_unpaired_test():
    rng = np.random.default_rng(9)
    a, b = rng.normal(0.7, 0.1, 10), rng.normal(0.6, 0.1, 10)
    result = corrected_t_unpaired(a, b, **PAPER)
    row = table_of(a, b, margins={"recall": result.estimate}, shared_splits=False).iloc[0]
    assert row["method"] == result.method
    power = noncentral_power(result.statistic, result.df, alpha=0.05)
    assert row["power"] == pytest.approx(power)
