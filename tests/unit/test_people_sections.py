"""The report's sections on participants, subgroups, localization and sample size."""

import pandas as pd
import pytest

from ctseq.evidence.over_patients.analyses import OVER_PATIENTS
from ctseq.evidence.over_patients.participants import participants_table
from ctseq.evidence.over_patients.subgroups import title_of
from ctseq.report.comparison import section_tables
from ctseq.report.dataset import participants, sample_size, subgroups, uneven_splits
from ctseq.report.sections import SECTIONS
from ctseq.report.study import Compared
from patients import small_study

CONFIG = {
    "models": {"a": {"label": "ViViT"}, "b": {"label": "ConvNeXt"}},
    "compare": ["a", "b"],
    "comparison": {"alpha": 0.05, "primary": "roc_auc"},
}
PAIR = {"metric": "roc_auc", "model_a": "a", "model_b": "b"}
THOUSANDS = "\N{NARROW NO-BREAK SPACE}"
POINTED = {"model": "b", "scored_by": "attention", "measure": "slice_auc", "estimate": 0.7,
           "low": 0.6, "high": 0.8, "chance": 0.5, "n": 5, "n_scans": 30, "n_patients": 30,
           "notes": ""}  # fmt: skip


class People(Compared):
    n_patients, target = 82, "hemorrhage"


class Scans(People):
    n_scans = 164


def compared(kind=People, **tables):
    return kind(config=CONFIG, metrics=pd.DataFrame(), comparison=tables, levels=pd.DataFrame())


def participants_of(described, kind=People):
    return participants(compared(kind, participants=described))


def when(section, study):
    [own] = [one for one in SECTIONS if one.id == section]
    return own.when(study)


@pytest.fixture(scope="module")
def study():
    made = {one.stem: one.compute(small_study(replicates=8)) for one in OVER_PATIENTS.values()}
    power = {"difference": 0.05, "sd": 0.1, "patients_needed": 3400.0}
    return compared(
        **made,
        verdict=pd.DataFrame([PAIR | {"primary": 1, "contrast": 1}]),
        power=pd.DataFrame([PAIR | power]),
        localization=pd.DataFrame([POINTED]),
    )


@pytest.mark.parametrize("section", ["subgroups", "slices", "sample_size"])
def test_sections_are_shown_where_there_are_tables(study, section):
    assert when(section, study)
    assert not when(section, compared())


def test_sections_without_anything_to_show_are_left_out(study):
    groups = study.comparison["subgroups"]
    of_all = groups[groups["attribute"] == "all"]
    assert not when("subgroups", compared(subgroups=of_all))
    few = groups.assign(estimate=groups["estimate"].where(groups["attribute"] == "all"))
    assert not when("subgroups", compared(subgroups=few))
    assert not when("slices", compared(localization=pd.DataFrame([POINTED])[:0]))


def test_participants_stand_beside_their_subsets(study):
    table = participants(study)
    assert table.header == ["", "All", "Train", "Test"]
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["Patients"] == ["82", "57", "25"]
    assert rows["With hemorrhage"][0] == "36 (44 %)"
    assert rows["Age, years"][0] == "60 (40 to 80)"
    assert rows["Age: not known"][0] == "1"
    assert rows["Distance between slices, mm"] == ["5 (5 to 5)"] * 3  # the same in all
    assert rows["Women"][2].count("%") == 3  # the mean, the least and the most
    assert not any("Not known of any" in note for note in table.notes)


def test_mean_numbers_of_patients_have_one_decimal_at_most():
    described = participants_table(small_study(replicates=4))
    means = (described["subset"] == "test") & (described["statistic"] == "n")
    described.loc[means & (described["characteristic"] == "patients"), "value"] = 24.75
    described.loc[means & (described["characteristic"] == "target"), "value"] = 9.75
    rows = {row[0]: row[3] for row in participants_of(described).rows}
    assert rows["Patients"] == "24.8"
    assert rows["With hemorrhage"].startswith("9.8 (")


def test_what_is_known_of_nobody_stands_below():
    known = small_study(replicates=2)
    known.scans["spacing_mm"] = float("nan")
    table = participants_of(participants_table(known))
    assert "Not known of any patient: distance between slices." in table.notes
    assert "Sex: not known" in [row[0] for row in table.rows]
    known.scans[["age_years", "sex"]] = [float("nan"), ""]
    notes = participants_of(participants_table(known)).notes
    assert "Not known of any patient: age, sex and distance between slices." in notes
    assert not any(row[0].startswith("Distance") for row in table.rows)


def test_scans_have_a_row_and_a_note_where_there_are_more_of_them():
    described = participants_table(small_study(replicates=2, twice=True))
    table = participants_of(described, Scans)
    rows = {row[0]: row[1:] for row in table.rows}
    assert (rows["Patients"][0], rows["Scans"][0]) == ("82", "164")
    assert rows["Age: not known"][0] == "1"
    assert rows["With hemorrhage"][0] == "72 (44 %)"
    assert "Slices a scan" in rows
    assert "Age and sex are of patients, and all that stands below them is of scans." in table.notes
    groups = OVER_PATIENTS["patients/subgroups"].compute(small_study(replicates=2, twice=True))
    header = subgroups(compared(Scans, subgroups=groups))["subgroups"].header
    assert header[1] == "Scans with hemorrhage"
    pointed = pd.DataFrame([POINTED | {"n_scans": 31}])
    table = section_tables(compared(Scans, localization=pointed), "slices")["localization"]
    assert table.header[-2:] == ["Scans", "Patients"]


def splits(*positive_test, odd=()):
    rows = [
        (number, 42, 18, 27 - positive, positive, 0.5, int(number in odd))
        for number, positive in enumerate(positive_test, start=1)
    ]
    columns = ["replicate", "n_train", "n_test", "positive_train", "positive_test", "p", "odd"]
    return pd.DataFrame(rows, columns=columns)


def test_uneven_splits_are_named():
    assert uneven_splits(splits(5, 6, 11, 5), target="hemorrhage") == (
        "Of a replicate's test patients, 28 % (replicates 1 and 4) to 61 % (replicate 3) have "
        "hemorrhage, beside 45 % of all patients. Odd splits (fewer than one random split in 20 "
        "is as uneven): none."
    )
    odd = uneven_splits(splits(5, 14, odd=(2,)), target="fracture")
    assert odd.endswith("is as uneven): replicate 2.")
    assert "have fracture, beside" in odd
    assert uneven_splits(splits(8, 8), target="hemorrhage") == ""


def test_models_stand_side_by_side_in_every_group(study):
    table = subgroups(study)["subgroups"]
    assert table.header == [
        "", "Patients with hemorrhage", "Sensitivity, ViViT", "Sensitivity, ConvNeXt",
        "Patients without hemorrhage", "Specificity, ViViT", "Specificity, ConvNeXt",
    ]  # fmt: skip
    assert {len(row) for row in table.rows} == {7}
    frame = study.comparison["subgroups"].set_index(["attribute", "group", "measure", "model"])
    first, own = table.rows[0], frame.loc[("all", "all", "specificity", "b")]
    assert first[0] == "All patients"
    assert first[4] == str(own["n"])
    assert first[6] == f"{own['estimate']:.2f} [{own['low']:.2f}, {own['high']:.2f}]"
    epidural = next(row for row in table.rows if row[0] == "Epidural")
    assert epidural[4:] == ["", "", ""]


@pytest.mark.parametrize(
    ("group", "title"),
    [
        (("sex", "F"), "Women"),
        (("age_years", "<50"), "Age below 50"),
        (("age_years", "50-69"), "Age 50 to 69"),
        (("age_years", ">=70"), "Age 70 or more"),
        (("n_slices", "<=30"), "Up to 30 slices"),
        (("spacing_mm", ">2.5"), "Slices more than 2.5 mm apart"),
    ],
)
def test_titles_of_groups(group, title):
    assert title_of(*group) == title


def test_localization_is_printed_beside_chance(study):
    table = section_tables(study, "slices")["localization"]
    assert table.header == ["Model", "Scored by", "Measure", "Mean", "95 % interval", "Chance",
                            "Patients"]  # fmt: skip
    assert table.rows == [["ConvNeXt", "attention", "AUC within a scan", "0.70",
                           "[0.60, 0.80]", "0.50", "30"]]  # fmt: skip


def needs_of(study, **power):
    power = study.comparison["power"].assign(**power)
    return sample_size(compared(**{**study.comparison, "power": power}))["needs"]


def test_sample_size_says_what_the_primary_margin_needs(study):
    said = sample_size(study)
    assert (said["n_patients"], said["prevalence"], said["margin"]) == ("82", "44 %", "0.05")
    assert said["needs"] == f"roughly 3{THOUSANDS}400 patients (ViViT and ConvNeXt)"
    assert needs_of(study, patients_needed=float("nan")) == (
        f"more than 100{THOUSANDS}000 patients (ViViT and ConvNeXt)"
    )
    unknown = {"patients_needed": float("nan"), "sd": float("nan")}
    assert needs_of(study, **unknown) == "an unknown number of patients (ViViT and ConvNeXt)"
    assert list(section_tables(study, "sample_size")) == ["sample_size"]
