"""Tables of verdicts, which the section on the primary evidence folds away."""

import dataclasses
import re

import pytest

from ctseq.report.numbers import CUT_MEANS
from ctseq.report.verdict_tables import shown_metrics, verdict_tables
from published import PUBLISHED
from reports import TWO, numbers_of, study_of

THREE = TWO | {"third": "Third"}
EIGHT = {f"m{number}": f"Model {number}" for number in range(8)}


def changed(study, **sections):
    """Return the study with keys of its configuration's sections changed."""
    config = {key: value | sections.get(key, {}) if key in sections else value
              for key, value in study.config.items()}  # fmt: skip
    return dataclasses.replace(study, config=config)


def test_two_models_have_a_row_a_metric_with_the_primary_first():
    [table] = verdict_tables(changed(study_of(TWO), comparison={"primary": "brier"}))
    assert table.header == ["", "ViViT", "ConvNeXt", "ViViT − ConvNeXt [95 % interval]", "Verdict"]
    assert [row[0] for row in table.rows] == [
        "Brier score", "Accuracy", "Recall (sensitivity)", "Specificity", "Precision (PPV)",
        "ROC AUC",
    ]  # fmt: skip
    assert table.rows[1][1:3] == ["0.69", "0.65"]
    assert table.rows[1][3].startswith("0.04 [−")
    assert table.rows[1][4] == "inconclusive; too wide for equivalence (0.05)"
    assert table.notes[-1] == "Precision holds for the prevalence of the test patients, 0.52."


def test_an_interval_that_is_cut_is_marked_where_it_is_shown():
    study = study_of(TWO)
    [table] = verdict_tables(study)
    row = next(row for row in table.rows if row[0] == "Precision (PPV)")
    assert row[3].endswith("1.00†]")
    assert table.notes.count(CUT_MEANS) == 1
    study.comparison["verdict"] = study.comparison["verdict"].assign(notes="")
    assert CUT_MEANS not in verdict_tables(study)[0].notes


def test_specificity_stands_beside_sensitivity_and_the_auc_is_there_though_not_compared():
    names = ("accuracy", "brier", "recall")
    metrics, comparison = numbers_of(tuple(TWO.items()), names)
    study = study_of(TWO, metrics=metrics, comparison=comparison)
    study = changed(study, comparison={"metrics": [*names]})
    assert shown_metrics(study) == ["accuracy", "brier", "recall", "specificity", "roc_auc"]
    rows = {row[0]: row[1:] for row in verdict_tables(study)[0].rows}
    assert rows["ROC AUC"] == ["0.82", "0.65", "", "not compared"]
    assert shown_metrics(PUBLISHED)[:3] == ["accuracy", "recall", "specificity"]
    assert "roc_auc" not in shown_metrics(PUBLISHED)


@pytest.mark.parametrize("models", [THREE, EIGHT], ids=["three", "eight"])
def test_more_models_have_a_row_each_beside_the_first(models):
    table, means = verdict_tables(study_of(models))
    first, *others = models.values()
    assert table.header[2:] == [f"{first} − model [95 % interval]", "Verdict"]
    assert table.rows[0][2:] == ["", "the reference"]
    assert [row[0] for row in table.rows] == [first, *others]
    assert re.fullmatch(r"0\.69 \[0\.\d\d, [01]\.\d\d†?\]", table.rows[0][1])
    assert means.header[1:4] == ["Recall (sensitivity)", "Specificity", "Precision (PPV)"]
    assert len(means.rows) == len(models)


def test_a_mean_over_fewer_replicates_than_there_are_says_of_how_many():
    note = "In brackets: in how many replicates the metric is defined, where it is 0/0 in others."
    [two] = verdict_tables(study_of(TWO))
    precision = next(row for row in two.rows if row[0] == "Precision (PPV)")
    assert [cell.endswith(" (2 of 3)") for cell in precision[1:3]] == [False, True]
    assert sum("of 3)" in cell for row in two.rows for cell in row) == 1
    assert note in two.notes
    primary, means = verdict_tables(study_of(THREE))
    assert [row[3].endswith(" (2 of 3)") for row in means.rows] == [False, True, False]
    assert note in means.notes
    assert note not in primary.notes
    defined = changed(study_of(TWO), comparison={"metrics": ["accuracy", "brier", "recall"]})
    assert note not in verdict_tables(defined)[0].notes


def test_declared_contrasts_without_a_common_model_have_a_table_of_their_own():
    study = study_of(THREE)
    verdict = study.comparison["verdict"].copy()
    verdict["contrast"] = (verdict["model_b"] == "third").astype(int)
    verdict.loc[verdict["model_a"] == "vivit", ["model_a", "model_b"]] = ["third", "vivit"]
    verdict["contrast"] = ((verdict["model_a"] == "third") | (verdict["contrast"] == 1)).astype(int)
    study.comparison["verdict"] = verdict
    models, contrasts, _ = verdict_tables(study)
    assert models.header == ["Model", "Accuracy [95 % interval]"]
    assert "ConvNeXt − Third" in [row[0] for row in contrasts.rows]
