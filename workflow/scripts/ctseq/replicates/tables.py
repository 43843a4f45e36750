"""The columns of a replicate's tables."""

from ctseq.core.contracts import Table

SPLIT = Table({"patient_id": "id", "subset": "text"}, key=("patient_id",))
# A row a slice or, of models that see whole sequences, a patient. Subset `test` are the test
# patients; `held_out` are training patients, scored by a model that did not learn from them.
SCORES = Table(
    {"patient_id": "id", "slice_number": "int?", "subset": "text", "probability": "float"},
    key=("patient_id", "slice_number", "subset"),
)
PREDICTIONS = Table(
    {"patient_id": "id", "hemorrhage": "flag", "probability": "float", "predicted": "flag"},
    key=("patient_id",),
)
SLICE_PREDICTIONS = Table(
    {
        "patient_id": "id",
        "slice_number": "int",
        "hemorrhage": "flag?",
        "probability": "float",
        "predicted": "flag",
    },
    key=("patient_id", "slice_number"),
)
