"""DICOM: slices in the order of the body, series by rule, patients and labels by table."""

import shutil

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedCTImageStorage

from ct_files import HU, PYDICOMS, ct, save
from ctseq.core.errors import InputError
from ctseq.imaging.windows import Window
from ctseq.intake.index import index_dataset
from ctseq.readers.dicom import reader
from ctseq.readers.dicom.headers import read_header
from ctseq.readers.dicom.pixels import read_hu
from ctseq.readers.dicom.series import choose_series
from indexed import selected


def headers_of(images, folder):
    return [
        read_header(save(image, folder / f"{number}.dcm"), f"{number}.dcm")
        for number, image in enumerate(images)
    ]


def chosen(images, folder):
    [choice] = choose_series(headers_of(images, folder), str)
    numbers = [int(header.path.split(".")[0]) for header in choice.series]
    return numbers, set(choice.reasons.values())


def stack(heights, **keywords):
    return [ct(z=z, **keywords) for z in heights]


def test_slices_are_ordered_by_position_whatever_their_names(tmp_path):
    assert chosen(stack([10, 0, 15, 5]), tmp_path) == ([1, 3, 0, 2], set())


def test_a_tilted_gantry_keeps_the_order_of_the_body(tmp_path):
    tilt = [1, 0, 0, 0, 0.9063, -0.4226]  # 25 degrees
    assert chosen(stack([10, 0, 5], ImageOrientationPatient=tilt), tmp_path)[0] == [1, 2, 0]


# Series are numbered in the order given; the rule takes one of them.
@pytest.mark.parametrize(
    ("first", "second", "taken"),
    [
        ({"ContrastBolusAgent": "Iodine"}, {}, "2"),
        ({"ConvolutionKernel": "BONEPLUS"}, {}, "2"),
        ({"SeriesDescription": "Bone 5mm"}, {}, "2"),
        ({"step": 1}, {"step": 5}, "2"),
        ({"step": 5}, {"step": 1}, "1"),
        ({"length": 3}, {"length": 4}, "2"),
        ({}, {}, "1"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, {}, "2"),
        ({"ImagePositionPatient": None}, {}, "2"),
        ({"step": 0}, {}, "2"),
        ({"BurnedInAnnotation": "YES"}, {}, "2"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, {}, "2"),
        ({"Modality": "MR", "SOPClassUID": "1.2.3"}, {}, "2"),
    ],
)
def test_the_series_is_chosen_by_rule(first, second, taken, tmp_path):
    images = []
    for number, changes in (("1", dict(first)), ("2", dict(second))):
        step, length = changes.pop("step", 5), changes.pop("length", 3)
        images += stack([step * index for index in range(length)], series=number, **changes)
    [choice] = choose_series(headers_of(images, tmp_path), str)
    assert {header.facts.series for header in choice.series} == {f"1.2.3.{taken}"}
    assert len(choice.series) + len(choice.reasons) == len(images)


def enhanced(heights):
    """Return a file of several frames, in the order given."""
    frames = np.stack([HU + round(z) for z in heights])
    image = ct(frames, ImagePositionPatient=None, ImageOrientationPatient=None,
               RescaleSlope=None, RescaleIntercept=None)  # fmt: skip
    image.SOPClassUID, image.NumberOfFrames = EnhancedCTImageStorage, len(frames)
    shared, orientation, values = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    values.RescaleSlope, values.RescaleIntercept = 1, 0
    shared.PlaneOrientationSequence = [orientation]
    shared.PixelValueTransformationSequence = [values]
    image.SharedFunctionalGroupsSequence = [shared]
    groups = []
    for z in heights:
        group, position = Dataset(), Dataset()
        position.ImagePositionPatient = [0, 0, z]
        group.PlanePositionSequence = [position]
        groups.append(group)
    image.PerFrameFunctionalGroupsSequence = groups
    return image


def test_frames_of_one_file_are_slices_in_the_order_of_the_body(tmp_path):
    path = save(enhanced([10, 0, 5]), tmp_path / "0.dcm")
    [choice] = choose_series([read_header(path, "0.dcm")], str)
    assert [header.positions[0][2] for header in choice.series] == [0, 5, 10]
    assert choice.reasons == {}
    for number, z in enumerate([0, 5, 10], start=1):
        np.testing.assert_array_equal(read_hu(path, number), HU + z)


LABELS = "patient_id,label\n049,1\n50.0,0\n"


@pytest.fixture
def folder(tmp_path):
    """Two patients of three slices each, names against the order of the body."""
    for patient, shift in (("049", 1), ("050", 2)):
        for number, z in enumerate((10, 5, 0)):
            image = ct(HU + shift + z, z=z, PatientID=f"MRN{patient}")
            save(image, tmp_path / f"{patient}/CT/IM{number}.dcm")
    (tmp_path / "labels.csv").write_text(LABELS)
    return tmp_path


def study(folder, on_problem="error"):
    return index_dataset(folder, "dicom", on_problem=on_problem)[:3]


def test_labels_of_patients_leave_slices_without(folder):
    inventory, _, _ = study(folder)
    slices, scans, summary = selected(folder, "dicom")
    assert slices["slice_number"].tolist() == [1, 2, 3] * 2
    assert slices["path"].tolist()[:3] == [f"049/CT/IM{n}.dcm" for n in (2, 1, 0)]
    assert slices["target"].isna().all()
    assert scans["target"].tolist() == [1, 0]
    assert scans["n_positive_slices"].isna().all()
    assert summary["positive_slices"] is None
    assert inventory.set_index("path")["slice_number"]["049/CT/IM0.dcm"] == 3


def test_windows_make_grey_values_one_or_three(folder):
    _, listing, _ = study(folder)
    own = listing[listing["patient_id"] == "049"]
    one = reader.open_sequence(folder, own, (Window(1, 100),))(0)
    # 0.5 + (HU - level) / width of the grey range, black below and white above.
    expected = np.clip(np.round((HU / 100 + 0.5) * 255), 0, 255)
    np.testing.assert_array_equal(one, expected)
    three = reader.open_sequence(folder, own, (Window(1, 100), Window(0, 50), Window(2, 2)))(0)
    assert three.shape == (3, *HU.shape)
    np.testing.assert_array_equal(three[0], one)


def test_labels_of_slices_count_from_the_feet(folder):
    rows = [
        f"{patient},{n},{int(patient == 49 and n == 3)}" for patient in (49, 50) for n in (1, 2, 3)
    ]
    (folder / "labels.csv").write_text("\n".join(["patient,slice,hemorrhage", *rows]))
    _, listing, _ = study(folder)
    assert listing.set_index("path")["hemorrhage"]["049/CT/IM0.dcm"] == 1
    assert listing["hemorrhage"].sum() == 1


def test_one_flat_folder_is_grouped_by_patient_without_naming_them(tmp_path):
    """RSNA 2019: files of all patients in one folder, a row an image and subtype."""
    names = ("any", "epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural")
    rows = ["ID,Label"]
    for patient in ("SECRET1", "SECRET2"):
        for number in range(3):
            image = ct(
                HU + number + len(rows), z=5.0 * number, PatientID=patient, series=patient[-1]
            )
            save(image, tmp_path / f"stage_2_train/ID_{patient[-1]}{number}.dcm")
            bleeds = int(patient == "SECRET2" and number == 1)
            rows += [
                f"ID_{patient[-1]}{number}_{name},{bleeds * (name in names[:2])}" for name in names
            ]
    rows += rows[-6:]  # the real table repeats some rows
    (tmp_path / "stage_2_train.csv").write_text("\n".join(rows))
    (tmp_path / "stage_2_sample_submission.csv").write_text("ID,Label\nID_9_any,0.5\n")
    inventory, listing, _ = study(tmp_path)
    assert listing["patient_id"].unique().tolist() == ["001", "002"]
    assert listing.loc[listing["hemorrhage"] == 1, "path"].tolist() == ["stage_2_train/ID_21.dcm"]
    assert listing["epidural"].sum() == 1
    assert not any("SECRET" in table.to_csv() for table in (inventory, listing))


def test_a_flat_folder_whose_table_names_patients_uses_these_names(folder):
    for path in sorted(folder.rglob("*.dcm")):
        shutil.move(path, folder / f"{path.parts[-3]}{path.name}")
    (folder / "labels.csv").write_text("patient_id,label\nMRN049,1\nMRN050,0\n")
    _, listing, _ = study(folder)
    assert listing["patient_id"].unique().tolist() == ["MRN049", "MRN050"]


def test_an_id_from_the_header_never_becomes_a_path(folder):
    for path in sorted(folder.rglob("*.dcm")):
        image = pydicom.dcmread(path)
        image.PatientID = f"x/../../{path.parts[-3]}"
        save(image, folder / f"{path.parts[-3]}{path.name}")
        path.unlink()
    (folder / "labels.csv").write_text("patient_id,label\nx/../../049,1\nx/../../050,0\n")
    assert "x/../../049: patient id that starts with no letter or digit, or holds a" in lines_of(
        folder
    )


def test_cq500_folders_and_readers(folder):
    for patient, name in (("049", "CQ500CT0 CQ500CT0"), ("050", "CQ500CT12 CQ500CT12")):
        (folder / patient).rename(folder / name)
    header = "name,Category,R1:ICH,R1:IPH,R2:ICH,R3:ICH"
    (folder / "labels.csv").unlink()
    table = f"{header}\nCQ500-CT-0,B1,1,1,0,1\nCQ500-CT-12,B2,0,1,1,0\n"
    (folder / "reads.csv").write_text(table)
    _, scans, _ = selected(folder, "dicom")
    assert dict(zip(scans["scan_id"], scans["target"], strict=True)) == {
        "CQ500CT0": 1,
        "CQ500CT12": 0,
    }


def lines_of(folder):
    with pytest.raises(InputError) as error:
        study(folder)
    return str(error.value)


def test_several_patients_in_one_folder_and_one_in_several(folder):
    save(ct(HU + 9, z=20, PatientID="OTHER"), folder / "050/CT/IM9.dcm")
    for patient in ("051", "052", "053", "054"):
        for z in (0, 5):
            tag = "TWICE" if patient in ("051", "052") else patient
            save(ct(HU + int(patient) + z, z=z, PatientID=tag), folder / f"{patient}/{z}.dcm")
    rows = [f"{n},0\n" for n in (51, 53, 54)]  # of one of the two folders, the table is silent
    (folder / "labels.csv").write_text(LABELS + "".join(rows))
    message = lines_of(folder)
    assert "patient 050: one folder holds several DICOM patients" in message
    assert "patient 051: two folders for one patient (051 and 052)" in message
    assert "OTHER" not in message
    assert "TWICE" not in message


def test_a_patient_without_a_usable_series_and_a_damaged_file(folder):
    for path in (folder / "050").rglob("*.dcm"):
        image = pydicom.dcmread(path)
        del image.ImagePositionPatient
        image.save_as(path)
    (folder / "049/CT/IM9.dcm").write_bytes(b"")
    message = lines_of(folder)
    assert "050/CT/IM0.dcm: patient 050: no slice can be used (position)" in message
    assert "049/CT/IM9.dcm: unreadable image (it is empty)" in message
    inventory, _, problems = study(folder, "exclude")
    reasons = inventory.set_index("path")["reason"]
    assert reasons["050/CT/IM0.dcm"] == "position"
    assert reasons["049/CT/IM9.dcm"] == "unreadable"
    assert problems["problem"].tolist() == ["unreadable", "no-slices"]


def test_files_without_pixels_are_left_out_and_accounted_for(folder):
    shutil.copy(PYDICOMS / "reportsi.dcm", folder / "049/report.dcm")
    (folder / "049/notes.txt").write_text("?")
    inventory, _, _ = study(folder)
    reasons = inventory.set_index("path")["reason"]
    assert reasons["049/report.dcm"] == "no-pixels"
    assert reasons["049/notes.txt"] == "other"
    assert reasons["labels.csv"] == "table"
    assert len(inventory) == 9
