"""Small CT files for tests, written by hand."""

from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

# Files of other programs that pydicom brings.
PYDICOMS = Path(pydicom.__file__).parent / "data/test_files"
# Tissue within a rim of air. Rows and columns differ, and no turn or mirror of it is the same.
HU = np.pad(np.arange(24, dtype=np.int16).reshape(4, 6) * 10 - 40, 1, constant_values=-1000)


def ct(hu=HU, *, z=0.0, series="1", bits=16, signed=True, **changes):
    """Return a CT slice at height `z`, mm; keywords set, or with None leave out, what they name."""
    image = pydicom.Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID = CTImageStorage
    image.SOPInstanceUID = generate_uid(entropy_srcs=[series, str(z)])
    image.StudyInstanceUID, image.SeriesInstanceUID = "1.2.3", f"1.2.3.{series}"
    image.Modality, image.PatientID, image.SeriesNumber = "CT", "P", series
    image.ImageOrientationPatient, image.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, z]
    image.Rows, image.Columns = hu.shape[-2:]
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit = 16, bits, bits - 1
    image.PixelRepresentation = int(signed)
    intercept = 0 if signed else -1024
    image.RescaleSlope, image.RescaleIntercept = 1, intercept
    image.PixelData = (hu - intercept).astype("<i2" if signed else "<u2").tobytes()
    for name, value in changes.items():
        if value is None:
            del image[name]
        else:
            setattr(image, name, value)
    return image


def save(image, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save_as(path, enforce_file_format=True)
    return path
