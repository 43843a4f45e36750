"""The columns of the table that says which slice or scan each cached row is."""

from ctseq.core.contracts import Table

ROWS = Table(
    {"scan_id": "id", "patient_id": "id", "slice_number": "int?"},
    key=("scan_id", "slice_number"),
)
