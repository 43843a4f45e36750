"""The formats of datasets: what each holds and which module reads it. A new one is a line here.

This table imports no reader, so that the configuration is checked and documented at no cost.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """A format of datasets.

    Attributes
    ----------
    module
        The module that reads it: see `registry.Reader`.
    expects
        What a folder of this format holds, for the documentation.
    looked_for
        By what a folder is recognised, for messages.
    hounsfield
        Whether its scans are in Hounsfield units; if not, its pictures have the brain window.
    own_labels
        Whether the format brings a label table of its own; if not, `labels` finds or names one.
    """

    module: str
    expects: str
    looked_for: str
    hounsfield: bool
    own_labels: bool


FORMATS: dict[str, Format] = {
    "ct-ich-jpg": Format(
        module="ctseq.readers.ct_ich_jpg",
        expects="PhysioNet CT-ICH, releases 1.0.0 to 1.2.0",
        looked_for="a folder Patients_CT with brain/*.jpg for each patient",
        hounsfield=False,
        own_labels=True,
    ),
    "ct-ich-nifti": Format(
        module="ctseq.readers.ct_ich_nifti",
        expects="CT-ICH, release 1.3.1: volumes in Hounsfield units",
        looked_for="a folder ct_scans with NNN.nii for each patient",
        hounsfield=True,
        own_labels=True,
    ),
    "dicom": Format(
        module="ctseq.readers.dicom.reader",
        expects="a tree of CT series, and a label table",
        looked_for="CT series in DICOM files",
        hounsfield=True,
        own_labels=False,
    ),
    "folder": Format(
        module="ctseq.readers.folder",
        expects="a folder of PNG, JPG or TIFF for each patient, and a label table",
        looked_for="a folder of PNG, JPG or TIFF for each patient",
        hounsfield=False,
        own_labels=False,
    ),
}
