"""CQ500's label table, ``reads.csv``: a row for each patient, with three readers."""

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from ctseq.readers.labels.cells import Row, flag
from ctseq.readers.labels.spelling import bare_title
from ctseq.readers.labels.titles import SHORT
from ctseq.readers.names import folder_text
from ctseq.readers.subtypes import TARGETS, deciding_flags

_READERS = ("r1", "r2", "r3")
# What CQ500's readers call a target.
_TITLES = {"hemorrhage": "ich", **SHORT}


def is_cq500(header: list[str]) -> bool:
    """Tell by its header whether a table is CQ500's."""
    return {"name", *(f"{reader}ich" for reader in _READERS)} <= set(header)


def knows(header: list[str], target: str) -> bool:
    """Tell whether CQ500's readers say something of a target that is none of `TARGETS`."""
    return f"{_READERS[0]}{bare_title(target)}" in header


def read_cq500(header: list[str], rows: Iterable[Row], target: str) -> Iterator[dict[str, Any]]:
    """Read one row for each patient, positive if two of the three readers say so."""
    asked = dict.fromkeys(["hemorrhage", target if target in TARGETS else "target"])
    titles = {name: _TITLES.get(name, bare_title(target)) for name in asked}
    columns = {
        name: [header.index(reader + title) for reader in _READERS]
        for name, title in titles.items()
        if {reader + title for reader in _READERS} <= {*header}
    }
    for number, cells in rows:
        votes = {name: [cells[at] for at in own] for name, own in columns.items()}
        flags = {name: [flag(vote) for vote in own] for name, own in votes.items()}
        wrong = [name for name, own in flags.items() if any(vote is pd.NA for vote in own)]
        yield {
            "row": number,
            "patient_id": folder_text(cells[header.index("name")]),
            **{name: int(sum(own) >= 2) for name, own in flags.items() if name not in wrong},
            "invalid": "; ".join(
                f"R1 to R3:{titles[name].upper()} are {', '.join(map(repr, votes[name]))}"
                for name in wrong
                if name in deciding_flags(target)
            ),
        }
