"""The columns of a replicate's tables."""

from ctseq.core.contracts import Table

SPLIT = Table({"patient_id": "id", "subset": "text"}, key=("patient_id",))
# A row a slice or, of models that see whole sequences, a scan. Subset `test` are scans of the test
# patients; `held_out` are those of training patients, scored by a model that did not learn from
# them.
SCORES = Table(
    {
        "scan_id": "id",
        "patient_id": "id",
        "slice_number": "int?",
        "subset": "text",
        "probability": "float",
    },
    key=("scan_id", "slice_number", "subset"),
)
PREDICTIONS = Table(
    {
        "scan_id": "id",
        "patient_id": "id",
        "target": "flag",
        "probability": "float",
        "predicted": "flag",
    },
    key=("scan_id",),
)
SLICE_PREDICTIONS = Table(
    {
        "scan_id": "id",
        "patient_id": "id",
        "slice_number": "int",
        "target": "flag?",
        "probability": "float",
        "predicted": "flag",
    },
    key=("scan_id", "slice_number"),
)
