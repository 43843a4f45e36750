"""Files beside DICOM that are none: which are companions, and which are damaged images."""

from collections.abc import Collection
from pathlib import Path, PurePosixPath

from ctseq.readers.stores import PACKED, absence, pointer
from ctseq.readers.walk import is_regular

_SUFFIXES = frozenset({".dcm", ".dicom", ".dic", ".ima"})
_HEAD_BYTES = 1024
# How files begin that stand beside scans.
_KINDS = {
    "a picture": (
        b"\x89PNG",
        b"\xff\xd8\xff",
        b"GIF8",
        b"BM",
        b"II*\0",
        b"MM\0*",
        b"RIFF",
        b"\0\0\1\0",
    ),
    "a document": (b"%PDF", b"\xd0\xcf\x11\xe0", b"{\\rtf", b"SQLite format"),
    "an archive": (b"PK", b"7z\xbc\xaf", b"Rar!", b"\x1f\x8b", b"BZh", b"\xfd7zXZ"),
    "a program": (b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe"),
    "an array": (b"\x93NUMPY", b"\x89HDF", b"NRRD", b"MATLAB", b"\x80\4\x95", b"\x80\5\x95"),
    "text": (b"\xff\xfe", b"\xfe\xff"),  # in UTF-16, which has NUL bytes
    "macOS's notes on a file": (b"\0\5\x16\7",),
}
# NIfTI has its mark behind its header, and films of MPEG-4 theirs behind a length.
_NIFTI_AT, _NIFTI = 344, (b"n+1\0", b"ni1\0")
_FILM_AT, _FILM = 4, b"ftyp"
# Bytes that no text holds, whatever its encoding: all control characters but blanks and escape.
_NO_TEXT = bytes({*range(32)} - {*b"\t\n\v\f\r\x1b"})


def suffix_of(path: str) -> str:
    """Return the suffix of a file's name in lower case; the end of a number or id is none."""
    suffix = PurePosixPath(path).suffix.casefold()
    return "" if suffix[1:].isdecimal() else suffix


def fault_of(path: Path, *, suffixes: Collection[str], among_images: bool) -> str:
    """Return in words why a file that is no DICOM should be an image; empty if it is a companion.

    An image that is left out in silence makes its scan another one. So a file that is called as
    images are must be one, whatever it holds, and beside images only what is known by its content
    is a companion.

    Parameters
    ----------
    path
        The file.
    suffixes
        Of the dataset's images, as `suffix_of` returns them.
    among_images
        Whether there are images in its folder.
    """
    if not is_regular(path):
        return absence(path) if _called_as_images(path, suffixes) else ""
    with path.open("rb") as content:
        head = content.read(_HEAD_BYTES)
    kind = _kind(head)
    if _called_as_images(path, suffixes):
        if kind == "an archive" and path.suffix.casefold() in PACKED:
            return "it is compressed: unpack it"
        known = f"it is no DICOM file but {kind}" if kind else "it is no DICOM file"
        return pointer(path) or (known if head else "it is empty")
    return "it is no DICOM file, nor of a kind that is known" if among_images and not kind else ""


def _called_as_images(path: Path, suffixes: Collection[str]) -> bool:
    name = path.name.casefold()
    for packed in PACKED:
        name = name.removesuffix(packed)
    suffix = suffix_of(name)
    # Without a suffix, `README` and `LICENSE` are told from `IM1` by its number.
    numbered = suffix or any(map(str.isdecimal, name))
    return suffix in _SUFFIXES or bool(suffix in suffixes and numbered)


def _kind(head: bytes) -> str:
    """Return what a file is by its first bytes, in words; empty if that is not known."""
    for kind, starts in _KINDS.items():
        if head.startswith(starts):
            return kind
    if head[_NIFTI_AT:].startswith(_NIFTI):
        return "an array"
    if head[_FILM_AT:].startswith(_FILM):
        return "a film"
    return "text" if not {*head} & {*_NO_TEXT} else ""
