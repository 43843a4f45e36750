"""Label rows that name a DICOM image by its SOPInstanceUID, which stands in its header alone."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pydicom

from ctseq.readers.contents import LABELS
from ctseq.readers.dicom.headers import Header
from ctseq.readers.names import image_path

_IMAGE = list(LABELS).index("image")
_UID = re.compile(r"[0-9]+(?:\.[0-9]+){3,}")


def with_paths(
    rows: Iterable[tuple[Any, ...]], folder: str | Path, headers: Sequence[Header]
) -> Iterator[tuple[Any, ...]]:
    """Yield label rows, those that name an image by its SOPInstanceUID with the image's path.

    Files whose names are these identifiers are found by their names. Only for others are the
    headers read once more: to keep the identifier of every file would take memory, for few tables.
    """
    rows = list(rows)
    wanted = {row[_IMAGE] for row in rows if _UID.fullmatch(row[_IMAGE])}
    if wanted:
        wanted -= {image_path(header.path).rpartition("/")[2] for header in headers}
    paths = _paths_of(wanted, Path(folder), headers) if wanted else {}
    for row in rows:
        image = row[_IMAGE]
        yield (*row[:_IMAGE], paths.get(image, image), *row[_IMAGE + 1 :])


def _paths_of(wanted: set[str], folder: Path, headers: Sequence[Header]) -> dict[str, str]:
    paths: dict[str, str] = {}
    for header in headers:
        tags = ["SOPInstanceUID"]
        image = pydicom.dcmread(
            folder / header.path, stop_before_pixels=True, specific_tags=tags, force=True
        )
        uid = str(image.get("SOPInstanceUID") or "").strip()
        if uid in wanted:
            # Of two files with one identifier, which are copies, the first one is used.
            paths.setdefault(uid, header.path)
    return paths
