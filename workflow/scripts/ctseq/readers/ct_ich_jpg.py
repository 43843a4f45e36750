"""Reader of CT-ICH's JPG releases (PhysioNet, 1.0.0 to 1.2.0).

``Patients_CT/049/brain/1.jpg``, ``bone/1.jpg`` and masks ``brain/14_HGE_Seg.jpg``, with two tables
beside them. The releases spell names in several ways, so letter case never matters here, and
folders and tables are matched by number: ``049`` is the table's patient 49.
"""

import re
from collections.abc import Sequence
from functools import partial
from math import nan
from pathlib import Path

from ctseq.readers.contents import Contents, File, file_without_slices
from ctseq.readers.ct_ich_tables import named_folder, read_diagnosis
from ctseq.readers.images import open_sequence
from ctseq.readers.walk import Found, walk

__all__ = ["list_contents", "open_sequence", "recognises"]

_DIAGNOSIS = "hemorrhage_diagnosis.csv"
_IMAGE = re.compile(
    r"Patients_CT/(?P<patient>[0-9]{1,9})/(?P<window>brain|bone)/"
    r"(?P<slice>[0-9]{1,9})(?P<mask>_H[GS]E_Seg)?\.jpe?g",
    re.IGNORECASE,
)

recognises = partial(named_folder, name="patients_ct")


def list_contents(
    folder: str | Path,
    table: Path | None = None,
    target: str = "hemorrhage",
    links_into: Sequence[str] = (),
) -> Contents:
    """List files, slices and labels; the release has its own label table."""
    labels = read_diagnosis(folder, _DIAGNOSIS, table, target)
    return Contents(map(_described, walk(folder, links_into)), labels)


def _described(found: Found) -> File:
    """Describe a file: ``brain``, ``bone``, ``mask``, ``table`` or ``other``."""
    match = None if found.reason else _IMAGE.fullmatch(found.path)
    if match is None:
        return file_without_slices(found, _DIAGNOSIS)
    kind, number = match["window"].casefold(), int(match["slice"])
    if match["mask"]:
        # Masks are drawn on the brain window only; elsewhere the name means nothing.
        kind = "mask" if kind == "brain" else "other"
    patient = match["patient"]
    if kind == "brain":
        slices = [(number, number, nan)]
        return File(found.path, kind, patient, patient, number, slices=slices)
    return File(found.path, kind, patient, patient, number, reason=kind)
