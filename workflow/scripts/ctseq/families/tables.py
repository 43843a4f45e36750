"""The columns of the tables that a training writes beside its scores."""

from ctseq.core.contracts import Table

# `tuning_` columns are of the patients that choose the epoch: held-out training patients or, as the
# paper prints it, the test patients. The loss is over their rows, the accuracy over their scans.
HISTORY = Table(
    {
        # The settings of training that were tried, from 1. A head without hidden layer or state has
        # no size.
        "setting": "int",
        "peak_rate": "float",
        "weight_decay": "float",
        "dropout": "float",
        "size": "int?",
        "epoch": "int",
        "train_loss": "float",
        "tuning_loss": "float",
        "tuning_accuracy": "float",
        "learning_rate": "float",
        "images_per_second": "float",
        "kept": "flag",
    },
    key=("setting", "epoch"),
)
# The weights that an attention head gives the slices of a scan; other heads have no rows.
ATTENTION = Table(
    {"scan_id": "id", "patient_id": "id", "slice_number": "int", "weight": "float"},
    key=("scan_id", "slice_number"),
)
