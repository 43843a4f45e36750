"""Series of one study of which none is better: those whose images are labelled are used."""

from ct_files import HU, ct, save
from ctseq.intake.index import index_dataset


def two_series(folder, *named):
    """Write a study of two series that differ by their length alone, and a table of images."""
    for number, length in (("1", 3), ("2", 4)):
        for k in range(length):
            image = ct(HU + 4 * int(number) + k, z=5.0 * k, series=number, PatientID="P")
            save(image, folder / f"ct/{number}-{k}.dcm")
    save(ct(HU + 20, PatientID="Q", StudyInstanceUID="9"), folder / "ct/q.dcm")
    rows = [f"{path.stem},{int(path.stem == '1-0')}" for path in sorted(folder.glob("ct/*.dcm"))]
    rows = [row for row in rows if row[0] in named or row[0] == "q"]
    (folder / "labels.csv").write_text("\n".join(["image,label", *rows]))


def test_series_of_a_study_whose_images_are_labelled_are_scans_if_none_is_better(tmp_path):
    two_series(tmp_path, "1", "2")
    listing = index_dataset(tmp_path, "dicom", on_problem="error").listing
    own = listing[listing["patient_id"] == "001"]
    assert own.groupby("scan_id")["path"].agg(list).to_dict() == {
        "001-1": [f"ct/2-{k}.dcm" for k in range(4)],
        "001-2": [f"ct/1-{k}.dcm" for k in range(3)],
    }
    assert own["target"].tolist() == [0, 0, 0, 0, 1, 0, 0]


def test_of_series_of_which_none_is_better_the_labelled_one_is_used(tmp_path):
    two_series(tmp_path, "1")
    listing = index_dataset(tmp_path, "dicom", on_problem="error").listing
    own = listing[listing["patient_id"] == "001"]
    assert own["path"].tolist() == [f"ct/1-{k}.dcm" for k in range(3)]
