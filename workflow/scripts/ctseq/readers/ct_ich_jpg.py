"""Reader of CT-ICH's JPG releases (PhysioNet, 1.0.0 to 1.2.0).

``Patients_CT/049/brain/1.jpg``, ``bone/1.jpg`` and masks ``brain/14_HGE_Seg.jpg``, with two tables
beside them. The releases spell names in several ways, so letter case never matters here, and
folders and tables are matched by number: ``049`` is the table's patient 49.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ctseq.imaging.windows import PRESETS, Window
from ctseq.readers import ct_ich_tables
from ctseq.readers.ct_ich_tables import read_demographics
from ctseq.readers.images import read_image
from ctseq.readers.scan import File, Pixels, Scan, checksum_file
from ctseq.readers.walk import Found, walk

__all__ = ["GREY", "LOOKED_FOR", "open_sequence", "read_demographics", "recognises", "scan"]

LOOKED_FOR = "a folder Patients_CT with brain/*.jpg for each patient"
GREY = PRESETS["brain"]

_DIAGNOSIS = "hemorrhage_diagnosis.csv"
_IMAGE = re.compile(
    r"Patients_CT/(?P<patient>[0-9]{1,9})/(?P<window>brain|bone)/"
    r"(?P<slice>[0-9]{1,9})(?P<mask>_H[GS]E_Seg)?\.jpe?g",
    re.IGNORECASE,
)


def recognises(folder: str | Path) -> str:
    """Say how a folder is known to be a JPG release: by ``Patients_CT``, in any letter case."""
    for path in sorted(Path(folder).iterdir()):
        if path.name.casefold() == "patients_ct" and path.is_dir():
            return f"its folder {path.name}"
    return ""


def scan(folder: str | Path, table: Path | None = None) -> Scan:
    """List files, slices and labels; the label table is the release's own."""
    ct_ich_tables.refuse_table(table)
    labels = ct_ich_tables.read_diagnosis(folder, _DIAGNOSIS)
    return Scan(map(_described, walk(folder)), labels)


def open_sequence(
    folder: str | Path, slices: pd.DataFrame, windows: Sequence[Window] | None = None
) -> Pixels:
    """Give the function from a place in a patient's slices to grey values, uint8 (H, W).

    The pictures have their window already, so `windows` changes nothing.
    """
    paths = [Path(folder) / path for path in slices["path"]]
    return lambda place: read_image(paths[place])


def _described(found: Found) -> File:
    """Say what a file is: ``brain``, ``bone``, ``mask``, ``table`` or ``other``."""
    match = None if found.reason else _IMAGE.fullmatch(found.path)
    if match is None:
        tables = (_DIAGNOSIS, ct_ich_tables.DEMOGRAPHICS)
        table = found.path.casefold() in tables or checksum_file(found)
        kind = "table" if table and not found.reason else "other"
        return File(found.path, kind, reason=found.reason or kind)
    kind, number = match["window"].casefold(), int(match["slice"])
    if match["mask"]:
        # Masks are drawn on the brain window only; elsewhere the name means nothing.
        kind = "mask" if kind == "brain" else "other"
    own = {"patient_id": match["patient"], "slice_number": number}
    if kind == "brain":
        return File(found.path, kind, **own, slices=[(number, number)])
    return File(found.path, kind, **own, reason=kind)
