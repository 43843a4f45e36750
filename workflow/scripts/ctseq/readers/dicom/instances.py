"""Label rows that name a DICOM image by its SOPInstanceUID, which stands in its header alone."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ctseq.readers.contents import LABELS
from ctseq.readers.dicom.headers import Header, instance_digest
from ctseq.readers.names import image_path

_IMAGE = list(LABELS).index("image")
_UID = re.compile(r"[0-9]+(?:\.[0-9]+){3,}")


def with_paths(
    rows: Iterable[tuple[Any, ...]], headers: Sequence[Header]
) -> Iterator[tuple[Any, ...]]:
    """Yield label rows, those that name an image by its SOPInstanceUID with the image's path.

    A row that names a file whose own name is such an identifier stays as it is.
    """
    names = {image_path(header.path).rpartition("/")[2] for header in headers}
    # Of two files with one identifier, which are copies, the first one is used.
    paths = {header.instance: header.path for header in reversed(headers)}
    for row in rows:
        image = row[_IMAGE]
        if _UID.fullmatch(image) and image not in names:
            image = paths.get(instance_digest(image), image)
        yield (*row[:_IMAGE], image, *row[_IMAGE + 1 :])
