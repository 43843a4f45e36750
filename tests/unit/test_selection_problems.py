"""What is wrong with slices, rows and patients is told, and what it affects left out."""

import pytest
from PIL import Image

from ctseq.core.errors import InputError
from diagnosis_rows import (
    BLEEDING,
    HEALTHY,
    NO,
    cut_image,
    index,
    repeat_row,
    rows_of,
    select,
    write,
)


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, HEALTHY | BLEEDING)
    return tmp_path


def lose_row(folder):
    write(folder, rows_of({"49,2": None}), HEALTHY | BLEEDING)


def lose_file(folder):
    (folder / "Patients_CT/049/brain/2.jpg").unlink()


def contradict(folder):
    write(folder, rows_of({"49,2": "0,0,0,0,0,0,0"}))


def contradict_the_other_way(folder):
    write(folder, rows_of({"50,2": "0,0,0,1,0,1,0"}))


def mistype(folder):
    write(folder, rows_of({"50,2": "0,0,0,x,2,0,0"}))


def grow_image(folder):
    Image.new("L", (6, 5)).save(folder / "Patients_CT/049/brain/2.jpg")


def repeat_file(folder):
    Image.new("L", (4, 4)).save(folder / "Patients_CT/049/brain/02.JPG", format="JPEG")


def lose_number(folder):
    write(folder, rows_of({"50,": NO}), [])


TABLE = "hemorrhage_diagnosis.csv"
BRAIN = "Patients_CT/049/brain/"
ONE_SLICE = [
    (lose_row, f"{BRAIN}2.jpg: patient 049 slice 2: no diagnosis row"),
    (repeat_row, f"{TABLE}, row 8: patient 049 slice 2: two diagnosis rows (also row 3)"),
    (
        contradict,
        f"{TABLE}, row 3: patient 49 slice 2: hemorrhage contradicts the subtypes "
        "(without a subtype)",
    ),
    (
        contradict_the_other_way,
        f"{TABLE}, row 6: patient 50 slice 2: hemorrhage contradicts the subtypes "
        "(a subtype without it)",
    ),
    (
        mistype,
        f"{TABLE}, row 6: patient 50 slice 2: cell is not 0, 1 or blank "
        "(epidural is 'x', subdural is '2')",
    ),
    (
        cut_image,
        f"{BRAIN}2.jpg: patient 049 slice 2: unreadable image (cannot be read as an image: it is "
        "empty)",
    ),
    (
        grow_image,
        f"{BRAIN}2.jpg: patient 049 slice 2: another image size than the scan's other slices "
        "(6 x 5, the others 4 x 4)",
    ),
    (repeat_file, f"{BRAIN}02.JPG: patient 049 slice 2: two files for one slice"),
]


@pytest.mark.parametrize(
    ("spoil", "line"), ONE_SLICE, ids=lambda case: getattr(case, "__name__", "")
)
def test_a_slice_problem_is_told_and_the_slice_excluded(folder, spoil, line):
    spoil(folder)
    with pytest.raises(InputError) as error:
        index(folder, "error")
    assert f"  - {line}\n" in str(error.value)
    assert "datasets.<name>.on_problem: exclude" in str(error.value)
    inventory, _, problems = index(folder)
    excluded = inventory[(inventory["kind"] == "brain") & (inventory["kept"] == 0)]
    problem = problems.iloc[0]
    by_slice = excluded[excluded["reason"] == problem["problem"]]
    assert set(by_slice["slice_number"]) == {2}
    assert problem["action"] == "slice excluded"
    kept = inventory.loc[inventory["kept"] == 1, "patient_id"]
    # A row that claims the patient's only hemorrhage takes its patient along.
    whole_patient = spoil is contradict
    assert set(kept) == ({"050"} if whole_patient else {"049", "050"})
    assert len(kept) == (3 if whole_patient else 5)


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lose_file, f"{TABLE}, row 3: patient 49 slice 2: no slice file"),
        (lose_number, f"{TABLE}, row 8: patient 50: row without patient or slice number"),
    ],
)
def test_a_row_problem_is_told_and_the_row_ignored(folder, spoil, line):
    before = len(select(folder)[0])
    spoil(folder)
    with pytest.raises(InputError) as error:
        index(folder, "error")
    assert f"  - {line}\n" in str(error.value)
    _, _, problems = index(folder)
    assert problems["action"].tolist() == ["row ignored"]
    assert len(select(folder)[0]) == before - (spoil is lose_file)


def test_two_folders_for_one_patient_exclude_both(folder):
    Image.new("L", (4, 4)).save(folder / "x.jpg")
    (folder / "Patients_CT/50/brain").mkdir(parents=True)
    (folder / "x.jpg").rename(folder / "Patients_CT/50/brain/1.jpg")
    with pytest.raises(
        InputError, match=r"patient 050: two folders for one patient \(050 and 50\)"
    ):
        index(folder, "error")
    inventory, _, problems = index(folder)
    assert problems["patient_id"].tolist() == ["050", "50"]
    assert problems["action"].tolist() == ["patient excluded"] * 2
    assert set(inventory.loc[inventory["kept"] == 1, "patient_id"]) == {"049"}


def test_all_problems_are_reported_at_once(folder):
    write(folder, rows_of({"49,2": None, "49,3": NO, "50,2": "0,0,0,9,0,0,0"}), [])
    cut_image(folder)
    with pytest.raises(InputError, match=r"\(4 problems\)"):
        index(folder, "error")
