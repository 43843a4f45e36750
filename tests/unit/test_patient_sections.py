"""The report's sections on discrimination, calibration and benefit, and their tables."""

import pandas as pd
import pytest

from ctseq.evidence.over_patients.analyses import OVER_PATIENTS
from ctseq.report.comparison import section_tables
from ctseq.report.sections import SECTIONS
from ctseq.report.study import Compared
from patients import small_study

CONFIG = {
    "models": {"a": {"label": "ViViT"}, "b": {"label": "ConvNeXt"}},
    "compare": ["a", "b"],
    "comparison": {"alpha": 0.05},
}
SHOWN = {
    "discrimination": ["discrimination", "operating_points"],
    "calibration": ["calibration"],
    "benefit": ["net_benefit", "net_benefit_differences", "predictive_values"],
}


class People(Compared):
    n_patients = 82


def compared(study=None):
    tables = {one.stem: one.compute(study) for one in OVER_PATIENTS.values()} if study else {}
    return People(config=CONFIG, metrics=pd.DataFrame(), comparison=tables, levels=pd.DataFrame())


@pytest.fixture(scope="module")
def study():
    return compared(small_study())


@pytest.mark.parametrize("section", SHOWN)
def test_sections_are_shown_where_there_are_tables(study, section):
    [own] = [one for one in SECTIONS if one.id == section]
    assert own.when(study)
    assert not own.when(compared())


@pytest.mark.parametrize("section", SHOWN)
def test_sections_print_numbers_and_leave_curves_to_figures(study, section):
    tables = section_tables(study, section)
    assert list(tables) == SHOWN[section]
    for table in tables.values():
        assert {len(row) for row in table.rows} == {len(table.header)}
        assert "undefined" not in str(table.rows)


def test_what_is_ideal_stands_in_the_table_of_calibration(study):
    table = section_tables(study, "calibration")["calibration"]
    assert table.header == ["Model", "Measure", "Estimate", "95 % interval",
                            "Lowest, highest replicate"]  # fmt: skip
    assert [row[-1][:1] for row in table.rows[:3]] == ["–", "–", "["]
    assert [row[1] for row in table.rows[:3]] == [
        "Slope (ideal 1)", "Intercept (ideal 0)", "Observed over expected (ideal 1)"
    ]  # fmt: skip


def test_sensitivity_stands_beside_specificity_and_predictive_values_beside_prevalence(study):
    rates = section_tables(study, "discrimination")["operating_points"]
    assert rates.header == ["Model", "Operating point", "Sensitivity", "95 % interval",
                            "Specificity", "95 % interval"]  # fmt: skip
    assert any("chosen on the patients it is measured on" in note for note in rates.notes)
    values = section_tables(study, "benefit")["predictive_values"]
    assert values.header == ["Model", "Prevalence", "Prevalence of", "PPV", "95 % interval",
                             "NPV", "95 % interval"]  # fmt: skip
    assert values.rows[0][2] == "test subset"
    assert values.rows[1][1:3] == ["0.05", "stated"]
    assert any("It need not be the mean precision" in note for note in values.notes)


def test_net_benefit_stands_beside_treating_all(study):
    tables = section_tables(study, "benefit")
    assert tables["net_benefit"].header == ["Threshold", "Model", "Estimate", "95 % interval",
                                            "Treating all"]  # fmt: skip
    differences = tables["net_benefit_differences"]
    assert "not adjusted" in differences.title
    assert differences.header == ["Threshold", "Difference", "95 % interval", "Statistic", "p"]
