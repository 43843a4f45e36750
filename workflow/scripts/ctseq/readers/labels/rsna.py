"""RSNA 2019's label table, ``stage_2_train.csv``: a row for each image and subtype."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from ctseq.readers.labels.cells import Row, flag
from ctseq.readers.subtypes import SUBTYPES

_NAME = re.compile(rf"(?P<image>.+)_(?P<name>any|{'|'.join(SUBTYPES)})")


def is_rsna(header: list[str], first: Row | None) -> bool | None:
    """Tell by header and first row whether a table is RSNA 2019's; None of a sample submission.

    That one looks the same, with probabilities.
    """
    if header != ["id", "label"] or not first or not _NAME.fullmatch(first[1][0]):
        return False
    return True if flag(first[1][1]) is not pd.NA else None


def read_rsna(header: list[str], rows: Iterable[Row], target: str) -> Iterator[dict[str, Any]]:
    """Read one row for each image and subtype; the file repeats some, without contradiction."""
    # Image to its row, what is wrong with it, and its flags, in a list: there are a million.
    images: dict[str, list[Any]] = {}
    names = ("hemorrhage", *SUBTYPES)
    for number, cells in rows:
        match = _NAME.fullmatch(cells[0])
        if match is None:  # no image has that name: the row is one without an image
            yield {"row": number, "image": cells[0] or "a row without ID"}
            continue
        found = images.setdefault(match["image"], [number, "", *[None] * len(names)])
        index = 2 + names.index(match["name"].replace("any", "hemorrhage"))
        value = flag(cells[1])
        if value is pd.NA:
            found[1] = found[1] or f"{match['name']} is {cells[1]!r}"
        elif found[index] is None:
            found[index] = value
        elif found[index] != value:
            found[1] = found[1] or f"{match['name']} is 0 and 1"
    for image, (row, invalid, *flags) in images.items():
        known = {name: value for name, value in zip(names, flags, strict=True) if value is not None}
        missing = [name.replace("hemorrhage", "any") for name in names if name not in known]
        invalid = invalid or (f"lacks {', '.join(missing)}" if missing else "")
        yield {"image": image, "row": row, "invalid": invalid} | known
