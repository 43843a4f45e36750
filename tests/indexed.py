"""Indexing and selecting in one call each, with whole tables, as the scripts do it in parts."""

import tempfile
from pathlib import Path

import pandas as pd

from ctseq.core.tables import typed
from ctseq.intake.catalogue import open_catalogue
from ctseq.intake.index import index_dataset as index_in_parts
from ctseq.intake.selection import Selection
from ctseq.intake.tables import INVENTORY, LISTING, PROBLEMS
from ctseq.readers.scan import FILES, SLICES, frame


def list_files(reader, folder):
    """Give what a reader finds, as `scan.FILES`, in no special order."""
    return frame([file[:-1] for file in reader.scan(folder).files], FILES)


def list_slices(reader, folder):
    """Give the slices that a reader finds, as `scan.SLICES`: patients by id, slices by place."""
    rows = [
        (file.patient_id, place, number, file.path)
        for file in reader.scan(folder).files
        for number, place in file.slices
    ]
    return frame(sorted(rows), {"patient_id": "str", "place": "int64"} | SLICES)[list(SLICES)]


def index_dataset(folder, reader, **options):
    """Give inventory, listing and problems of a dataset."""
    with tempfile.TemporaryDirectory() as scratch, open_catalogue(Path(scratch, "x")) as catalogue:
        index = index_in_parts(folder, reader, catalogue, **options)
        files, slices = zip(*index.parts(), strict=True)
        return (
            pd.concat([typed([], INVENTORY), *files], ignore_index=True),
            pd.concat([typed([], LISTING), *slices], ignore_index=True),
            typed(index.problems, PROBLEMS),
        )


def select_slices(inventory, listing, demographics):
    """Give slices, patients and summary of a study."""
    selection = Selection(demographics)
    selection.account(inventory)
    slices, patients = selection.take(listing)
    return slices.reset_index(drop=True), patients, selection.summary()
