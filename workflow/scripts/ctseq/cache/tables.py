"""The columns of the table that says which slice or patient each cached row is."""

from ctseq.core.contracts import Table

ROWS = Table({"patient_id": "id", "slice_number": "int?"}, key=("patient_id", "slice_number"))
