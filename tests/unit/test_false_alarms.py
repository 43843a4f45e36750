"""False alarms and coverage in simulated studies: a short run, and what ships of the long one."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from ctseq.core.tables import read_table
from ctseq.evidence.levels import LEARNERS, LEVELS, beyond_bounds
from ctseq.evidence.over_replicates.paper import FALSE_ALARM_RATES
from ctseq.report.numbers import LEARNER_WORDS, statistic_words

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "benchmarks"))

import false_alarms  # noqa: E402
import learners  # noqa: E402
import procedures  # noqa: E402
from simulated import Design, simulate  # noqa: E402

pytestmark = pytest.mark.filterwarnings("error")

RUNS = 300


@pytest.fixture(scope="module")
def short():
    """Rates of the stratified design, other studies than those of the shipped table."""
    names = ("differences", "uncorrected")
    frame = false_alarms.simulated_levels(names, families=[1], runs=RUNS, seed=2)
    return frame.set_index(["procedure", "statistic"])[list(LEARNERS)]


def test_the_corrected_test_keeps_its_level(short):
    # So high comes one of 64 rates of .06 once in a thousand times.
    most = binom.ppf(1 - 1e-3 / 64, RUNS, 0.06) / RUNS
    assert short.loc["difference"].size == 64
    assert short.loc["difference"].max(axis=None) <= most
    assert short.loc["non_inferiority"].max(axis=None) <= most


def test_once_the_overlap_is_too_little(short):
    once = short.loc["difference_overlap_once"]
    assert (once >= short.loc["difference"]).all(axis=None)
    # So many alarms come once in a thousand times at a level of .05.
    alarms = RUNS * (once.loc["recall", "knn"] + once.loc["roc_auc", "tuned"])
    assert alarms > binom.ppf(0.999, 2 * RUNS, 0.05)


def test_tests_that_take_replicates_for_independent_do_not_keep_theirs(short):
    least = binom.ppf(1e-3, RUNS, 0.2) / RUNS
    for test in ("student_t", "welch_t", "mann_whitney", "paired_t", "wilcoxon"):
        assert (short.loc[(test, ["accuracy", "roc_auc"]), :] > least).all(axis=None)


def test_the_stated_rates_are_those_of_the_table():
    table = read_table(ROOT / "resources/levels.csv", LEVELS)
    rows = table[
        (table["scheme"] == "random")
        & (table["n_patients"] == 82)
        & (table["shared_splits"] == 1)
        & (table["statistic"] == "accuracy")
    ].set_index(["procedure", "replicates"])
    for test, stated in FALSE_ALARM_RATES.items():
        found = [rows.loc[(test, replicates), "ridge"] for replicates in (10, 30)]
        assert stated == pytest.approx(found, abs=0.0005), test


def test_the_statistics_page_names_what_is_beyond_its_bound_and_no_more():
    page = (ROOT / "docs/statistics.md").read_text("utf-8")
    _, _, part = page.partition("<!-- generated: beyond -->\n")
    table, _, reasons = part.partition("<!-- end: beyond -->")[0].partition("\n\n")
    told = set()
    for line in table.splitlines()[2:]:
        procedure, statistic, _design, rates, bound, why = line.strip("| ").split(" | ")
        assert f"\n{why}. " in f"\n{reasons}"
        told |= {(procedure, statistic, rate, bound) for rate in rates.split(", ")}
    beyond = beyond_bounds(read_table(ROOT / "resources/levels.csv", LEVELS))
    assert told == {
        (
            row.procedure.replace("_", " "),
            statistic_words(row.statistic),
            f"{LEARNER_WORDS[row.learner]} {100 * row.rate:.1f}",
            f"{100 * row.bound:g}",
        )
        for row in beyond.itertuples()
    }


def test_rates_depend_on_nothing_else_that_is_simulated():
    options = {"runs": 30, "seed": 1}
    both = false_alarms.simulated_levels(
        ("intervals", "predictions"), families=[1, 3], processes=2, **options
    )
    one = false_alarms.simulated_levels(("predictions",), families=[3], **options)
    merged = both.merge(one, on=[*LEVELS.key], suffixes=("", "_again"))
    assert len(merged) == len(one) == 4
    for learner in LEARNERS:
        assert (merged[learner] == merged[f"{learner}_again"]).all()


def test_all_procedures_come_out_and_new_rows_replace_old_ones(tmp_path, capsys):
    out = tmp_path / "levels.csv"
    arguments = ["--families", "1", "8", "9", "--write", str(out), "--runs"]
    false_alarms.main([*arguments, "30"])
    printed = capsys.readouterr().out
    assert "student_t" in printed
    assert "rates are beyond their bounds" in printed
    first = read_table(out, LEVELS)
    shipped = read_table(ROOT / "resources/levels.csv", LEVELS)
    own = shipped[shipped["scheme"] == "stratified"]
    names = ["procedure", "statistic"]
    assert {*map(tuple, first[names].to_numpy())} == {*map(tuple, own[names].to_numpy())}
    rates = first[list(LEARNERS)]
    assert ((rates >= 0) & (rates <= 1)).all(axis=None)
    assert {*first["runs"]} == {30, 10}  # what takes long is applied to a third
    false_alarms.main([*arguments, "20", "--procedures", "predictions"])
    second = read_table(out, LEVELS)
    assert len(second) == len(first)
    renewed = second["procedure"] == "predictive_value"
    assert (second["runs"] == 20).tolist() == renewed.tolist()
    pd.testing.assert_frame_equal(second[~renewed], first[~renewed])


def test_the_learners_of_the_table_are_those_that_are_simulated():
    assert (*learners.LEARNERS,) == LEARNERS


def test_the_overlap_is_that_of_a_study():
    studies = simulate(Design("random", 4, 82), "ridge", runs=2, seed=1)
    for shared, factor in ((True, 2), (False, 1)):
        case = procedures.case_of(studies, 3, shared_splits=shared)
        assert case.overlap == pytest.approx([factor * 25 / 57] * 2)
        assert case.metrics["accuracy"].shape == (2, 2, 3)


def test_an_interval_that_does_not_exist_is_not_counted():
    ends = [[0, 1], [0.4, 0.6], [float("nan")] * 2, [0.6, 1]]
    assert procedures.coverage(pd.DataFrame(ends).to_numpy(), 0.5) == pytest.approx(2 / 3)


def test_the_chi_square_interval_holds_for_normal_replicates_alone():
    rng = np.random.default_rng(4)
    normal = rng.normal(0, 2, (4000, 2, 1)) + rng.normal(0, 1, (4000, 2, 10))
    case = procedures.Case(None, True, {"recall": normal, "precision": normal**6}, np.ones(4000))
    rates = procedures.deviations(case)
    assert rates["deviation_chi_square", "recall"] == pytest.approx(0.95, abs=0.015)
    assert rates["deviation_chi_square", "precision"] < 0.7
