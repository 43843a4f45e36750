"""Checksums of a release, and pictures that two patients share."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from ctseq.core.errors import InputError
from ctseq.intake.index import index_dataset


@pytest.fixture
def folder(tmp_path):
    """Three patients of two different pictures each."""
    for patient in range(3):
        for number in range(2):
            path = tmp_path / f"p{patient}/{number}.png"
            path.parent.mkdir(exist_ok=True)
            picture = np.full((4, 4), 10 * patient + number, np.uint8)
            picture[0, 0] = 255
            Image.fromarray(picture).save(path)
    (tmp_path / "labels.csv").write_text("patient_id,label\np0,0\np1,1\np2,0\n")
    return tmp_path


def write_sums(folder, **changes):
    sums = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    } | changes
    text = "".join(f"{digest} {path}\n" for path, digest in sums.items())
    (folder / "SHA256SUMS.txt").write_text(text)


def told(folder):
    with pytest.raises(InputError) as error:
        index_dataset(folder, "folder", on_problem="error")
    return str(error.value)


def test_a_whole_release_is_fine(folder):
    write_sums(folder)
    inventory, listing, problems, *_ = index_dataset(folder, "folder", on_problem="error")
    assert problems.empty
    assert listing["kept"].all()
    assert inventory.set_index("path")["reason"]["SHA256SUMS.txt"] == "table"


def test_damaged_and_missing_files_are_listed_together(folder):
    changes = {"p1/1.png": "0" * 64, "labels.csv": "1" * 64, "p9/1.png": "2" * 64}
    write_sums(folder, **changes)
    lines = told(folder)
    assert "p1/1.png: patient p1 slice 1: differs from SHA256SUMS.txt" in lines
    assert "labels.csv: differs from SHA256SUMS.txt" in lines
    assert "p9/1.png: is in SHA256SUMS.txt but not here" in lines
    assert "(3 problems)" in lines
    inventory, listing, *_ = index_dataset(folder, "folder", on_problem="exclude")
    excluded = listing[listing["kept"] == 0]
    assert excluded["path"].tolist() == ["p1/1.png"]
    assert excluded["reason"].tolist() == ["checksum"]


def test_the_list_opens_no_file_outside(folder, tmp_path_factory):
    secret = tmp_path_factory.mktemp("elsewhere") / "secret"
    secret.write_text("x")
    digest = hashlib.sha256(b"x").hexdigest()
    (folder / "SHA256SUMS.txt").write_text(f"{digest}  {secret}\n{digest} *../elsewhere0/secret\n")
    assert told(folder).count("but not here") == 2  # although both exist with that checksum


def test_a_list_that_is_none_says_where(folder):
    (folder / "SHA256SUMS.txt").write_text("<html>\n")
    with pytest.raises(InputError, match=r"SHA256SUMS.txt, row 1, is no checksum with a file"):
        index_dataset(folder, "folder", on_problem="error")


def test_a_picture_of_two_patients_blocks_and_all_copies_are_left_out(folder):
    (folder / "p2/7.png").write_bytes((folder / "p1/0.png").read_bytes())
    # The same pixels in another file format are the same picture.
    Image.open(folder / "p0/1.png").save(folder / "p1/5.tif")
    lines = told(folder)
    shared = "the same image as another patient's"
    assert f"p1/0.png: patient p1 slice 0: {shared} (patient p2 slice 7)" in lines
    assert f"p2/7.png: patient p2 slice 7: {shared} (patient p1 slice 0)" in lines
    assert f"p1/5.tif: patient p1 slice 5: {shared} (patient p0 slice 1)" in lines
    _, listing, *_ = index_dataset(folder, "folder", on_problem="exclude")
    excluded = listing[listing["reason"] == "duplicate"]
    assert excluded["path"].tolist() == ["p0/1.png", "p1/0.png", "p1/5.tif", "p2/7.png"]


def test_blank_pictures_and_a_patients_own_copies_are_no_duplicates(folder):
    for patient in ("p0", "p1"):
        Image.new("L", (4, 4), 0).save(folder / patient / "8.png")
    (folder / "p2/9.png").write_bytes((folder / "p2/0.png").read_bytes())
    _, listing, problems, *_ = index_dataset(folder, "folder", on_problem="error")
    assert problems.empty
    assert len(listing) == 9
