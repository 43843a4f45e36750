"""Which column of a plain label table is what: by its title, or because `columns` names it."""

from collections.abc import Sequence
from dataclasses import dataclass

from ctseq.readers.labels.columns import WHOSE, Columns
from ctseq.readers.labels.titles import (
    IMAGE,
    PATIENT,
    SCAN,
    SLICE,
    WEAK_PATIENT,
    column_of,
    flag_columns,
)
from ctseq.readers.subtypes import SUBTYPES, flag_of

TITLES_OF = {"scan": SCAN, "patient": PATIENT, "slice": SLICE, "image": IMAGE}


@dataclass(frozen=True)
class Layout:
    """The columns of a plain table, by their index.

    Attributes
    ----------
    header
        The bare titles.
    kind
        What a row is about: a ``patient``, ``scan``, ``slice`` or ``image``; empty if it does not
        say, or does not know the target.
    whose
        The columns that name it, by what they name.
    flags
        The columns of flags, by flag.
    asked
        The flag that `positive` and `negative` of `columns` are about: the target's.
    """

    header: Sequence[str]
    kind: str
    whose: dict[str, int]
    flags: dict[str, int]
    asked: str


def layout_of(header: Sequence[str], target: str, columns: Columns) -> Layout:
    """Return which column of a header, of bare titles, is what; those named must be there."""
    header, asked = list(header), flag_of(target)
    whose = {name: columns.at(name, header) for name in WHOSE}
    label = columns.at("label", header)
    if not columns.name_rows:
        whose = {name: column_of(header, titles) for name, titles in TITLES_OF.items()}
    whose = {name: at for name, at in whose.items() if at is not None and at != label}
    flags = flag_columns(header, target)
    if label is not None:
        flags = {name: at for name, at in flags.items() if at != label} | {asked: label}
    if columns.name_rows:
        flags = {name: at for name, at in flags.items() if at not in whose.values()}
    known = {"hemorrhage", "target", target} & {*flags} or {*SUBTYPES} <= {*flags}
    kind = _kind(whose) if known else ""
    weak = "patient" in whose and header[whose["patient"]] in WEAK_PATIENT
    if kind == "image" and weak and not columns.name_rows:
        del whose["patient"]  # rather the row's number
    return Layout(header, kind, whose, flags, asked)


def _kind(whose: dict[str, int]) -> str:
    owners = [name for name in ("scan", "patient") if name in whose]
    if owners and "slice" in whose:
        return "slice"
    return "image" if "image" in whose else owners[0] if owners else ""
