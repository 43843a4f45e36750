"""Names of patients and scans: how those of tables and those of folders and files meet."""

import re

import pandas as pd

# Spreadsheets write 49 as `49.0`, or as `49,0` where a comma is the decimal sign.
_MOST_DIGITS = 18
WHOLE = re.compile(rf"([0-9]{{1,{_MOST_DIGITS}}})(?:[.,]0*)?")


def patient_text(cell: str) -> str:
    """Return a cell's patient id, without the decimals that a spreadsheet adds."""
    match = WHOLE.fullmatch(cell.strip())
    return match[1] if match else cell.strip()


def patient_key(patient_id: str) -> str:
    """Return the canonical key of a patient id: `049`, `49` and `49.0` have the same.

    Keys of numbers are filled up with zeros, so that they sort as the numbers do.
    """
    text = patient_id.strip()
    if match := WHOLE.fullmatch(text):
        return match[1].zfill(_MOST_DIGITS)
    return text.lstrip("0").casefold() or text


def patient_keys(ids: pd.Series) -> pd.Series:
    """Return the canonical key of each patient id."""
    # The rows of a patient or scan share one text, to save memory.
    keys = {patient_id: patient_key(patient_id) for patient_id in ids.unique()}
    return ids.map(keys).astype("str")
