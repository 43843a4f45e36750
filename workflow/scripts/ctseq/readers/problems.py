"""One problem of a dataset: a row of problems.csv, a line of a message."""

from typing import Any

import pandas as pd

from ctseq.readers.reasons import PROBLEMS

# What leaving a problem out means.
SLICE, ROW, PATIENT = "slice excluded", "row ignored", "patient excluded"
NOTHING = "nothing excluded"


def problem(
    code: str,
    action: str,
    path: str,
    patient_id: str = "",
    slice_number: Any = pd.NA,
    *,
    row: Any = pd.NA,
    detail: str = "",
) -> dict[str, Any]:
    """Describe one problem, by its code in `reasons.PROBLEMS`."""
    return {
        "problem": code,
        "path": path,
        "row": row,
        "patient_id": patient_id,
        "slice_number": slice_number,
        "detail": detail,
        "action": action,
    }


def in_words(found: dict[str, Any]) -> str:
    """Write a problem as a line: where, whose, what."""
    row = "" if found["row"] is pd.NA else f", row {found['row']}"
    detail = f" ({found['detail']})" if found["detail"] else ""
    named = {"patient": found["patient_id"] or pd.NA, "slice": found["slice_number"]}
    whose = " ".join(f"{name} {value}" for name, value in named.items() if value is not pd.NA)
    words = PROBLEMS[found["problem"]].words
    return f"{found['path']}{row}: {whose}{': ' * bool(whose)}{words}{detail}"
