"""Synthetic patients written as datasets in every format that is read, with its oddities."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import nibabel
import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from ctseq.core.errors import InputError
from ctseq.imaging.windows import PRESETS, apply_windows
from ctseq.phantom.patients import Demographics, Patient, draw_patients
from ctseq.readers.subtypes import SUBTYPES

# The dataset and the paper spell the names of masks differently; here patients take turns.
_MASK_NAMES = ("{}_HGE_Seg.jpg", "{}_HSE_Seg.jpg", "{}_hge_seg.JPG", "{}_Hge_Seg.jpeg")
# High enough to keep the edges and noise that the real data have.
_JPEG_QUALITY = 95
# Head and table fit into 250 mm; slices lie 5 mm apart, as CT-ICH's do.
_FIELD_MM, _SPACING_MM = 250.0, 5.0
_NAMES = ("Intraventricular", "Intraparenchymal", "Subarachnoid", "Epidural", "Subdural")
_DIAGNOSIS = ("PatientNumber", "SliceNumber", *_NAMES, "No_Hemorrhage", "Fracture_Yes_No")
_PEOPLE = ("Patient Number", "Age\n(years)", "Gender", *_NAMES, "Fracture (yes 1/no 0)", "Note")

# The slices of a patient: Hounsfield units, and the masks of the subtypes that each shows.
Slices = Iterable[tuple[np.ndarray, dict[str, np.ndarray]]]
# What the tables are made of: each patient with the subtypes that the slices show.
Written = Sequence[tuple[Demographics, list[frozenset[str]]]]


def write_phantom(
    folder: str | Path,
    *,
    patients: int,
    positive: int,
    image_size: int,
    layout: str = "ct-ich-jpg",
    slices: tuple[int, int] = (19, 40),
    seed: int,
) -> None:
    """Write a dataset; the same arguments give the same bytes, and the same patients in any layout.

    The layout is a key of `LAYOUTS`; other arguments are those of `patients.draw_patients`.

    Raises
    ------
    InputError
        If an argument is out of range.
    """
    if layout not in LAYOUTS:
        raise InputError(
            f"datasets.<name>.phantom.layout is {layout!r}; choose one of {', '.join(LAYOUTS)}."
        )
    write_patient, write_tables = LAYOUTS[layout]
    drawn = draw_patients(
        patients=patients, positive=positive, image_size=image_size, slices=slices, seed=seed
    )
    written: list[tuple[Demographics, list[frozenset[str]]]] = []
    for index, patient in enumerate(drawn):
        # Of each patient only this is kept: pixels would fill the memory.
        written.append((patient.demographics, []))
        name = patient.demographics.patient_id
        write_patient(Path(folder), index, name, _draw(patient, written[-1][1]))
    write_tables(Path(folder), written)


def _draw(patient: Patient, shown: list[frozenset[str]]) -> Slices:
    """Yield a patient's slices; append to `shown` the subtypes that each shows."""
    for hu, masks in patient.draw():
        shown.append(frozenset(masks))
        yield hu, masks


def _write_jpg(folder: Path, index: int, name: str, slices: Slices) -> None:
    home = folder / "Patients_CT" / name
    mask_name = _MASK_NAMES[index % len(_MASK_NAMES)]
    for number, (hu, masks) in enumerate(slices, start=1):
        for window in ("brain", "bone"):
            grey = apply_windows(hu, [PRESETS[window]])
            _save(grey, home / window / f"{number}.jpg", "JPEG")
        if masks:
            mask = np.logical_or.reduce(list(masks.values())) * np.uint8(255)
            _save(mask, home / "brain" / mask_name.format(number), "JPEG")


def _jpg_tables(folder: Path, written: Written) -> None:
    _write_csv(folder / "hemorrhage_diagnosis.csv", [_DIAGNOSIS, *_diagnosis(written)])
    _write_csv(folder / "patient_demographics.csv", [_PEOPLE, *_demographics(written)])
    # A file that macOS leaves in folders; it is not part of the layout.
    (folder / "Patients_CT/.DS_Store").write_bytes(b"\0\0\0\1Bud1\0")
    # The real patient 84 lacks one bone image; here the first does.
    (folder / f"Patients_CT/{written[0][0].patient_id}/bone/1.jpg").unlink()


def _write_nifti(folder: Path, index: int, name: str, slices: Slices) -> None:
    drawn = [(_stored(hu), masks) for hu, masks in slices]
    volume = np.stack([hu for hu, _ in drawn], axis=-1)
    blood = [np.logical_or.reduce([np.zeros(hu.shape, bool), *m.values()]) for hu, m in drawn]
    # (row, column) becomes (left, back); every other patient is stored the other way round, and
    # their affines say so.
    turn = -1 if index % 2 else 1
    pixel = -turn * _FIELD_MM / len(volume)
    affine = np.diag([pixel, pixel, _SPACING_MM, 1.0])
    for kind, array in (("ct_scans", volume), ("masks", np.stack(blood, -1).astype(np.uint8))):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        stored = np.ascontiguousarray(array.transpose(1, 0, 2)[::turn, ::turn])
        nibabel.Nifti1Image(stored, affine).to_filename(folder / kind / f"{name}.nii")


def _nifti_tables(folder: Path, written: Written) -> None:
    _write_csv(folder / "hemorrhage_diagnosis_raw_ct.csv", [_DIAGNOSIS, *_diagnosis(written)])
    title, note = ("", "", "", "Hemorrhage type based on the CT scans"), ("Total", len(written))
    _write_csv(
        folder / "Patient_demographics.csv", [title, _PEOPLE, *_demographics(written), (), note]
    )


def _write_dicom(folder: Path, index: int, name: str, slices: Slices) -> None:
    home = folder / name / "Unknown Study/CT"
    home.mkdir(parents=True, exist_ok=True)
    stored = [_stored(hu) for hu, _ in slices]
    for number, hu in enumerate(stored):
        image = _dicom(name, "head", number, stored=hu, signed=index % 2 == 1)
        # Names run from the head down, as those of some scanners do.
        image.save_as(home / f"CT{len(stored) - number:06d}.dcm", enforce_file_format=True)
    overview = np.zeros((32, 32), np.int16)
    localizer = _dicom(name, "localizer", 0, stored=overview, signed=False)
    localizer.save_as(home / "CT000000.dcm", enforce_file_format=True)


def _dicom(
    patient_id: str, series: str, number: int, *, stored: np.ndarray, signed: bool
) -> pydicom.Dataset:
    uid = [generate_uid(entropy_srcs=["ctseq", patient_id, *more])
           for more in ([], [series], [series, str(number)])]  # fmt: skip
    image = pydicom.Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID = CTImageStorage
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID = uid[2]
    image.StudyInstanceUID, image.SeriesInstanceUID = uid[:2]
    image.PatientName, image.PatientID = "Synthetic^Patient", patient_id
    image.Modality, image.InstanceNumber = "CT", number + 1
    image.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER" if series == "localizer" else "AXIAL"]
    # Columns run to the patient's left, rows to the back.
    image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    image.ImagePositionPatient = [0, 0, number * _SPACING_MM]
    image.PixelSpacing = [round(_FIELD_MM / len(stored), 6)] * 2
    image.Rows, image.Columns = stored.shape
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    # Scanners store HU as signed numbers, or as numbers from 0 in 12 of 16 bits.
    intercept, bits = (0, 16) if signed else (-1024, 12)
    image.BitsAllocated, image.BitsStored, image.HighBit = 16, bits, bits - 1
    image.PixelRepresentation = int(signed)
    image.RescaleSlope, image.RescaleIntercept = 1, intercept
    image.PixelData = (stored - intercept).astype("<i2" if signed else "<u2").tobytes()
    return image


def _write_folder(folder: Path, index: int, name: str, slices: Slices) -> None:
    suffix, kind = (("png", "PNG"), ("tif", "TIFF"), ("JPG", "JPEG"))[index % 3]
    for number, (hu, _) in enumerate(slices, start=1):
        grey = apply_windows(hu, [PRESETS["brain"]])
        _save(grey, folder / name / f"slice {number}.{suffix}", kind)


def _label_table(folder: Path, written: Written) -> None:
    rows = [
        (patient.patient_id, number, int(bool(found)), *(int(name in found) for name in SUBTYPES))
        for patient, shown in written
        for number, found in enumerate(shown, start=1)
    ]
    _write_csv(folder / "labels.csv", [("patient_id", "slice_number", "label", *SUBTYPES), *rows])


# Layout to the functions that write a patient and the tables.
LAYOUTS: dict[str, tuple[Callable[..., None], Callable[[Path, Written], None]]] = {
    "ct-ich-jpg": (_write_jpg, _jpg_tables),
    "ct-ich-nifti": (_write_nifti, _nifti_tables),
    "dicom": (_write_dicom, _label_table),
    "folder": (_write_folder, _label_table),
}


def _stored(hu: np.ndarray) -> np.ndarray:
    """Return Hounsfield units rounded to integers and clipped to a scanner's range."""
    return np.clip(np.round(hu), -1024, 3071).astype(np.int16)


def _save(grey: np.ndarray, path: Path, kind: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"quality": _JPEG_QUALITY} if kind == "JPEG" else {}
    Image.fromarray(grey).save(path, format=kind, **options)


def _diagnosis(written: Written) -> list[tuple[int, ...]]:
    return [
        (
            *(int(patient.patient_id), number),
            *(int(name in found) for name in SUBTYPES),
            *(int(not found), int(patient.fracture)),
        )
        for patient, shown in written
        for number, found in enumerate(shown, start=1)
    ]


def _demographics(written: Written) -> list[tuple[object, ...]]:
    rows = []
    for patient, shown in written:
        ever = frozenset().union(*shown)
        gender = {"M": "Male", "F": "Female"}[patient.sex]
        flags = ("1" if name in ever else "" for name in SUBTYPES)
        person = (int(patient.patient_id), patient.age_years, gender)
        rows.append((*person, *flags, int(patient.fracture) or "", "" if ever else "Normal CT"))
    return rows


def _write_csv(path: Path, rows: Sequence[Sequence[object]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    path.write_bytes(text.getvalue().encode("utf-8-sig"))
