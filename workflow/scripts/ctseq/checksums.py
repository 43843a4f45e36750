"""A release's own checksums: SHA256SUMS.txt, which PhysioNet puts beside the data."""

import hashlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.datasets.scan import CHECKSUMS
from ctseq.datasets.walk import is_regular
from ctseq.errors import InputError
from ctseq.problems import NOTHING, PATIENT, SLICE, problem

# As sha256sum writes it: digest, a blank, a blank or an asterisk, and the file.
_LINE = re.compile(r"(?P<digest>[0-9a-fA-F]{64})[ \t]+\*?(?:\./)?(?P<path>.+)")


def in_checksums(
    folder: str | Path, files: pd.DataFrame, *, threads: int = 1
) -> Iterator[dict[str, Any]]:
    """Find files that differ from the release's checksums, and ones that are not here.

    Only files of the inventory are ever opened, whatever the list names.

    Parameters
    ----------
    folder
        The dataset's root.
    files
        As `scan.FILES`.
    threads
        How many files are read at a time.

    Raises
    ------
    InputError
        If the list holds a line that is none of it.
    """
    listed = _listed(folder, files)
    if not listed:
        return
    here = files[~files["reason"].isin(["outside", "name"])].set_index("path")

    def digest(path: str) -> str:
        whole = Path(folder) / path
        if not is_regular(whole):
            return ""
        with whole.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()

    known = [path for path in listed if path in here.index]
    with ThreadPoolExecutor(threads) as pool:
        found = dict(zip(known, pool.map(digest, known), strict=True))
    for path, expected in listed.items():
        if path not in found:
            yield problem("missing", NOTHING, path)
        elif found[path] != expected:
            file = here.loc[path]
            of_slices = PATIENT if file["slice_number"] is pd.NA else SLICE
            action = NOTHING if file["reason"] else of_slices
            yield problem("checksum", action, path, file["patient_id"], file["slice_number"])


def _listed(folder: str | Path, files: pd.DataFrame) -> dict[str, str]:
    """Read the list: path to digest."""
    listed = {}
    tables = files.loc[files["kind"] == "table", "path"]
    for name in tables[tables.str.casefold() == CHECKSUMS]:
        text = (Path(folder) / name).read_text(encoding="utf-8", errors="backslashreplace")
        for number, line in enumerate(text.splitlines(), start=1):
            match = _LINE.fullmatch(line.strip("\ufeff \t\r"))
            if match is None and line.strip():
                raise InputError(
                    f"{Path(folder) / name}, row {number}, is no checksum with a file. Copy it "
                    "again from the release, or remove it; it is optional."
                )
            if match:
                listed[match["path"]] = match["digest"].lower()
    return {path: digest for path, digest in listed.items() if path.casefold() != CHECKSUMS}
