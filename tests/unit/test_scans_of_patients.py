"""Patients with several scans: every study is one, labels find theirs, copies are left out."""

import numpy as np
import pytest

from ct_files import HU, ct, save
from ctseq.cache.tables import ROWS
from ctseq.core.errors import InputError
from ctseq.core.files import write_json
from ctseq.core.tables import read_table
from ctseq.imaging.preprocessing import Preprocessing
from ctseq.intake.index import index_dataset
from ctseq.intake.tables import SCANS
from ctseq.readers.subtypes import SUBTYPES
from dicom_folders import write_series
from index_dataset import main as index_main
from indexed import selected
from pack_pixels import main as pack
from select_slices import main as select_main


def study(folder, patient, uid, *, first, below="", slices=3, **changes):
    """Write a study whose slices show no other's pixels, unless `first` is the same."""
    ids = {"series": uid, "PatientID": f"MRN-{patient}", "StudyInstanceUID": uid}
    write_series(folder / patient / below, f"{uid}-", first, slices=slices, **ids, **changes)


def label(folder, text):
    (folder / "labels.csv").write_text(text)


@pytest.fixture
def folder(tmp_path):
    """Patient a has two studies, of which the second one's name comes first, and b has one."""
    study(tmp_path, "a", "1.9", first=1)
    study(tmp_path, "a", "1.10", first=2, slices=4)
    study(tmp_path, "b", "2.1", first=3)
    label(tmp_path, "patient_id,label\na,1\nb,0\n")
    return tmp_path


def index(folder, on_problem="error", **options):
    return index_dataset(folder, "dicom", on_problem=on_problem, **options)


def test_every_study_is_a_scan_in_the_order_of_first_files(folder):
    slices, scans, summary = selected(folder, "dicom")
    # The path of 1.10 comes before that of 1.9.
    assert scans["scan_id"].tolist() == ["a-1", "a-2", "b"]
    assert scans["patient_id"].tolist() == ["a", "a", "b"]
    assert scans["n_slices"].tolist() == [4, 3, 3]
    assert scans["target"].tolist() == [1, 1, 0]
    assert slices["slice_number"].tolist() == [1, 2, 3, 4, 1, 2, 3, 1, 2, 3]
    assert {name: summary[name] for name in ("patients", "scans", "positive_scans")} == {
        "patients": 2,
        "scans": 3,
        "positive_scans": 2,
    }
    assert summary["positive_patients"] == 1
    assert summary["flow"]["scans"]["seen"] == 3


def test_the_tenth_scan_comes_after_the_second(tmp_path):
    for number in range(11):
        study(tmp_path, "a", f"1.{number:02d}", first=number, slices=2)
    study(tmp_path, "b", "2.1", first=11)
    label(tmp_path, "patient_id,label\na,1\nb,0\n")
    listing = index(tmp_path).listing
    expected = [f"a-{number}" for number in range(1, 12)] + ["b"]
    assert listing["scan_id"].drop_duplicates().tolist() == expected


def test_a_flat_folder_keeps_all_scans_labelled_by_image(tmp_path):
    """RSNA 2019: the files of all patients and their studies lie in one folder."""
    rows = ["ID,Label"]
    for number, (patient, uid) in enumerate([("P", "1.1"), ("P", "1.2"), ("Q", "2.1")]):
        for k in range(2):
            image = ct(HU + 10 * number + k, z=5.0 * k, StudyInstanceUID=uid, series=uid,
                       PatientID=patient)  # fmt: skip
            save(image, tmp_path / f"train/ID_{number}{k}.dcm")
            bleeds = int((number, k) == (1, 1))
            rows += [f"ID_{number}{k}_{name},{bleeds}" for name in ("any", *SUBTYPES)]
    label(tmp_path, "\n".join(rows))
    _, scans, _ = selected(tmp_path, "dicom")
    assert scans["scan_id"].tolist() == ["001-1", "001-2", "002"]
    assert scans["target"].tolist() == [0, 1, 0]
    assert scans["n_positive_slices"].tolist() == [0, 1, 0]


def flat(folder, patients, studies):
    """Write files side by side, labelled by image, of these patients and studies."""
    rows = ["image,label"]
    for n, (patient, uid) in enumerate(zip(patients, studies, strict=True)):
        image = ct(HU + n, z=5.0 * n, series=uid, StudyInstanceUID=uid, PatientID=patient)
        save(image, folder / f"{n}.dcm")
        rows.append(f"{n}.dcm,{n % 2}")
    label(folder, "\n".join(rows))


def test_a_patient_id_a_file_makes_no_patients_of_one_slice(tmp_path):
    flat(tmp_path, [f"P{n}" for n in range(8)], ["1.1"] * 4 + ["1.2"] * 4)
    words = "8 files have 8 PatientIDs but are of 2 studies, such as 0.dcm: .* Sort them into a"
    with pytest.raises(InputError, match=words):
        index(tmp_path)


def test_patients_of_one_slice_have_a_study_each(tmp_path):
    flat(tmp_path, [f"P{n}" for n in range(8)], [f"1.{n}" for n in range(8)])
    assert index(tmp_path).listing["patient_id"].nunique() == 8


def test_files_without_patient_id_are_said_to_be_one_patients(tmp_path):
    flat(tmp_path, ["P1"] * 4 + [""] * 4, ["1.1"] * 4 + ["1.2"] * 4)
    found = index(tmp_path)
    assert found.listing["patient_id"].nunique() == 2
    assert [note for note in found.notes if "PatientID of 4 files is empty" in note]


def test_scans_without_labels_are_left_out_alone(tmp_path):
    study(tmp_path, "a", "1.1", first=1, slices=1)
    study(tmp_path, "a", "1.2", first=2, slices=1)
    study(tmp_path, "b", "2.1", first=3, slices=1)
    label(tmp_path, "image,label\n1.1-0,1\n2.1-0,0\n")
    with pytest.raises(InputError, match="1.2-0.dcm: scan a-2: no diagnosis row"):
        index(tmp_path)
    listing = index(tmp_path, "exclude").listing
    assert listing.set_index("scan_id")["reason"].to_dict() == {"a-1": "", "a-2": "no-label",
                                                                "b": ""}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "StudyInstanceUID,label\n1.9,0\n1.10,1\n2.1,0\n",
        "study,patient_id,label\n1.9,a,0\n1.10,a,1\n2.1,b,0\n",
        "scan_id,label\na-2,0\na-1,1\nb,0\n",
        "scan_id,patient,label\nA-2,a,0\na-1,a,1\n,b,0\n",
    ],
)
def test_labels_of_scans_find_their_scan(folder, text):
    label(folder, text)
    assert index(folder).labels_of == "scan"
    _, scans, _ = selected(folder, "dicom")
    assert dict(zip(scans["scan_id"], scans["target"], strict=True)) == {"a-1": 1, "a-2": 0, "b": 0}


def test_labels_of_slices_name_the_scan(folder):
    rows = [f"{scan},{n},{int(scan == '1.9' and n == 2)}"
            for scan, length in (("1.9", 3), ("1.10", 4), ("2.1", 3))
            for n in range(1, length + 1)]  # fmt: skip
    label(folder, "\n".join(["study,slice,label", *rows]))
    _, scans, _ = selected(folder, "dicom")
    assert scans["n_positive_slices"].tolist() == [0, 1, 0]


def test_a_slice_of_a_patient_with_several_scans_is_ambiguous(folder):
    label(folder, "patient_id,slice,label\nb,1,0\na,1,1\n")
    words = "labels.csv, row 3, names a slice by its number, but patient a has several scans"
    with pytest.raises(InputError, match=words):
        index(folder)


def test_problems_of_one_scan_leave_the_others(folder):
    label(folder, "scan_id,label\na-1,1\na-2,x\nb,0\nc,1\n")
    with pytest.raises(InputError) as error:
        index(folder)
    assert "row 3: scan a-2: cell is not 0, 1 or blank (label is 'x')" in str(error.value)
    assert "row 5: scan c: no slice file" in str(error.value)
    _, scans, summary = selected(folder, "dicom", on_problem="exclude")
    assert scans["scan_id"].tolist() == ["a-1", "b"]
    assert summary["flow"]["scans"] == {"seen": 3, "used": 2, "excluded_by_reason": {"cell": 1}}


def test_a_scan_whose_only_positive_slice_is_left_out_goes_alone(folder):
    rows = [f"{scan},{n},{int(n == 2)}"
            for scan, length in (("a-1", 4), ("a-2", 3), ("b", 3)) for n in range(1, length + 1)
            ]  # fmt: skip
    label(folder, "\n".join(["scan_id,slice,label", *rows]).replace("b,2,1", "b,2,0"))
    (folder / "a/1.9-1.dcm").write_bytes((folder / "a/1.9-1.dcm").read_bytes()[:-9])
    found = index(folder, "exclude")
    hidden = found.problems[found.problems["problem"] == "hidden"]
    assert hidden[["scan_id", "patient_id", "action"]].values.tolist() == [
        ["a-2", "a", "scan excluded"]
    ]
    assert found.listing.loc[found.listing["kept"] == 1, "scan_id"].unique().tolist() == [
        "a-1",
        "b",
    ]


def test_a_study_without_axial_slices_is_no_scan_beside_another(folder):
    study(folder, "b", "2.2", first=9, ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    inventory = index(folder).inventory.set_index("path")
    assert inventory.loc["b/2.2-0.dcm", ["scan_id", "reason"]].tolist() == ["b", "not-axial"]
    study(folder, "a", "1.3", first=9, ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    _, scans, summary = selected(folder, "dicom")
    assert scans["scan_id"].tolist() == ["a-1", "a-2", "b"]
    assert summary["flow"]["scans"] == {"seen": 3, "used": 3, "excluded_by_reason": {}}
    assert summary["flow"]["files"]["excluded_by_reason"]["not-axial"] == 6


def test_shared_slices_of_one_patient_stay_and_a_copied_scan_goes(folder):
    study(folder, "a", "1.11", first=1, slices=2)  # as 1.9, without the last slice
    found = index(folder)
    assert found.problems.empty
    assert found.listing["kept"].all()
    study(folder, "a", "1.12", first=1)
    found = index(folder)
    assert found.problems.empty
    copied = found.listing[found.listing["kept"] == 0]
    # In the order of paths: 1.10, 1.11, 1.12, 1.9.
    assert copied["scan_id"].unique().tolist() == ["a-4"]
    assert copied["reason"].unique().tolist() == ["same-scan"]
    _, scans, summary = selected(folder, "dicom")
    assert scans["scan_id"].tolist() == ["a-1", "a-2", "a-3", "b"]
    assert summary["flow"]["scans"]["excluded_by_reason"] == {"same-scan": 1}


def test_the_first_copy_that_can_be_used_is(folder):
    study(folder, "a", "1.11", first=2, slices=4)  # as 1.10
    label(folder, "scan_id,label\na-1,x\na-2,1\na-3,1\nb,0\n")
    listing = index(folder, "exclude").listing.drop_duplicates("scan_id")
    assert dict(zip(listing["scan_id"], listing["reason"], strict=True)) == {
        "a-1": "cell", "a-2": "", "a-3": "", "b": ""
    }  # fmt: skip


def test_rows_that_name_no_study_are_not_of_one_without_an_identifier(tmp_path):
    for number, patient in enumerate("ab"):
        study(tmp_path, patient, "", first=number, below=patient, slices=2)
    label(tmp_path, "patient_id,slice,label\na,1,1\na,2,0\nb,1,0\nb,2,0\n")
    _, scans, _ = selected(tmp_path, "dicom")
    assert scans["target"].tolist() == [1, 0]


@pytest.mark.parametrize("patient", ["a-1", "A-1"])
def test_the_name_of_a_scan_is_no_patients(folder, patient):
    study(folder, patient, "3.1", first=9)
    label(folder, f"patient_id,label\na,1\nb,0\n{patient},0\n")
    with pytest.raises(InputError, match="[aA]-1 is a patient, and the name of a scan of another"):
        index(folder)


def test_scripts_write_scans_and_shards_hold_whole_patients(folder, tmp_path, caplog):
    out = tmp_path / "out"
    names = ("inventory", "listing", "demographics", "series")
    tables = {name: str(out / f"{name}.csv") for name in names}
    settings = {"format": "dicom", "labels": None, "target": "hemorrhage", "links_into": []}
    settings |= {"on_problem": "error"}
    more = {name: str(out / f"{name}.csv") for name in ("problems", "masks")}
    recognised = str(out / "format.json")
    caplog.set_level("INFO")
    index_main(dataset=str(folder), name="a", settings=settings, recognised=recognised, **tables,
               **more)  # fmt: skip
    assert "Scans seen: 3; patients with several: 1." in caplog.text
    assert "Labels are of patients: each counts for all scans of its patient." in caplog.text
    made = {name: str(out / f"{name}.csv") for name in ("slices", "scans")}
    made |= {"summary": str(out / "summary.json"), "sorted_folder": str(out / "sorted")}
    select_main(dataset=str(folder), **tables, **made, target="hemorrhage")
    assert "Patients: 2, with hemorrhage: 1." in caplog.text
    assert "Scans: 3, with hemorrhage: 2." in caplog.text
    assert len(read_table(out / "scans.csv", SCANS)) == 3
    links = sorted(path.relative_to(out / "sorted") for path in out.glob("sorted/*/*"))
    assert list(map(str, links)) == ["Negative/b", "Positive/a-1", "Positive/a-2"]
    steps = Preprocessing(8, 2, (8, 8), None, 0.0, None, None)
    write_json({"preprocessing": steps.to_json()}, out / "m.json")
    shards = []
    for number in (1, 2):
        pixels, rows = out / f"{number}.npy", out / f"{number}.csv"
        pack(folder, recognised, made["slices"], out / "m.json", pixels, rows, window="brain",
             shard=[number, 2], threads=2)  # fmt: skip
        assert len(np.load(pixels)) == len(read_table(rows, ROWS))
        shards.append(read_table(rows, ROWS)["scan_id"].unique().tolist())
    assert shards == [["a-1", "a-2"], ["b"]]
