"""A folder laid out like CT-ICH's JPG release, written by hand, from its path to the report."""

import hashlib
import json

import numpy as np
import yaml
from PIL import Image

from ct_ich import write_ct_ich
from ctseq.core.tables import read_table
from ctseq.intake.tables import MASKS, SCANS, SLICES

PATIENTS_CT = {
    "049": "---bbb------",  # twelve slices: as text, 10 would come before 2
    "050": "------------",
    "051": "-bb-",
    "052": "-----",
    "058": "-b",  # shorter than the four frames
    "066": "-",  # one slice
    "071": "--bb--",
    "084": "-----------",
    "100": "bbbb",
    "101": "---",
    "129": "-----b",
    "130": "----",
}
# As the release writes it: a line break in a quoted header, blanks for `no`, a note with a comma.
DEMOGRAPHICS = (
    '\ufeffPatient Number,"Age\r\n(years)",Gender,Intraventricular,Intraparenchymal,Subarachnoid,'
    "Epidural,Subdural,Fracture (yes 1/no 0),Note\r\n"
    "49,61,Male,,,,1,,,\r\n"
    "50,0.5,Female,,,,,,,\r\n"
    '58,34,Female,,,,1,,1,"Normal CT, seen twice"\r\n'
    "66,,Male,,,,,,,\r\n"
    "100,80,,,,,1,,,\r\n"
)
MASK_FILES = ("4_HGE_Seg.jpg", "5_HSE_Seg.jpg", "6_hge_seg.JPG")


def write_dataset(folder):
    write_ct_ich(folder, PATIENTS_CT)
    (folder / "patient_demographics.csv").write_bytes(DEMOGRAPHICS.encode())
    brain = folder / "Patients_CT/049/brain"
    for name in MASK_FILES:
        (brain / name).write_bytes((brain / "1.jpg").read_bytes())
    (folder / "Patients_CT/084/bone/11.jpg").unlink()
    (folder / "LICENSE.txt").write_text("restricted")


def state(folder):
    """Return what a user could notice of a dataset: names, permissions, times and contents."""
    return {
        path: (
            path.stat().st_mode,
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None,
        )
        for path in [folder, *folder.rglob("*")]
    }


def test_it_runs_to_the_report(tmp_path, working_copy, local_encoders):
    dataset = tmp_path / "release 1.2.0"  # a blank in the path, as people have them
    write_dataset(dataset)
    for path in [*dataset.rglob("*"), dataset]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = state(dataset)
    copy = working_copy(
        {
            "study": "by-hand",
            "datasets": {"ct-ich": {"path": str(dataset)}},
            "dataset": "ct-ich",
            "encoders": local_encoders,
            "replicates": 2,
            "training": {"epochs": 2},
            "comparison": {"metrics": ["accuracy"]},
        }
    )
    outcome = copy.snakemake()
    assert outcome.status == 0, outcome.text[-8000:]
    assert state(dataset) == before
    for path in [dataset, *dataset.rglob("*")]:
        path.chmod(0o755)

    _check_counts(copy.data)
    _check_labels_and_order(copy.data)
    _check_masks(copy.data)
    _check_links(copy.data, dataset)
    _check_packed_pixels(copy.data, dataset)
    page = (copy.results / "report.html").read_text("utf-8")
    assert "by-hand" in page
    # The page names no place on the machine; the configuration beside it has the whole path.
    shown = " ".join(page.split())  # YAML breaks long lines at blanks
    assert f"…/{dataset.name}" in shown
    assert str(dataset.parent) not in shown
    config = yaml.safe_load((copy.results / "config.yaml").read_text("utf-8"))
    assert config["datasets"]["ct-ich"]["path"] == str(dataset)

    # An edit in place leaves the time of the folder as it was.
    table = dataset / "hemorrhage_diagnosis.csv"
    table.write_bytes(table.read_bytes() + b"\r\n")
    plan = copy.snakemake("--dry-run")
    assert plan.checked
    assert {"index_dataset", "fit"} <= plan.rules


def _check_counts(data):
    slices = sum(map(len, PATIENTS_CT.values()))
    excluded = {"bone": slices - 1, "mask": 3, "table": 2, "other": 1}
    assert (
        json.loads((data / "summary.json").read_text()).items()
        >= {
            "patients": 12,
            "positive_patients": 6,
            "scans": 12,
            "positive_scans": 6,
            "masks": 3,
            "brain_slices": slices,
            "positive_slices": 13,
            "flow": {
                "files": {
                    "seen": 2 * slices + 5,
                    "used": slices,
                    "excluded_by_reason": dict(sorted(excluded.items())),
                },
                "slices": {"seen": slices, "used": slices, "excluded_by_reason": {}},
                "scans": {"seen": 12, "used": 12, "excluded_by_reason": {}},
            },
            "slices_per_scan": {"min": 1, "median": 4.5, "max": 12},
        }.items()
    )
    log = (data / "logs/select_slices.log").read_text()
    assert "Patients: 12, with hemorrhage: 6." in log
    assert "Scans: 12, with hemorrhage: 6." in log
    assert f"Slices: {slices}, with hemorrhage: 13." in log


def _check_labels_and_order(data):
    slices = read_table(data / "slices.csv", SLICES)
    for patient, labels in PATIENTS_CT.items():
        own = slices[slices["patient_id"] == patient]
        assert own["slice_number"].tolist() == list(range(1, len(labels) + 1))
        assert own["target"].tolist() == [int(label == "b") for label in labels]
        assert own["hemorrhage"].tolist() == own["epidural"].tolist() == own["target"].tolist()
        assert set(own["fracture"]) == {0}
        names = [f"Patients_CT/{patient}/brain/{n}.jpg" for n in own["slice_number"]]
        assert own["path"].tolist() == names
    scans = read_table(data / "scans.csv", SCANS).set_index("patient_id")
    assert list(scans.index) == list(scans["scan_id"]) == list(PATIENTS_CT)
    sexes = {"049": "M", "050": "F", "058": "F", "066": "M"}
    assert scans["sex"].to_dict() == dict.fromkeys(PATIENTS_CT, "") | sexes
    assert scans["age_years"].dropna().to_dict() == {"049": 61, "050": 0.5, "058": 34, "100": 80}


def _check_masks(data):
    masks = read_table(data / "masks.csv", MASKS)
    assert set(masks["scan_id"]) == {"049"}
    assert masks["path"].tolist() == [f"Patients_CT/049/brain/{name}" for name in MASK_FILES]
    assert masks["slice_number"].tolist() == [4, 5, 6]


def _check_links(data, dataset):
    for patient, labels in PATIENTS_CT.items():
        group = "Positive" if "b" in labels else "Negative"
        folder = data / "sorted" / group / patient
        assert len(list(folder.iterdir())) == len(labels)
        for number in range(1, len(labels) + 1):
            target = dataset / f"Patients_CT/{patient}/brain/{number}.jpg"
            assert (folder / f"{number}.jpg").resolve() == target.resolve()


def _check_packed_pixels(data, dataset):
    """The brain's grey rises by one a slice, so packed rows in another order would show."""
    packed = np.load(data / "pixels/convnext.npy")
    slices = read_table(data / "slices.csv", SLICES)
    middle = tuple(length // 2 for length in packed.shape[1:])
    for row, path in enumerate(slices["path"]):
        if slices["hemorrhage"][row]:
            continue
        with Image.open(dataset / path) as image:
            grey = image.getpixel((20, 20))
        assert abs(int(packed[(row, *middle)]) - grey) <= 1
