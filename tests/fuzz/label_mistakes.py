"""Mistakes in label tables, and what must, or may, be left out for each."""

import re
from dataclasses import replace

from hypothesis import strategies as st

from fuzz.dicom_trees import pick
from fuzz.written import DOUBTFUL, PROBLEM, REFUSABLE, SPOILED

# The folder that a file lies in, and what follows.
_PARENT = re.compile(r"[^/\\]+([/\\][^/\\]+)$")
_FILE = re.compile(r"[^/\\]+$")


def _blamed(written, row, labels_of, state, left):
    """Return the dataset in which a row's slice, or its scans, may or must be left out.

    `left` are the rows that still say what slices hold: that of an image's copy may.
    """
    if labels_of == "slice":
        silent = {*row.slices}.difference(*(other.slices for other in left))
        written = replace(written, unlabelled=written.unlabelled | silent)
    for index in row.scans:
        scan = written.scans[index]
        if labels_of == "slice":
            lost = scan.losable | ({*row.slices} & {*scan.slices})
            doubt = {"state": DOUBTFUL} if scan.positive else {}
            written = written.with_scan(index, losable=lost, **doubt)
        else:
            written = written.with_scan(index, state=state)
    return written


def _taken(draw, rows):
    """Draw a row, and return it and those that are left."""
    row = pick(draw, rows)
    return row, [other for other in rows if other is not row]


def missing_row(draw, written, rows, labels_of):
    row, left = _taken(draw, rows)
    written = _blamed(written, row, labels_of, SPOILED, left).with_trait("a row missing", PROBLEM)
    for index in row.scans if labels_of != "slice" else ():
        written = written.with_scan(index, named=False)
    # A folder without a label may be the rest of another one's scan, if both are one patient's.
    patients = {written.scans[index].patient for index in row.scans}
    for index in (n for n, scan in enumerate(written.scans) if scan.patient in patients):
        written = written.with_scan(index, state=DOUBTFUL)
    return written, left, []


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
    written = _blamed(written, row, labels_of, state, rows)
    # A row alone may say that a damaged image is positive, and nobody knows of which scan it is.
    cut = any(trait.startswith("cut ") for trait in written.traits)
    of_images = "image table" in written.traits
    unknown = cut and of_images and again.positive and not row.positive
    written = written.with_trait("two rows", REFUSABLE if unknown else PROBLEM)
    return written, [*rows, again], []


def bad_cell(draw, written, rows, labels_of):
    row, left = _taken(draw, rows)
    cell = pick(draw, ("?", "0.9", "maybe", "", "=1+0", "-1"))
    written = _blamed(written, row, labels_of, SPOILED, left).with_trait(f"cell {cell!r}", PROBLEM)
    return written, left, [[*row.names, cell]]


def classes(draw, written, rows, labels_of):
    """Write classes of 0 to 4, which have to be refused or left out."""
    row, left = _taken(draw, rows)
    written = _blamed(written, row, labels_of, SPOILED, left)
    return written.with_trait("several classes", REFUSABLE), left, [[*row.names, "3"]]


def of_another_folder(draw, written, rows, labels_of):
    """Let a row of images name a folder that is not here, though the file's name is."""
    if _kind(written) != "image" or not _PARENT.search(rows[0].names[0]):
        return note_row(draw, written, rows, labels_of)
    row, left = _taken(draw, rows)
    written = _blamed(written, row, labels_of, SPOILED, left)
    wrong = _PARENT.sub(r"p99\1", row.names[0])
    return written.with_trait("another folder", PROBLEM), left, [[wrong, "1"]]


MISTAKES = (missing_row, extra_row, note_row, two_rows, bad_cell, classes, of_another_folder)
