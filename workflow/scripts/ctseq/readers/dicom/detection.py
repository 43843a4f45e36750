"""Which files are DICOM."""

from pathlib import Path

from ctseq.readers.walk import is_regular


def is_dicom(path: Path) -> bool:
    """Tell whether a file has DICOM's mark: ``DICM`` after 128 bytes."""
    if not is_regular(path):
        return False
    with path.open("rb") as content:
        return content.read(132)[128:] == b"DICM"
