"""The separator of a table is told by its first line, whatever is quoted there."""

import pytest

from ctseq.readers.labels.cells import open_cells


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\n", " \r\n", "sep={}\n"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_cells_are_told_apart(separator, start, quote, tmp_path):
    lines = [["patient_id", "a note, or; two", "label"], ["p1", "", "1"]]
    if not quote:
        lines[0][1] = "note"
    rows = (separator.join(f"{quote}{cell}{quote}" for cell in line) for line in lines)
    (tmp_path / "labels.csv").write_text(start.format(separator) + "\n".join(rows), newline="")
    with open_cells(tmp_path / "labels.csv") as (header, cells):
        (row,) = cells
    assert (header[0], header[2], row[1]) == ("patientid", "label", ["p1", "", "1"])
