"""What a reader finds, as tables of files and slices in one order."""

from collections.abc import Iterable

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.readers.contents import FILES, SLICES, File, frame
from ctseq.readers.names import patient_keys


def files_and_slices(found: Iterable[File]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return tables of the files and of the slices, sorted by the patient's canonical `key`."""
    found = list(found)
    files = frame([file[:-1] for file in found], FILES)
    held = (
        (file.scan_id, file.patient_id, *slice_, file.path)
        for file in found
        for slice_ in file.slices
    )
    slices = frame(held, SLICES)
    # By canonical keys, as labels find them: `49-1` may be a scan of `049`, too.
    owners = slices.drop_duplicates(["scan_id", "patient_id"])
    owners = owners.assign(
        scan=patient_keys(owners["scan_id"]), key=patient_keys(owners["patient_id"])
    )
    owners = owners.drop_duplicates(["scan", "key"])
    for scan_id in owners.loc[owners.duplicated("scan"), "scan_id"]:
        raise InputError(
            f"{scan_id} is a patient, and the name of a scan of another one, whose scans are "
            "numbered: rename the patient's folder."
        )
    order = ["slice_number", "kind", "path"]
    return _by_scan(files, order), _by_scan(slices, ["rank", "path"])


def _by_scan(rows: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """Add the canonical key of each row's patient; sort by it, the scan's number and `order`."""
    # The second scan before the tenth, whose name is longer.
    rows = rows.assign(key=patient_keys(rows["patient_id"]), length=rows["scan_id"].str.len())
    order = ["key", "patient_id", "length", "scan_id", *order]
    rows = rows.sort_values(order, kind="stable", na_position="first", ignore_index=True)
    return rows.drop(columns="length")
