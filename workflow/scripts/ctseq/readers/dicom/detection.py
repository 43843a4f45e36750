"""Which files are DICOM: those with its mark, and bare data sets, without mark or preamble."""

import re
import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from ctseq.core.errors import InputError
from ctseq.readers.walk import is_regular

# Enough for what tells a data set: files begin with their kind, which takes some hundred bytes.
_HEAD_BYTES = 1024
_PREAMBLE_BYTES, _MARK = 128, b"DICM"
_MARKED = _PREAMBLE_BYTES + len(_MARK)
# The group of the file's own description, which is explicit whatever follows, and the data set's.
_META = 0x2
_FIRST_GROUPS = (_META, 0x8)
# Value representations, as explicit data sets name them; lengths of the second ones have 4 bytes.
_SHORT = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_LONGEST_HEADER = 12  # bytes of an element before its value
_ENDLESS = 0xFFFFFFFF  # the length of a sequence that does not tell it
_UID, _WORDS = rb"[0-2]\.[0-9.]+[\0 ]?", rb"[A-Z]{2,16} ?"
# What no other file begins with, by tag: the kind of object, its id, transfer syntax, modality.
_TELLING = {
    **dict.fromkeys([(0x2, 0x2), (0x2, 0x3), (0x2, 0x10), (0x8, 0x16), (0x8, 0x18)], _UID),
    (0x8, 0x60): _WORDS,
    (0x8, 0x8): rb"(?:ORIGINAL|DERIVED)\\[A-Z0-9 _\\]*",
}


def is_dicom(path: Path) -> bool:
    """Tell whether a file has DICOM's mark, ``DICM`` after 128 bytes, or is a bare data set."""
    return _start(path) is not None


def read_dataset(path: Path, **options: Any) -> pydicom.FileDataset:
    """Return a decoded DICOM file, with or without mark and preamble.

    `options` are those of `pydicom.dcmread`. The transfer syntax of a file that does not tell its
    own is that by which it could be parsed.

    Raises
    ------
    InputError
        If its pixels are compressed, and it does not tell how.
    """
    start = _start(path)
    if start in (None, 0, _MARKED):  # where pydicom looks itself
        dataset = pydicom.dcmread(path, force=start == 0, **options)
    else:
        dataset = pydicom.dcmread(BytesIO(path.read_bytes()[start:]), force=True, **options)
    if "TransferSyntaxUID" not in dataset.file_meta:
        if "PixelData" in dataset and dataset["PixelData"].is_undefined_length:
            raise InputError("its pixels are compressed, and it does not tell how.")
        implicit, little = dataset.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit
    return dataset


def begins_data_set(head: bytes, size: int) -> bool:
    """Tell whether bytes are the start of a data set of `size` bytes, little-endian.

    Its tags rise from group 0002 or 0008, no value is longer than the rest, and one of those in
    `head` tells what it is. Sequences of unknown length end the search: what tells comes first.
    """
    return any(_tells(head, size, explicit=explicit) for explicit in (True, False))


def _start(path: Path) -> int | None:
    """Return at which byte a file's data set begins, behind preamble and mark if it has them."""
    if not is_regular(path):
        return None
    with path.open("rb") as content:
        head = content.read(_HEAD_BYTES)
    if head[_PREAMBLE_BYTES:_MARKED] == _MARK:
        return _MARKED
    size = path.stat().st_size
    starts = (0, _PREAMBLE_BYTES, *[len(_MARK)] * head.startswith(_MARK))
    return next((at for at in starts if begins_data_set(head[at:], size - at)), None)


def _tells(head: bytes, size: int, *, explicit: bool) -> bool:
    at, last = 0, (0, 0)
    while at + _LONGEST_HEADER <= len(head):
        tag = struct.unpack_from("<HH", head, at)
        begin, length = _value(head, at, explicit=explicit or tag[0] == _META)
        rises = tag > last and (at or tag[0] in _FIRST_GROUPS)
        if not rises or begin + length > size:
            return False
        if tag in _TELLING and re.fullmatch(_TELLING[tag], head[begin : begin + length]):
            return True
        at, last = begin + length, tag
    return False


def _value(head: bytes, at: int, *, explicit: bool) -> tuple[int, int]:
    """Return where the value of the element at a byte begins, and its length; endless if none."""
    if not explicit:
        return at + 8, *struct.unpack_from("<I", head, at + 4)
    kind = head[at + 4 : at + 6]
    if kind in _SHORT:
        return at + 8, *struct.unpack_from("<H", head, at + 6)
    if kind in _LONG:
        return at + 12, *struct.unpack_from("<I", head, at + 8)
    return at, _ENDLESS
