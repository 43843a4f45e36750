"""False alarms: the corrected test keeps its level, the paper's do not."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ctseq.evidence.over_replicates.paper import FALSE_ALARM_RATES

pytestmark = pytest.mark.filterwarnings("error")

SPEC = importlib.util.spec_from_file_location(
    "false_alarms", Path(__file__).parents[2] / "benchmarks/false_alarms.py"
)
PROGRAM = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(PROGRAM)


def test_the_stated_rates_are_those_of_the_simulation():
    # Other patients than those of the stated rates; of 1000 studies the errors add up to 0.045.
    rates = PROGRAM.false_alarm_rates(runs=1000, seed=2)
    stated = {test: of_10 for test, (of_10, _) in FALSE_ALARM_RATES.items()}
    assert rates == pytest.approx(stated, abs=0.045)
    assert max(rates["corrected_t"], rates["corrected_t_unpaired"]) <= 0.07


def test_splits_of_ones_own_do_not_help():
    own = PROGRAM.false_alarm_rates(runs=500, shared_splits=False, seed=2)
    assert own["student_t"] > 0.25
    assert own["corrected_t_unpaired"] <= 0.07


def test_the_learners_are_equally_good_and_the_seed_decides():
    accuracy = PROGRAM.simulate_accuracies(runs=1000, seed=3)
    assert accuracy.shape == (1000, 2, 10)
    means = accuracy.mean(axis=(0, 2))
    assert means[0] == pytest.approx(means[1], abs=0.01)
    assert means.mean() > 0.53  # they learn something
    one, again, other = (PROGRAM.simulate_accuracies(runs=5, seed=seed) for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="replicates >= 2"):
        PROGRAM.simulate_accuracies(runs=5, replicates=1, seed=1)
    with pytest.raises(ValueError, match="n_test < n_patients"):
        PROGRAM.simulate_accuracies(runs=5, n_test=82, seed=1)


def test_program_prints_and_writes(tmp_path, capsys):
    out = tmp_path / "rates.csv"
    PROGRAM.main(["--runs", "50", "--replicates", "5", "--own-splits", "--csv", str(out)])
    assert "student_t" in capsys.readouterr().out
    rates = pd.read_csv(out)
    assert set(rates["test"]) == set(FALSE_ALARM_RATES)
    assert np.isfinite(rates["rate"]).all()
