"""The columns of the tables that indexing and selection write."""

from ctseq.core.contracts import Table
from ctseq.readers.subtypes import SUBTYPES

INVENTORY = Table(
    {
        "path": "text",
        "kind": "text",
        "patient_id": "id?",
        "slice_number": "int?",
        "kept": "flag",
        "reason": "text?",
    },
    key=("path",),
)
LISTING = Table(
    {
        "patient_id": "id",
        "slice_number": "int",
        "path": "text",
        "kept": "flag",
        "reason": "text?",
        "hemorrhage": "flag?",
        **dict.fromkeys(SUBTYPES, "flag?"),
        "patient_hemorrhage": "flag?",
        # Of the slice's scan; empty where the files do not tell.
        "spacing_mm": "float",
    },
    # Two files may claim to be one slice; they are listed, and not kept.
    key=("patient_id", "slice_number", "path"),
)
PROBLEMS = Table(
    {
        "problem": "text",
        "path": "text",
        "row": "int?",
        "patient_id": "id?",
        "slice_number": "int?",
        "detail": "text?",
        "action": "text",
    },
    key=("problem", "path", "row", "patient_id", "slice_number"),
)
# As in the dataset, which may list patients without a scan, and a patient twice.
DEMOGRAPHICS = Table({"patient_id": "id", "age_years": "float", "sex": "text?"}, key=())
SLICES = Table(
    {
        "patient_id": "id",
        "slice_number": "int",
        "path": "text",
        # Empty where only patients have labels, or subtypes are unknown.
        "hemorrhage": "flag?",
        **dict.fromkeys(SUBTYPES, "flag?"),
    },
    key=("patient_id", "slice_number"),
)
PATIENTS = Table(
    {
        "patient_id": "id",
        "hemorrhage": "flag",
        "n_slices": "int",
        "n_positive_slices": "int?",
        "age_years": "float",
        "sex": "text?",
        "spacing_mm": "float",
    },
    key=("patient_id",),
)
