"""The columns of the tables that a training writes beside its scores."""

from ctseq.core.contracts import Table

# "Tuning" rows choose the epoch: those of the test patients or held-out training patients.
HISTORY = Table(
    {
        "peak_rate": "float",
        "epoch": "int",
        "train_loss": "float",
        "tuning_loss": "float",
        "tuning_accuracy": "float",
        "learning_rate": "float",
        "images_per_second": "float",
        "kept": "flag",
    },
    key=("peak_rate", "epoch"),
)
# How a head weighs a test patient's slices; no rows where it has no weights.
ATTENTION = Table(
    {"patient_id": "id", "slice_number": "int", "weight": "float"},
    key=("patient_id", "slice_number"),
)
