"""Files that claim the same slices: copies are left out, the readable one stays, others do not."""

import shutil

import nibabel
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ct_ich import HEADER
from ctseq.core.errors import InputError
from ctseq.intake.file_copies import copied_files, narrowed_to_files, two_files
from ctseq.intake.index import index_dataset
from ctseq.readers.problems import problem
from dicom_folders import head, reasons
from picture_folders import save_picture, write_pictures


@pytest.fixture
def pictures(tmp_path):
    return write_pictures(tmp_path)


def index(folder, on_problem="error", format="folder"):
    return index_dataset(folder, format, on_problem=on_problem)


def kept(index):
    return index.listing.loc[index.listing["kept"] == 1, "path"].tolist()


FIRST = [f"p{patient}/{number}.png" for patient in range(2) for number in range(3)]


def test_of_copies_the_first_is_used(pictures):
    shutil.copy(pictures / "p1/1.png", pictures / "p1/1.PNG")
    save_picture(pictures / "p1/2.tif", 80)  # another file of the same pixels
    found = index(pictures)
    assert reasons(found) == {"labels.csv": "table", "p1/1.png": "copy", "p1/2.tif": "copy"}
    assert len(found.listing) == 6
    assert found.problems.empty


def test_copies_of_a_slice_of_one_grey_value_are_told_by_their_bytes(pictures):
    Image.new("L", (4, 4), 0).save(pictures / "p1/1.png")
    shutil.copy(pictures / "p1/1.png", pictures / "p1/01.png")
    assert reasons(index(pictures))["p1/1.png"] == "copy"
    Image.new("L", (4, 4), 255).save(pictures / "p1/1.png")
    with pytest.raises(InputError, match="p1/1.png: patient p1 slice 1: two files for one slice"):
        index(pictures)


def test_files_that_differ_are_both_left_out(pictures):
    save_picture(pictures / "p1/01.png", 7)
    with pytest.raises(InputError, match="p1/01.png: patient p1 slice 1: two files for one slice"):
        index(pictures)
    found = index(pictures, "exclude")
    assert kept(found) == [path for path in FIRST if path != "p1/1.png"]
    assert set(found.problems["path"]) == {"p1/01.png", "p1/1.png"}


@pytest.mark.parametrize("damaged", ["p1/01.png", "p1/1.PNG", "p1/x1.png"])
def test_a_damaged_file_leaves_the_readable_one(pictures, damaged):
    (pictures / damaged).write_bytes((pictures / "p1/1.png").read_bytes()[:-20])
    with pytest.raises(InputError, match=r"\(1 problem\).*\n.*: unreadable image"):
        index(pictures)
    found = index(pictures, "exclude")
    assert kept(found) == FIRST
    assert reasons(found) == {"labels.csv": "table", damaged: "unreadable"}


def test_a_damaged_file_beside_two_copies(pictures):
    shutil.copy(pictures / "p1/1.png", pictures / "p1/1.PNG")
    (pictures / "p1/01.png").write_bytes(b"")
    found = index(pictures, "exclude")
    assert len(kept(found)) == 6
    assert reasons(found)["p1/01.png"] == "unreadable"


def test_a_changed_file_leaves_the_one_that_its_checksum_knows(pictures):
    """A checksum tells of a file, and not of the slice."""
    digest = "0" * 64
    save_picture(pictures / "p1/01.png", 70)
    (pictures / "SHA256SUMS.txt").write_text(f"{digest}  p1/1.png\n")
    found = index(pictures, "exclude")
    # The copy that is sorted first is used, and the other one's checksum changes nothing.
    assert "p1/01.png" in kept(found)
    assert found.problems["action"].tolist() == ["nothing excluded"]


def volume(path, n_slices=2, seed=0):
    slices = [head(seed + number) for number in range(n_slices)]
    image = nibabel.Nifti1Image(np.stack(slices, axis=-1), np.diag([-0.5, -0.5, 5, 1]))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.to_filename(path)
    return path


@pytest.fixture
def volumes(tmp_path):
    """Two patients of two slices; in the second the upper one bleeds."""
    volume(tmp_path / "ct_scans/049.nii")
    volume(tmp_path / "ct_scans/050.nii", seed=20)
    rows = ["49,1,0,0,0,0,0,1,0", "49,2,0,0,0,0,0,1,0", "50,1,0,0,0,0,0,1,0", "50,2,0,1,0,0,0,0,0"]
    table = "\n".join([HEADER, *rows]) + "\n"
    (tmp_path / "hemorrhage_diagnosis_raw_ct.csv").write_text(table)
    return tmp_path


VOLUMES = ["ct_scans/049.nii"] * 2 + ["ct_scans/050.nii"] * 2


def test_a_compressed_volume_beside_the_same_one_is_a_copy(volumes):
    volume(volumes / "ct_scans/049.nii.gz")
    found = index(volumes, format="ct-ich-nifti")
    assert kept(found) == VOLUMES
    assert reasons(found)["ct_scans/049.nii.gz"] == "copy"


@pytest.mark.parametrize("length", [0, 20, 100, -30])
def test_a_damaged_volume_leaves_the_readable_one(volumes, length):
    damaged = volume(volumes / "ct_scans/049.nii.gz")
    damaged.write_bytes(damaged.read_bytes()[:length])
    with pytest.raises(InputError, match=r"ct_scans/049.nii.gz: "):
        index(volumes, format="ct-ich-nifti")
    found = index(volumes, "exclude", "ct-ich-nifti")
    assert kept(found) == VOLUMES
    assert set(found.problems["path"]) == {"ct_scans/049.nii.gz"}
    assert "scan excluded" not in set(found.problems["action"])


def test_volumes_that_differ_are_both_left_out(volumes):
    volume(volumes / "ct_scans/049.nii.gz", seed=7)
    found = index(volumes, "exclude", "ct-ich-nifti")
    assert kept(found) == VOLUMES[2:]


def decoded(*rows):
    """Return slices of one scan: path, number, shape, digest."""
    table = pd.DataFrame(rows, columns=["path", "slice_number", "shape", "digest"])
    return table.assign(scan_id="s", patient_id="s")


@pytest.mark.parametrize(
    ("rows", "copies"),
    [
        ([("a", 1, (2, 2), "x"), ("b", 1, (2, 2), "x")], ["b"]),
        ([("b", 1, (2, 2), "x"), ("a", 1, (2, 2), "x"), ("c", 1, (2, 2), "x")], ["b", "c"]),
        ([("a", 1, (2, 2), "x"), ("b", 1, (2, 2), "y")], []),
        ([("a", 1, (2, 2), "x"), ("b", 1, "cut short", "")], []),
        ([("a", 1, (2, 2), "x"), ("b", 2, (2, 2), "x")], []),
        # The file with more slices is used, though sorted later.
        ([("a", 1, (2, 2), "x"), ("b", 1, (2, 2), "x"), ("b", 2, (2, 2), "y")], ["a"]),
        ([("a", 1, (2, 2), "x"), ("b", 1, (2, 2), "z"), ("b", 2, (2, 2), "y")], []),
        # A damaged slice: the whole file is used, and the damaged one brings nothing.
        ([("a", 1, (2, 2), "x"), ("a", 2, "cut short", ""),
          ("b", 1, (2, 2), "x"), ("b", 2, (2, 2), "y")], ["a"]),
    ],
)  # fmt: skip
def test_copies(rows, copies, tmp_path):
    assert copied_files(decoded(*rows), tmp_path) == copies


def test_only_readable_files_claim_a_slice():
    slices = decoded(("a", 1, (2, 2), "x"), ("b", 1, "cut short", ""), ("c", 1, (2, 2), "y"))
    assert [found["path"] for found in two_files(slices)] == ["a", "c"]
    assert list(two_files(slices[:2])) == []


def test_a_problem_of_a_file_leaves_its_scans_others():
    slices = decoded(("a", 1, (2, 2), "x"))
    found = [
        problem("volume", "scan excluded", "b", "s"),
        problem("volume", "scan excluded", "a", "s"),
        problem("no-label", "scan excluded", "b", "s"),
    ]
    actions = [one["action"] for one in narrowed_to_files(found, slices)]
    assert actions == ["file excluded", "scan excluded", "scan excluded"]
