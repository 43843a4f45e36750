"""Patient and slice numbers as tables and folders write them."""

import re

import pandas as pd

# Spreadsheets write 49 as `49.0`, or as `49,0` where a comma is the decimal sign.
_MOST_DIGITS = 18
_WHOLE = re.compile(rf"([0-9]{{1,{_MOST_DIGITS}}})(?:[.,]0*)?")


def whole_number(text: str) -> int | pd.api.typing.NAType:
    """Read a whole number from 0; NA if it is none, or one of more than 9 digits."""
    match = _WHOLE.fullmatch(text.strip())
    return int(match[1]) if match and len(match[1]) <= 9 and match[1].isascii() else pd.NA


def patient_key(patient_id: str) -> str:
    """Give what makes two spellings of a patient the same: ``049``, ``49`` and ``49.0`` are one.

    Keys of numbers sort as numbers do: they are filled with zeros.
    """
    text = patient_id.strip()
    if match := _WHOLE.fullmatch(text):
        return match[1].zfill(_MOST_DIGITS)
    return text.lstrip("0").casefold() or text


def patient_keys(ids: pd.Series) -> pd.Series:
    """Give the key of each patient id; equal keys are one text, however many rows there are."""
    keys = {patient_id: patient_key(patient_id) for patient_id in ids.unique()}
    return ids.map(keys).astype("str")


def patient_text(cell: str) -> str:
    """Give a table's patient id without a spreadsheet's decimals."""
    match = _WHOLE.fullmatch(cell.strip())
    return match[1] if match else cell.strip()
