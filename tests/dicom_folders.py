"""A DICOM dataset written by hand: four patients, of whom two bleed, in a folder each."""

import numpy as np

from ct_files import HU, ct, save

PATIENTS = ("a", "b", "c", "d")
N_SLICES = 3


def head(seed):
    """Return a slice with air around it; no two seeds have the same."""
    hu = np.full((8, 8), -1000, np.int16)
    hu[2:6, 2:6] = 30 + seed % 16
    hu[3, 3] = 20 + seed
    return hu


def write_dicom(folder, suffix=".dcm"):
    """Write ``a/IM0.dcm`` and so on, and a label table; return the folder."""
    for patient, name in enumerate(PATIENTS):
        for number in range(N_SLICES):
            image = ct(head(16 * patient + number), z=5.0 * number, series=str(patient))
            image.PatientID, image.StudyInstanceUID = name, f"1.2.{patient}"
            save(image, folder / f"{name}/IM{number}{suffix}")
    rows = [f"{name},{number % 2}\n" for number, name in enumerate(PATIENTS)]
    (folder / "labels.csv").write_text("patient_id,label\n" + "".join(rows))
    return folder


def write_series(folder, prefix, shift, *, slices=3, **changes):
    """Write ``<prefix>0.dcm`` and so on; no slice has another's pixels, unless `shift` is the same.

    Keywords are those of `ct_files.ct`.
    """
    for number in range(slices):
        image = ct(HU + 10 * shift + number, z=5.0 * number, **changes)
        save(image, folder / f"{prefix}{number}.dcm")


def reasons(index):
    """Return why each file of an index is left out, by its path."""
    left_out = index.inventory[index.inventory["kept"] == 0]
    return left_out.set_index("path")["reason"].to_dict()
