"""Names of patients, scans and images: how those of tables and those of folders and files meet."""

import re
import unicodedata
from collections.abc import Iterable

import pandas as pd

# Spreadsheets write 49 as `49.0`, or as `49,0` where a comma is the decimal sign.
_MOST_DIGITS = 18
WHOLE = re.compile(rf"([0-9]{{1,{_MOST_DIGITS}}})(?:[.,]0*)?")
# A spreadsheet shows 100001 as `1.00E+05`, and saves what it shows: digits are lost for good.
ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2,3}", re.IGNORECASE)
# A scan of a patient whose name is a number: `049-1` is `49-1`.
_SCAN_OF_NUMBER = re.compile(rf"0*([0-9]{{1,{_MOST_DIGITS}}})((?:-[0-9]+)+)")
# CQ500's copies spell its patients with and without hyphens, underscores and zeros, and twice.
_CQ500 = re.compile(r"CQ500[-_ ]*CT[-_ ]*0*([0-9]{1,9})(?:[-_ ]+CQ500[-_ ]*CT[-_ ]*0*\1)?", re.I)
_SUFFIX = re.compile(r"\.(?:dcm|dicom|ima|png|jpe?g|tiff?)$", re.IGNORECASE)


def patient_text(cell: str) -> str:
    """Return a cell's patient id, without the decimals that a spreadsheet adds."""
    match = WHOLE.fullmatch(cell.strip())
    return match[1] if match else cell.strip()


def folder_text(name: str) -> str:
    """Return the id of a patient who has a folder: its name; CQ500's in its own spelling."""
    match = _CQ500.fullmatch(name)
    return f"CQ500CT{match[1]}" if match else name


def patient_key(patient_id: str) -> str:
    """Return the canonical key of a patient id: `049`, `49` and `49.0` have the same.

    Letters meet in any case, and whether accents are letters of their own (as macOS writes names)
    or not. Keys of numbers are filled up with zeros, so that they sort as the numbers do; zeros
    before letters count: `0ab` and `ab` are two.
    """
    folded = unicodedata.normalize("NFD", patient_id.strip()).casefold()
    text = unicodedata.normalize("NFC", folded).strip()
    if match := WHOLE.fullmatch(text):
        return match[1].zfill(_MOST_DIGITS)
    if match := _SCAN_OF_NUMBER.fullmatch(text):
        return match[1] + match[2]
    match = _CQ500.fullmatch(text)
    return f"cq500ct{match[1]}" if match else text


def patient_keys(ids: pd.Series) -> pd.Series:
    """Return the canonical key of each patient id."""
    # The rows of a patient or scan share one text, to save memory.
    keys = {patient_id: patient_key(patient_id) for patient_id in ids.unique()}
    return ids.map(keys).astype("str")


def shared_depth(paths: Iterable[str]) -> int:
    """Return how many folders all paths begin with together."""
    folders = [path.split("/")[:-1] for path in paths] or [[]]
    # What the first and the last of sorted lists share, all between them do, too.
    same = [one == other for one, other in zip(min(folders), max(folders), strict=False)]
    return (*same, False).index(False)


def image_path(text: str) -> str:
    r"""Return an image's path as paths are compared: in NFC, with ``/``, without ``.`` and suffix.

    `.\p1\IM1.DCM` is `p1/IM1`.
    """
    parts = unicodedata.normalize("NFC", text.strip()).replace("\\", "/").split("/")
    return _SUFFIX.sub("", "/".join(part for part in parts if part not in ("", ".")))
