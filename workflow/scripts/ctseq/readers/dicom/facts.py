"""What a header says of its series: what decides which series is used, and what is told of it."""

import re
from math import isfinite
from typing import Any, NamedTuple

import pydicom

from ctseq.readers.dicom import descriptions, kernels
from ctseq.readers.dicom.descriptions import HEAD

TAGS = (
    *("SeriesInstanceUID", "SeriesNumber", "FrameOfReferenceUID", "ImageType"),
    *("SeriesDescription", "ProtocolName", "StudyDescription", "BodyPartExamined"),
    *("ConvolutionKernel", "Manufacturer", "ContrastBolusAgent", "ContrastBolusVolume"),
    *("ContrastBolusAgentSequence", "PatientID", "PatientName"),
)
_MOST_LETTERS = 64  # of a description, as the standard has it
# A person's name as DICOM writes it, a date, or a number as long as an id.
_PERSONAL = re.compile(r"\^|[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}|[0-9]{5,}")
# Parts of ids that are no person's, such as CQ500's `CQ500-CT-0` has.
_NOBODYS = {"ct"}
# Parts of ImageType's values by which scanners mark what is computed from other slices.
_DERIVED = {"MIP", "MINIP", "MAXIP", "MPR", "REFORMATTED", "PROJECTION", "VRT", "SSD", "VOLREN"}


class Facts(NamedTuple):
    """What the header says of the series; the many files of one share it.

    Attributes
    ----------
    series, series_number
        Identifier, which is compared only and never written, and number, 0 if unknown.
    frame
        Identifier of the axes in which positions are measured; never written.
    description, kernel
        Of the series, without anything that may name a person.
    sharpness
        Of the kernel, one of `kernels.ORDER`.
    contrast
        `descriptions.CONTRAST`, `PLAIN` or `UNTOLD`.
    part
        `descriptions.HEAD`, another part that is the only one named, or empty: unknown.
    original
        Whether the scanner made the slices from what it measured.
    axial
        Whether the header calls them axial.
    computed
        Whether they are projections, reformats or maps.
    """

    series: str
    series_number: int
    frame: str
    description: str
    kernel: str
    sharpness: str
    contrast: str
    part: str
    original: bool
    axial: bool
    computed: bool


# Facts of headers by their undecoded values: the files of a series have the same, and decoding
# takes most of the time of reading a header. They mostly follow each other, so few need be kept.
_KNOWN: dict[tuple[Any, ...], Facts] = {}
_MOST_KNOWN = 1024


def facts_of(header: pydicom.Dataset, kernel: Any = None) -> Facts:
    """Return what a header says of its series.

    `kernel` is what a file of several frames says of all of them.
    """
    values = (_undecoded(header, name) for name in ("SpecificCharacterSet", *TAGS))
    name = (str(kernel or ""), *values)
    if (known := _KNOWN.get(name)) is None:
        known = _facts(header, kernel)
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN[name] = known
    return known


def _undecoded(header: pydicom.Dataset, name: str) -> Any:
    if name not in header:
        return None
    value = header.get_item(name).value
    return value if isinstance(value, bytes | str) else str(value)


def _facts(header: pydicom.Dataset, kernel: Any) -> Facts:
    def text(name: str) -> str:
        return str(header.get(name) or "")

    kernel = header.get("ConvolutionKernel") or kernel or ""
    # Siemens' second value is the strength of the iterative reconstruction.
    kernel = str(kernel if isinstance(kernel, str) else kernel[0])
    names = f"{text('PatientName')} {text('PatientID')}"
    kinds = _values(header.get("ImageType"))
    description, protocol, study = map(
        text, ("SeriesDescription", "ProtocolName", "StudyDescription")
    )
    agent = text("ContrastBolusAgent") or "agent" * bool(header.get("ContrastBolusAgentSequence"))
    told = filter(None, (
        descriptions.contrast_of(description),
        descriptions.contrast_of(protocol),
        descriptions.agent_given(agent, number_of(header.get("ContrastBolusVolume"))),
        descriptions.contrast_of(study),
    ))  # fmt: skip
    marks = {mark for kind in kinds for mark in re.split(r"[\W_]+", kind)}
    return Facts(
        series=text("SeriesInstanceUID"),
        series_number=whole_of(header.get("SeriesNumber")),
        frame=text("FrameOfReferenceUID"),
        description=_impersonal(description, names),
        kernel=_impersonal(kernel, names),
        sharpness=kernels.sharpness_of(kernel, text("Manufacturer"), description),
        contrast=next(told, descriptions.UNTOLD),
        part=_part((description, protocol, text("BodyPartExamined"), study)),
        original=kinds[:1] != ("DERIVED",),
        axial="AXIAL" in kinds,
        computed=bool(marks & _DERIVED) or descriptions.is_derived(description),
    )


def _part(texts: tuple[str, ...]) -> str:
    """Return the part of the body that the first text with any names; empty if it names several."""
    for parts in map(descriptions.parts_of, texts):
        if parts:
            return parts[0] if len(parts) == 1 or HEAD not in parts else ""
    return ""


def _impersonal(text: str, names: str) -> str:
    """Return a text of the header; empty if anything in it may name a person of these names."""
    text = " ".join(text.split())[:_MOST_LETTERS]
    words = set(re.split(r"[\W_]+", text.casefold()))
    personal = {part for part in re.split(r"[\W_]+", names.casefold()) if part} - _NOBODYS
    # Short parts, such as initials, may be in any word.
    inside = any(len(part) > 2 and part in text.casefold() for part in personal)
    named = inside or words & personal or _PERSONAL.search(text)
    return text if text.isprintable() and not named else ""


def _values(kinds: Any) -> tuple[str, ...]:
    """Return the values of ImageType in capitals."""
    kinds = [kinds] if isinstance(kinds, str) else list(kinds or [])
    return tuple(str(kind).strip().upper() for kind in kinds)


def whole_of(value: Any) -> int:
    """Return a value of a header as a whole number; 0 if it is none."""
    text = str(value or 0).strip()
    return int(text) if text.lstrip("-").isdecimal() else 0


def number_of(value: Any) -> float | None:
    """Return a value of a header as a number; None if it is none, or is infinite."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if isfinite(number) else None
