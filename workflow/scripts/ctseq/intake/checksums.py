"""A dataset checked by its list of checksums, SHA256SUMS.txt, which PhysioNet puts beside it."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.core.files import file_digest
from ctseq.readers.contents import CHECKSUMS
from ctseq.readers.junk import in_junk
from ctseq.readers.problems import NEVER_OPENED, NOTHING, SCAN, SLICE, problem
from ctseq.readers.walk import is_regular

# As sha256sum writes it: digest, a blank, a blank or an asterisk, and the file.
_LINE = re.compile(r"(?P<digest>[0-9a-fA-F]{64})[ \t]+\*?(?:\./)?(?P<path>.+)")


def checksum_problems(
    folder: str | Path, files: pd.DataFrame, *, threads: int = 1
) -> Iterator[dict[str, Any]]:
    """Find files that differ from the dataset's checksums, and listed ones that are missing.

    Only files of the table `files`, as `contents.FILES`, are opened, whatever the list names.

    Raises
    ------
    InputError
        If a line of the list is no checksum with a file.
    """
    tables = files.loc[files["kind"] == "table", "path"]
    lists = [Path(folder) / path for path in tables if path.casefold() == CHECKSUMS]
    listed = [line for path in lists for line in _listed(path)]
    here = files[files["path"].isin([path for path, _ in listed])]
    here = here[~here["reason"].isin(NEVER_OPENED)].set_index("path")
    with ThreadPoolExecutor(threads) as pool:
        digests = pool.map(partial(_digest, folder), here.index)
        found = dict(zip(here.index, digests, strict=True))
    # A file may be listed twice.
    for path in dict.fromkeys(path for path, digest in listed if found.get(path) != digest):
        if path not in found:
            if in_junk(path):  # such as what .git holds, which is not listed file by file
                continue
            yield problem("missing", NOTHING, path)
            continue
        file = here.loc[path]
        of_slices = SCAN if file["slice_number"] is pd.NA else SLICE
        action = NOTHING if file["reason"] else of_slices
        scan = (file["patient_id"], file["slice_number"])
        yield problem("checksum", action, path, *scan, scan_id=file["scan_id"])


def _digest(folder: str | Path, path: str) -> str:
    file = Path(folder) / path
    return file_digest(file) if is_regular(file) else ""


def _listed(path: Path) -> Iterator[tuple[str, str]]:
    """Yield path and digest of each file in a list, except of the list itself."""
    with path.open(encoding="utf-8", errors="backslashreplace") as text:
        for number, line in enumerate(text, start=1):
            match = _LINE.fullmatch(line.strip("\ufeff \t\r\n"))
            if match is None and line.strip():
                raise InputError(
                    f"{path}, row {number}, is no checksum with a file. Copy it again from the "
                    "release, or remove it; it is optional."
                )
            if match and match["path"].casefold() != CHECKSUMS:
                yield match["path"], match["digest"].lower()
