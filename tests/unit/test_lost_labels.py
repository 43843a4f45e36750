"""What labels say of images that are not used, and of a scan that is there twice."""

import shutil

import numpy as np
import pytest

from ct_files import HU, ct, save
from ctseq.core.errors import InputError
from ctseq.intake.index import index_dataset
from dicom_folders import write_series


def write(folder, patient, name, shift, **changes):
    write_series(folder / patient, name, shift, PatientID=patient, **changes)


@pytest.fixture
def folder(tmp_path):
    """Patient a has a soft and a bone series, and b has one; images are labelled."""
    write(tmp_path, "a", "soft", 0, ConvolutionKernel="H31s")
    write(tmp_path, "a", "bone", 1, series="2", ConvolutionKernel="H60s")
    write(tmp_path, "b", "only", 2)
    return tmp_path


def label(folder, **positive):
    rows = ["image,label"]
    for name in ("soft", "bone", "only"):
        rows += [f"{name}{k},{int(k in positive.get(name, []))}" for k in range(3)]
    (folder / "labels.csv").write_text("\n".join(rows))


@pytest.mark.parametrize("on_problem", ["error", "exclude"])
def test_a_bleed_on_slices_that_were_not_chosen_alone_is_a_problem(folder, on_problem):
    label(folder, bone=[1])
    if on_problem == "error":
        with pytest.raises(InputError) as error:
            index_dataset(folder, "dicom", on_problem=on_problem)
        line = "labels.csv, row 6: patient a: what makes it positive is only in what is excluded"
        assert line in str(error.value)
        return
    found = index_dataset(folder, "dicom", on_problem=on_problem)
    assert found.problems[["problem", "scan_id"]].values.tolist() == [["hidden", "a"]]
    assert found.listing.set_index("path")["reason"]["a/soft0.dcm"] == "hidden"


def test_a_bleed_that_the_chosen_slices_show_as_well_is_none(folder):
    label(folder, bone=[1], soft=[2])
    found = index_dataset(folder, "dicom", on_problem="error")
    assert found.problems.empty
    assert found.listing.set_index("path")["target"]["a/soft2.dcm"] == 1
    assert found.listing["kept"].all()


def test_a_bleed_on_the_one_file_that_does_not_fit_is_a_problem(folder):
    save(ct(HU + 77, z=7.0, PatientID="a", ImagePositionPatient=None), folder / "a/odd.dcm")
    label(folder, only=[1])
    with (folder / "labels.csv").open("a") as table:
        table.write("\nodd,1\n")
    with pytest.raises(InputError, match="row 11: patient a: what makes it positive is only in"):
        index_dataset(folder, "dicom", on_problem="error")


def test_a_name_that_copies_share_means_the_file_that_is_used(folder):
    shutil.copytree(folder / "b", folder / "b/again", ignore=shutil.ignore_patterns("again"))
    label(folder, soft=[1], bone=[1])
    found = index_dataset(folder, "dicom", on_problem="error")
    assert found.listing["path"].tolist()[-3:] == [f"b/only{k}.dcm" for k in range(3)]
    # By its path a copy can be named, and what is said of it is not lost.
    with (folder / "labels.csv").open("a") as table:
        table.write("\nb/again/only1.dcm,1\n")
    with pytest.raises(InputError, match="row 11: patient b: what makes it positive is only in"):
        index_dataset(folder, "dicom", on_problem="error")


def copied(folder, text):
    """Write a patient with two studies of the same pixels, and another patient."""
    for uid in ("1.1", "1.2"):
        write(folder, "a", uid, 0, StudyInstanceUID=uid, series=uid)
    write(folder, "b", "only", 2)
    (folder / "labels.csv").write_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "scan_id,label\na-1,1\na-2,0\nb,0\n",
        "image,label\n" + "".join(f"1.1{k},{int(k == 1)}\n1.2{k},0\nonly{k},0\n" for k in range(3)),
    ],
)
def test_copies_of_a_scan_with_other_labels_are_a_problem(tmp_path, text):
    copied(tmp_path, text)
    words = "the same scan as another of the patient, with another label"
    with pytest.raises(InputError) as error:
        index_dataset(tmp_path, "dicom", on_problem="error")
    assert f"a/1.10.dcm: scan a-1: {words} (scan a-2)" in str(error.value)
    assert f"a/1.20.dcm: scan a-2: {words} (scan a-1)" in str(error.value)
    found = index_dataset(tmp_path, "dicom", on_problem="exclude")
    reasons = found.listing.drop_duplicates("scan_id").set_index("scan_id")["reason"]
    assert reasons.to_dict() == {"a-1": "copied-label", "a-2": "copied-label", "b": ""}


def test_copies_of_a_scan_with_one_label_are_used_once(tmp_path):
    copied(tmp_path, "scan_id,label\na-1,1\na-2,1\nb,0\n")
    found = index_dataset(tmp_path, "dicom", on_problem="error")
    assert found.problems.empty
    assert np.unique(found.listing["reason"]).tolist() == ["", "same-scan"]
