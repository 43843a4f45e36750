"""Mistakes in label tables, and what must, or may, be left out for each."""

import re
from dataclasses import replace

from hypothesis import strategies as st

from fuzz.dicom_trees import pick
from fuzz.written import DOUBTFUL, PROBLEM, REFUSABLE, SPOILED

# The folder that a file lies in, and what follows.
_PARENT = re.compile(r"[^/\\]+([/\\][^/\\]+)$")
_FILE = re.compile(r"[^/\\]+$")


def _blamed(written, row, labels_of, state, *, told=False):
    """Return the dataset in which a row's slice, or its scans, may or must be left out.

    `told` is whether the table still says what the slice may hold.
    """
    if labels_of == "slice" and not told:
        written = replace(written, unlabelled=written.unlabelled | {*row.slices})
    for index in row.scans:
        scan = written.scans[index]
        if labels_of == "slice":
            lost = scan.losable | ({*row.slices} & {*scan.slices})
            doubt = {"state": DOUBTFUL} if scan.positive else {}
            written = written.with_scan(index, losable=lost, **doubt)
        else:
            written = written.with_scan(index, state=state)
    return written


def missing_row(draw, written, rows, labels_of):
    row = pick(draw, rows)
    written = _blamed(written, row, labels_of, SPOILED).with_trait("a row missing", PROBLEM)
    for index in row.scans if labels_of != "slice" else ():
        written = written.with_scan(index, named=False)
    # A folder without a label may be the rest of another one's scan, if both are one patient's.
    patients = {written.scans[index].patient for index in row.scans}
    for index in (n for n, scan in enumerate(written.scans) if scan.patient in patients):
        written = written.with_scan(index, state=DOUBTFUL)
    return written, [other for other in rows if other is not row], []


def extra_row(draw, written, rows, labels_of):
    names = {"patient": ["p99"], "study": ["1.2.99"]}.get(_kind(written), ["p99", "1"])
    if _kind(written) == "image":
        names = [_FILE.sub(r"x_77.png", _PARENT.sub(r"p99\1", rows[0].names[0]))]
    return written.with_trait("a row more", PROBLEM), rows, [[*names, "1"]]


def _kind(written):
    kinds = [trait for trait in written.traits if trait.endswith(" table")]
    return kinds[-1].removesuffix(" table")


def note_row(draw, written, rows, labels_of):
    return written.with_trait("a note", PROBLEM), rows, [["0 = none, 1 = bleed"]]


def two_rows(draw, written, rows, labels_of):
    row = pick(draw, rows)
    again = replace(row, positive=not row.positive if draw(st.booleans()) else row.positive)
    state = DOUBTFUL if again == row else SPOILED
    for index in row.scans if again.positive else ():  # what one of them claims may be missed
        written = written.with_scan(index, state=DOUBTFUL)
    written = _blamed(written, row, labels_of, state, told=True)
    # A row alone may say that a damaged image is positive, and nobody knows of which scan it is.
    cut = any(trait.startswith("cut ") for trait in written.traits)
    of_images = "image table" in written.traits
    unknown = cut and of_images and again.positive and not row.positive
    written = written.with_trait("two rows", REFUSABLE if unknown else PROBLEM)
    return written, [*rows, again], []


def bad_cell(draw, written, rows, labels_of):
    row = pick(draw, rows)
    cell = pick(draw, ("?", "0.9", "maybe", "", "=1+0", "-1"))
    written = _blamed(written, row, labels_of, SPOILED).with_trait(f"cell {cell!r}", PROBLEM)
    return written, [other for other in rows if other is not row], [[*row.names, cell]]


def classes(draw, written, rows, labels_of):
    """Write classes of 0 to 4, which have to be refused or left out."""
    row = pick(draw, rows)
    written = _blamed(written, row, labels_of, SPOILED).with_trait("several classes", REFUSABLE)
    return written, [other for other in rows if other is not row], [[*row.names, "3"]]


def of_another_folder(draw, written, rows, labels_of):
    """Let a row of images name a folder that is not here, though the file's name is."""
    if _kind(written) != "image" or not _PARENT.search(rows[0].names[0]):
        return note_row(draw, written, rows, labels_of)
    row = pick(draw, rows)
    written = _blamed(written, row, labels_of, SPOILED).with_trait("another folder", PROBLEM)
    wrong = _PARENT.sub(r"p99\1", row.names[0])
    return written, [other for other in rows if other is not row], [[wrong, "1"]]


MISTAKES = (missing_row, extra_row, note_row, two_rows, bad_cell, classes, of_another_folder)
