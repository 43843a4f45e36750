"""The columns of the tables that a training writes beside its scores."""

from ctseq.core.tables import Table

# "Validation" is who chooses the epoch: the validation patients or, held out, training patients.
HISTORY = Table(
    {
        "peak_rate": "float",
        "epoch": "int",
        "train_loss": "float",
        "validation_loss": "float",
        "validation_accuracy": "float",
        "learning_rate": "float",
        "images_per_second": "float",
        "kept": "flag",
    },
    key=("peak_rate", "epoch"),
)
# How a head weighs a validation patient's slices; no rows where it has no weights.
ATTENTION = Table(
    {"patient_id": "id", "slice_number": "int", "weight": "float"},
    key=("patient_id", "slice_number"),
)
