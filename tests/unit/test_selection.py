"""Every file accounted for, every problem reported, every label joined to its slice."""

import json
import shutil

import pytest
from PIL import Image

from ctseq.core.errors import InputError
from ctseq.core.tables import read_table
from ctseq.intake.index import index_dataset
from ctseq.intake.tables import INVENTORY, MASKS, PROBLEMS, SCANS, SERIES, SLICES
from diagnosis_rows import (
    BLEEDING,
    EPIDURAL,
    HEALTHY,
    NO,
    cut_image,
    index,
    repeat_row,
    rows_of,
    select,
    write,
)
from index_dataset import main as index_main
from select_slices import main as select_main


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, HEALTHY | BLEEDING)
    return tmp_path


def test_sound_dataset(folder):
    (folder / "Patients_CT/050/bone").mkdir()
    (folder / "Patients_CT/050/bone/1.jpg").write_bytes(b"never decoded")
    (folder / "Patients_CT/050/brain/2_HGE_Seg.jpg").write_bytes(b"never decoded")
    (folder / "LICENSE").write_text("?")
    (folder / "patient_demographics.csv").write_text("Patient,Age,Sex\n50,61,F\n")
    inventory, _, problems = index(folder, "error")
    assert problems.empty
    assert list(problems) == list(PROBLEMS.columns)
    assert inventory.loc[inventory["kept"] == 0, "reason"].value_counts().to_dict() == {
        "bone": 1,
        "mask": 1,
        "table": 2,
        "other": 1,
    }
    slices, scans, summary = select(folder, "error")
    assert slices["slice_number"].tolist() == [1, 2, 10, 1, 2, 3]
    assert slices["target"].tolist() == [0, 0, 0, 0, 1, 1]
    assert slices["epidural"].tolist() == [0, 0, 0, 0, 1, 1]
    assert scans["scan_id"].tolist() == scans["patient_id"].tolist() == ["049", "050"]
    assert scans["n_positive_slices"].tolist() == [0, 2]
    assert scans["sex"].tolist() == ["", "F"]
    assert scans["age_years"].isna().tolist() == [True, False]
    assert summary["flow"] == {
        "files": {
            "seen": 11,
            "used": 6,
            "excluded_by_reason": {"bone": 1, "mask": 1, "other": 1, "table": 2},
        },
        "slices": {"seen": 6, "used": 6, "excluded_by_reason": {}},
        "scans": {"seen": 2, "used": 2, "excluded_by_reason": {}},
    }
    assert summary["slices_per_scan"] == {"min": 3, "median": 3.0, "max": 3}
    assert summary["subtypes"]["epidural"] == {"scans": 1, "slices": 2}
    assert summary["subtypes"]["subdural"] == {"scans": 0, "slices": 0}


def test_gaps_and_single_slices_are_fine(tmp_path):
    write(tmp_path, {"49,7": NO, "50,1": EPIDURAL, "50,9": NO})
    _, scans, _ = select(tmp_path, "error")
    assert scans["n_slices"].tolist() == [1, 2]


def test_a_positive_patient_never_turns_negative_by_exclusion(folder):
    for number in (2, 3):
        (folder / f"Patients_CT/050/brain/{number}.jpg").write_bytes(b"")
    inventory, _, problems = index(folder)
    assert inventory.loc[inventory["patient_id"] == "050", "kept"].sum() == 0
    assert problems["problem"].tolist()[-1] == "hidden"
    assert problems["row"].tolist()[-1] == 6


def test_a_patient_without_readable_slices_disappears_with_reasons(folder):
    write(folder, HEALTHY | BLEEDING | {"51,1": NO, "51,2": NO})
    for number in (1, 2):
        (folder / f"Patients_CT/051/brain/{number}.jpg").write_bytes(b"")
    inventory, _, _ = index(folder)
    assert set(inventory.loc[inventory["patient_id"] == "051", "reason"]) == {"unreadable"}
    assert select(folder)[1]["patient_id"].tolist() == ["049", "050"]


def test_no_slices_and_one_class_are_errors(tmp_path):
    (tmp_path / "Patients_CT").mkdir()
    with pytest.raises(InputError, match="no brain slices among its 0 files"):
        index(tmp_path)
    write(tmp_path, HEALTHY)
    with pytest.raises(InputError, match="All 1 scans are without hemorrhage"):
        select(tmp_path)
    for path in tmp_path.rglob("*.jpg"):
        path.write_bytes(b"")
    with pytest.raises(InputError, match="No brain slice is left"):
        select(tmp_path)


def test_all_patients_positive_is_an_error(tmp_path):
    write(tmp_path, BLEEDING)
    with pytest.raises(InputError, match="All 1 scans have hemorrhage"):
        select(tmp_path)


def test_messages_name_the_dataset_of_the_configuration(folder):
    cut_image(folder)
    with pytest.raises(InputError, match="or set datasets.ct-ich.on_problem: exclude"):
        index_dataset(folder, "ct-ich-jpg", on_problem="error", key="datasets.ct-ich")


def test_unknown_policy(folder):
    with pytest.raises(InputError, match="choose error or exclude"):
        index(folder, "ignore")


def test_demographics_that_disagree_tell_nothing(folder):
    (folder / "patient_demographics.csv").write_text("Patient,Age,Sex\n50,61,F\n050,62,F\n49,5,M\n")
    scans = select(folder)[1]
    assert scans["sex"].tolist() == ["M", "F"]
    assert scans["age_years"].isna().tolist() == [False, True]


def test_patients_stand_in_the_order_of_their_numbers_whatever_is_wrong(folder):
    """Two spellings of one, shared pictures, a hidden hemorrhage."""
    for patient in (51, 52, 1000):
        for number in (1, 2):
            path = folder / f"Patients_CT/{patient}/brain/{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.linear_gradient("L").crop((0, patient, 4, patient + 4)).save(path)
    shutil.copytree(folder / "Patients_CT/51", folder / "Patients_CT/051")
    shutil.copy(folder / "Patients_CT/52/brain/2.jpg", folder / "Patients_CT/1000/brain/2.jpg")
    (folder / "Patients_CT/050/brain/2.jpg").write_bytes(b"")
    more = {"51,1": NO, "52,1": NO, "52,2": NO, "1000,1": EPIDURAL, "1000,2": NO, "x,1": NO}
    write(folder, rows_of(more | {"50,3": None}), [])
    inventory, listing, problems = index(folder)
    assert set(problems["problem"]) >= {"two-folders", "duplicate", "unreadable", "hidden"}
    patients = ["049", "050", "051", "51", "52", "1000"]
    assert inventory["patient_id"].drop_duplicates().tolist()[1:] == patients
    assert listing["patient_id"].drop_duplicates().tolist() == patients


def test_scripts_write_the_tables_and_links(folder, tmp_path):
    out = tmp_path / "results"
    names = ("inventory", "listing", "demographics", "series")
    indexed = {name: str(out / f"{name}.csv") for name in names}
    settings = {"format": "auto", "labels": None, "target": "hemorrhage", "links_into": []}
    settings |= {"on_problem": "exclude"}
    (folder / "Patients_CT/050/brain/2_HGE_Seg.jpg").write_bytes(b"never decoded")
    repeat_row(folder)
    index_main(
        dataset=str(folder),
        name="ct-ich",
        settings=settings,
        **indexed,
        recognised=str(out / "format.json"),
        problems=str(out / "problems.csv"),
        masks=str(out / "masks.csv"),
    )
    select_main(
        dataset=str(folder),
        **indexed,
        slices=str(out / "slices.csv"),
        scans=str(out / "scans.csv"),
        summary=str(out / "summary.json"),
        sorted_folder=str(out / "sorted"),
        target="hemorrhage",
    )
    assert len(read_table(out / "problems.csv", PROBLEMS)) == 1
    assert len(read_table(out / "inventory.csv", INVENTORY)) == 8
    recognised = json.loads((out / "format.json").read_text())
    assert (recognised["format"], recognised["settings"]) == ("ct-ich-jpg", settings)
    masks = read_table(out / "masks.csv", MASKS)
    assert masks[["scan_id", "slice_number"]].values.tolist() == [["050", 2]]
    assert read_table(out / "series.csv", SERIES)["scan_id"].tolist() == ["049", "050"]
    assert len(read_table(out / "slices.csv", SLICES)) == 5
    assert read_table(out / "scans.csv", SCANS)["n_slices"].tolist() == [2, 3]
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["brain_slices"], summary["masks"]) == (5, 1)
    links = sorted(path.relative_to(out).as_posix() for path in out.glob("sorted/*/*/*"))
    assert links[:2] == ["sorted/Negative/049/1.jpg", "sorted/Negative/049/10.jpg"]
    assert links[2:] == [f"sorted/Positive/050/{k}.jpg" for k in (1, 2, 3)]
    target = (out / "sorted/Positive/050/2.jpg").readlink()
    assert target == folder / "Patients_CT/050/brain/2.jpg"
