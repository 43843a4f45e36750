"""The columns of the tables that indexing and selection write."""

from ctseq.core.contracts import Table
from ctseq.readers.subtypes import SUBTYPES

# What the labels say of a slice, as far as they know: `target` is what the dataset is asked for.
LABELLED = {"target": "flag?", "hemorrhage": "flag?", **dict.fromkeys(SUBTYPES, "flag?")}
LABELLED |= {"fracture": "flag?"}

# The tables of an index, which stand beside its format.json.
INDEX = ("inventory", "listing", "problems", "demographics", "series", "masks")
INVENTORY = Table(
    {
        "path": "text",
        "kind": "text",
        "scan_id": "id?",
        "patient_id": "id?",
        "slice_number": "int?",
        "kept": "flag",
        "reason": "text?",
    },
    key=("path",),
)
LISTING = Table(
    {
        "scan_id": "id",
        "patient_id": "id",
        "slice_number": "int",
        "path": "text",
        "kept": "flag",
        "reason": "text?",
        **LABELLED,
        # Where only scans or patients have labels.
        "scan_target": "flag?",
        # Along the body, from the feet up; empty where the files do not tell.
        "position_mm": "float",
        # What is odd about it, such as the gap below it.
        "note": "text?",
    },
    # Two files may claim to be one slice; they are listed, and not kept.
    key=("scan_id", "slice_number", "path"),
)
PROBLEMS = Table(
    {
        "problem": "text",
        "path": "text",
        "row": "int?",
        "scan_id": "id?",
        "patient_id": "id?",
        "slice_number": "int?",
        "detail": "text?",
        "action": "text",
    },
    key=("problem", "path", "row", "scan_id", "patient_id", "slice_number"),
)
# What the files say of each scan: distances between slices and between pixels, how it lies, and the
# description of its series, how that was chosen, and what is odd. Empty where they do not tell.
SERIES = Table(
    {
        "scan_id": "id",
        "patient_id": "id",
        "spacing_mm": "float",
        "row_mm": "float",
        "column_mm": "float",
        "orientation": "text?",
        "description": "text?",
        "choice": "text?",
        "note": "text?",
    },
    key=("scan_id",),
)
# Masks of what was marked on a slice, or on a whole scan: never used as images.
MASKS = Table(
    {"scan_id": "id", "patient_id": "id", "slice_number": "int?", "path": "text"},
    key=("path",),
)
# As in the dataset, which may list patients without a scan, and a patient twice.
DEMOGRAPHICS = Table({"patient_id": "id", "age_years": "float", "sex": "text?"}, key=())
SLICES = Table(
    {
        "scan_id": "id",
        "patient_id": "id",
        "slice_number": "int",
        "path": "text",
        # Empty where only scans have labels, or subtypes are unknown.
        **LABELLED,
        "position_mm": "float",
    },
    key=("scan_id", "slice_number"),
)
SCANS = Table(
    {
        "scan_id": "id",
        "patient_id": "id",
        "target": "flag",
        "n_slices": "int",
        "n_positive_slices": "int?",
        "age_years": "float",
        "sex": "text?",
        "spacing_mm": "float",
        "row_mm": "float",
        "column_mm": "float",
        "orientation": "text?",
        "description": "text?",
        "choice": "text?",
        "note": "text?",
    },
    key=("scan_id",),
)
