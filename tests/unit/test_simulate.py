"""False alarms: the corrected test keeps its level, the paper's do not."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ctseq.evidence.simulate import (
    FALSE_ALARM_RATES,
    false_alarm_note,
    false_alarm_rates,
    simulate_accuracies,
)

pytestmark = pytest.mark.filterwarnings("error")

PROGRAM = Path(__file__).parents[2] / "benchmarks/false_alarms.py"


@pytest.fixture(scope="module")
def outcome():
    # 1500 studies: a rate of 5 % is known within 1.1 % (95 % interval).
    return false_alarm_rates(runs=1500, seed=2)


def test_the_corrected_test_keeps_its_level(outcome):
    assert outcome.rates["corrected_t"] <= 0.07
    assert outcome.rates["corrected_t_unpaired"] <= 0.07


@pytest.mark.parametrize("test", ["student_t", "welch_t", "mann_whitney", "paired_t", "wilcoxon"])
def test_the_others_do_not(outcome, test):
    assert outcome.rates[test] > 0.25


def test_more_replicates_make_it_worse(outcome):
    more = false_alarm_rates(runs=500, replicates=30, seed=2)
    assert more.rates["student_t"] > outcome.rates["student_t"] + 0.1
    assert more.rates["corrected_t"] <= 0.07


def test_splits_of_ones_own_do_not_help():
    own = false_alarm_rates(runs=1000, shared_splits=False, seed=2)
    assert own.rates["student_t"] > 0.25
    assert own.rates["corrected_t_unpaired"] <= 0.07


def test_the_rates_in_the_notes_are_those_of_the_simulation(outcome):
    # Both are simulated, the constant with other patients; their errors add up to 0.03 at most.
    for test, rate in outcome.rates.items():
        assert FALSE_ALARM_RATES[10][test] == pytest.approx(rate, abs=0.045), test
    assert "38 %" in false_alarm_note("student_t")


def test_the_learners_are_equally_good():
    accuracy = simulate_accuracies(runs=1000, seed=3)
    assert accuracy.shape == (1000, 2, 10)
    means = accuracy.mean(axis=(0, 2))
    assert means[0] == pytest.approx(means[1], abs=0.01)
    assert means.mean() > 0.53  # they learn something


def test_seed_decides():
    one, again, other = (simulate_accuracies(runs=5, seed=seed) for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="replicates >= 2"):
        simulate_accuracies(runs=5, replicates=1, seed=1)
    with pytest.raises(ValueError, match="n_test < n_patients"):
        simulate_accuracies(runs=5, n_test=82, seed=1)


def test_program_prints_and_writes(tmp_path, capsys):
    spec = importlib.util.spec_from_file_location("false_alarms", PROGRAM)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    out = tmp_path / "rates.csv"
    program.main(["--runs", "50", "--replicates", "5", "--own-splits", "--csv", str(out)])
    assert "student_t" in capsys.readouterr().out
    rates = pd.read_csv(out)
    assert set(rates["test"]) == set(FALSE_ALARM_RATES[10])
    assert np.isfinite(rates["rate"]).all()
