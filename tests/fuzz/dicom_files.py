"""DICOM files written byte by byte, so that what pydicom reads is not what pydicom wrote."""

import struct
import zlib
from dataclasses import dataclass
from functools import cache

import numpy as np
from pydicom.datadict import dictionary_VR, tag_for_keyword

from fuzz.written import OUTSIDE

# Name of a transfer syntax to its identifier, whether it names kinds, and its order of bytes.
SYNTAXES = {
    "explicit": ("1.2.840.10008.1.2.1", True, "<"),
    "implicit": ("1.2.840.10008.1.2", False, "<"),
    "big": ("1.2.840.10008.1.2.2", True, ">"),
    "deflated": ("1.2.840.10008.1.2.1.99", True, "<"),
    "rle": ("1.2.840.10008.1.2.5", True, "<"),
}
_LONG = {"OB", "OW", "SQ", "UN", "UT"}
_NUMBERS = {"US": "H", "SS": "h", "UL": "I"}


@dataclass(frozen=True)
class Style:
    """How Hounsfield units are stored.

    Attributes
    ----------
    slope, intercept
        By which stored values become Hounsfield units; `told` are those that the header tells.
    added
        What stored values have too much, though the header does not say so.
    padding
        What the corners, which lie outside a round field of view, are read as.
    wrapped
        Whether negative values were stored modulo two to the power of the bits.
    inverted
        Whether high values are stored as low ones.
    """

    signed: bool = True
    bits: int = 16
    slope: float = 1
    intercept: float = 0
    told: tuple[float | None, float | None] | None = None
    added: int = 0
    padding: int | None = None
    wrapped: bool = False
    inverted: bool = False
    photometric: str = "MONOCHROME2"

    def truth(self, hu):
        """Return what must be read of Hounsfield units that are stored in this style."""
        return hu if self.padding is None else np.where(_corners(hu.shape), OUTSIDE, hu)

    def stored(self, hu):
        """Return the stored values, uint16."""
        values = (hu + self.added - self.intercept) / self.slope
        if self.padding is not None:
            padding = (self.padding - self.intercept) / self.slope
            values = np.where(_corners(hu.shape), padding, values)
        values = np.round(values).astype(np.int64)
        if self.wrapped:
            values %= 2**self.bits
        if self.inverted:
            values = (-1 if self.signed else 2**self.bits - 1) - values
        return (values & 0xFFFF).astype(np.uint16)

    def tags(self):
        """Return the part of the header that describes it."""
        slope, intercept = self.told or (self.slope, self.intercept)
        tags = {
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": self.photometric,
            "BitsAllocated": 16,
            "BitsStored": self.bits,
            "HighBit": self.bits - 1,
            "PixelRepresentation": int(self.signed),
            "RescaleSlope": slope,
            "RescaleIntercept": intercept,
        }
        if self.padding is not None:
            padding = round((self.padding - self.intercept) / self.slope)
            tags["PixelPaddingValue"] = padding & 0xFFFF
        return tags


def dicom_file(tags, frames=(), *, syntax="explicit", mark=True):
    """Return the bytes of a file: keywords with their values, and frames of uint16.

    Keywords whose value is None are left out. Without mark, it is a bare data set.
    """
    uid, explicit, order = SYNTAXES[syntax]
    body = _data_set(tags, explicit, order)
    if len(frames):
        body += _pixel_data(frames, explicit, order, packed=syntax == "rle")
    if syntax == "deflated":
        deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        body = deflate.compress(body) + deflate.flush()
        body += b"\0" * (len(body) % 2)
    if not mark:
        return body
    meta = {
        "MediaStorageSOPClassUID": tags.get("SOPClassUID") or "1.2.840.10008.5.1.4.1.1.2",
        "MediaStorageSOPInstanceUID": tags.get("SOPInstanceUID") or "1.2.3",
        "TransferSyntaxUID": uid,
        "ImplementationClassUID": "1.2.3.4",
    }
    meta = _data_set({"FileMetaInformationVersion": b"\0\1"} | meta, True, "<")
    length = _data_set({"FileMetaInformationGroupLength": len(meta)}, True, "<")
    return bytes(128) + b"DICM" + length + meta + body


def _corners(shape):
    # Two pixels along each side of each corner: rows and columns there are air in every head.
    rows, columns = np.indices(shape)
    near = np.minimum(rows, shape[0] - 1 - rows) + np.minimum(columns, shape[1] - 1 - columns)
    return near < 2


@cache
def _known(keyword):
    tag = tag_for_keyword(keyword)
    kind = dictionary_VR(tag)
    return tag, "US" if kind == "US or SS" else kind


def _data_set(tags, explicit, order):
    known = sorted(
        (*_known(keyword), value) for keyword, value in tags.items() if value is not None
    )
    return b"".join(
        _element(tag, kind, _value(kind, value, explicit, order), explicit, order)
        for tag, kind, value in known
    )


def _value(kind, value, explicit, order):
    if kind == "SQ":
        items = [_data_set(item, explicit, order) for item in value]
        heads = [struct.pack(f"{order}HHI", 0xFFFE, 0xE000, len(item)) for item in items]
        return b"".join(head + item for head, item in zip(heads, items, strict=True))
    if kind in _NUMBERS:
        return struct.pack(order + _NUMBERS[kind], value)
    if isinstance(value, bytes):
        return value
    parts = value if isinstance(value, (list, tuple)) else [value]
    text = "\\".join(f"{part:.10g}" if isinstance(part, float) else str(part) for part in parts)
    text = text.encode()
    return text + (b"\0" if kind == "UI" else b" ") * (len(text) % 2)


def _element(tag, kind, value, explicit, order, length=None):
    length = len(value) if length is None else length
    start = struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF)
    if not explicit:
        return start + struct.pack(f"{order}I", length) + value
    if kind in _LONG:
        return start + kind.encode() + struct.pack(f"{order}HI", 0, length) + value
    return start + kind.encode() + struct.pack(f"{order}H", length) + value


def _pixel_data(frames, explicit, order, *, packed):
    if not packed:
        words = b"".join(frame.astype(f"{order}u2").tobytes() for frame in frames)
        return _element(0x7FE00010, "OW", words, explicit, order)
    fragments = [b"", *map(_run_lengths, frames)]  # the first is the table of offsets
    items = b"".join(
        struct.pack("<HHI", 0xFFFE, 0xE000, len(fragment)) + fragment for fragment in fragments
    )
    end = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return _element(0x7FE00010, "OB", items + end, explicit, order, length=0xFFFFFFFF)


def _run_lengths(frame):
    """Return a frame as DICOM's RLE: high bytes and low bytes, in literal runs only."""
    planes = [(frame >> 8).astype(np.uint8).tobytes(), (frame & 0xFF).astype(np.uint8).tobytes()]
    packed = []
    for plane in planes:
        runs = [plane[at : at + 128] for at in range(0, len(plane), 128)]
        bytes_ = b"".join(bytes([len(run) - 1]) + run for run in runs)
        packed.append(bytes_ + b"\0" * (len(bytes_) % 2))
    header = [2, 64, 64 + len(packed[0]), *[0] * 13]
    return struct.pack("<16I", *header) + b"".join(packed)
