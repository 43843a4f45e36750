"""Reader of CT-ICH's JPG releases (PhysioNet, 1.0.0 to 1.2.0).

``Patients_CT/049/brain/1.jpg``, ``bone/1.jpg`` and masks ``brain/14_HGE_Seg.jpg``, with two tables
beside them. The releases spell names in several ways, so letter case never matters here, and
folders and tables are matched by number: ``049`` is the table's patient 49.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ctseq.datasets import ct_ich_tables
from ctseq.datasets.ct_ich_tables import read_demographics
from ctseq.datasets.images import read_image
from ctseq.datasets.scan import FILES, LABELS, SLICES, Pixels, Scan, checksum_file, frame
from ctseq.datasets.walk import Found, walk
from ctseq.windows import PRESETS, Window

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
    files = list_files(folder)
    slices = files[files["reason"] == ""]
    labels = read_diagnosis(folder) if len(slices) else frame([], LABELS)
    return Scan(files, slices[list(SLICES)].astype(SLICES), labels)


def list_files(folder: str | Path) -> pd.DataFrame:
    """Name every file under the dataset's folder exactly once.

    Parameters
    ----------
    folder
        The dataset's root.

    Returns
    -------
    DataFrame
        As `scan.FILES`; kind is ``brain``, ``bone``, ``mask``, ``table`` or ``other``, and
        patient_id the folder's spelling, empty outside of the layout. Ordered by patient and
        slice as numbers, then by kind; files of no patient come first.
    """
    files = frame(map(_described, walk(folder)), FILES)

    def rank(column: pd.Series) -> pd.Series:
        return column.replace("", "-1").astype("int64") if column.name == "patient_id" else column

    order = ["patient_id", "slice_number", "kind"]
    return files.sort_values(order, key=rank, na_position="first", ignore_index=True)


def read_diagnosis(folder: str | Path) -> pd.DataFrame:
    """Read the slice labels: see `ct_ich_tables.read_diagnosis`."""
    return ct_ich_tables.read_diagnosis(folder, _DIAGNOSIS)


def open_sequence(
    folder: str | Path, slices: pd.DataFrame, windows: Sequence[Window] | None = None
) -> Pixels:
    """Give the function from a place in a patient's slices to grey values, uint8 (H, W).

    The pictures have their window already, so `windows` changes nothing.
    """
    paths = [Path(folder) / path for path in slices["path"]]
    return lambda place: read_image(paths[place])


def _described(found: Found) -> tuple[str, str, str, int | None, str]:
    match = None if found.reason else _IMAGE.fullmatch(found.path)
    if match is None:
        tables = (_DIAGNOSIS, ct_ich_tables.DEMOGRAPHICS)
        table = found.path.casefold() in tables or checksum_file(found)
        kind = "table" if table and not found.reason else "other"
        return found.path, kind, "", None, found.reason or kind
    # One text for all files of a window or a patient: there are very many.
    kind = sys.intern(match["window"].casefold())
    if match["mask"]:
        # Masks are drawn on the brain window only; elsewhere the name means nothing.
        kind = "mask" if kind == "brain" else "other"
    reason = "" if kind == "brain" else kind
    return found.path, kind, sys.intern(match["patient"]), int(match["slice"]), reason
