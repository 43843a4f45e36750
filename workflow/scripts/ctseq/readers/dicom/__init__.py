"""Reader of DICOM: trees of CT series."""
