"""A release's own checksums: SHA256SUMS.txt, which PhysioNet puts beside the data."""

import hashlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.intake.catalogue import Catalogue
from ctseq.readers.problems import NOTHING, PATIENT, SLICE, problem
from ctseq.readers.scan import CHECKSUMS
from ctseq.readers.walk import is_regular

# As sha256sum writes it: digest, a blank, a blank or an asterisk, and the file.
_LINE = re.compile(r"(?P<digest>[0-9a-fA-F]{64})[ \t]+\*?(?:\./)?(?P<path>.+)")
# As many as are looked for in one question.
_LINES_AT_A_TIME = 1_000


def in_checksums(
    folder: str | Path, catalogue: Catalogue, *, threads: int = 1
) -> Iterator[dict[str, Any]]:
    """Find files that differ from the release's checksums, and ones that are not here.

    Only files of the catalogue are ever opened, whatever the list names.

    Parameters
    ----------
    folder
        The dataset's root.
    catalogue
        Of the dataset's files.
    threads
        How many files are read at a time.

    Raises
    ------
    InputError
        If the list holds a line that is none of it.
    """
    lists = [path for path in catalogue.tables() if path.casefold() == CHECKSUMS]
    lines = chain.from_iterable(_listed(Path(folder) / path) for path in lists)
    wrong = set()  # a file may be listed twice
    with ThreadPoolExecutor(threads) as pool:
        for some in iter(lambda: list(islice(lines, _LINES_AT_A_TIME)), []):
            here = catalogue.find([path for path, _ in some])
            here = here[~here["reason"].isin(["outside", "name"])].set_index("path")
            found = dict(
                zip(here.index, pool.map(partial(_digest, folder), here.index), strict=True)
            )
            for path, expected in some:
                if path in wrong or found.get(path) == expected:
                    continue
                wrong.add(path)
                if path not in found:
                    yield problem("missing", NOTHING, path)
                else:
                    file = here.loc[path]
                    of_slices = PATIENT if file["slice_number"] is pd.NA else SLICE
                    action = NOTHING if file["reason"] else of_slices
                    yield problem(
                        "checksum", action, path, file["patient_id"], file["slice_number"]
                    )


def _digest(folder: str | Path, path: str) -> str:
    whole = Path(folder) / path
    if not is_regular(whole):
        return ""
    with whole.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _listed(path: Path) -> Iterator[tuple[str, str]]:
    """Read a list: path and digest of each file but itself."""
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
