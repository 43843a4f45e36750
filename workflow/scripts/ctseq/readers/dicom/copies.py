"""Copies of images in a group of DICOM files."""

from collections import defaultdict
from collections.abc import Callable

from ctseq.readers.dicom.headers import Header, heights

# Slices nearer to each other than this, in mm, have the same position: no scanner makes slices so
# near, and positions may be written with some hundredths of noise.
NEAREST_MM = 0.05

# A function from a file's path to a digest of its pixels, empty if they cannot be decoded.
Digest = Callable[[str], str]


def without_copies(group: list[Header], digest: Digest, reasons: dict[str, str]) -> list[Header]:
    """Return slices without copies of others, of which the first that can be decoded stays.

    They have a position each, or all a SliceLocation. Copies are added to the reasons.
    """
    if any(len(header.positions) > 1 for header in group):
        return group
    places = defaultdict(list)
    located = [header.place[1] for header in group if header.place]
    at = heights(group).tolist() if group[0].positions else located
    for header, z in zip(group, at, strict=True):
        places[header.acquisition, header.facts, round(z / NEAREST_MM)].append(header)
    copies = set()
    for same in places.values():
        pixels = {one.path: digest(one.path) for one in same} if len(same) > 1 else {}
        kept: list[Header] = []
        for one in sorted(same, key=lambda header: pixels.get(header.path, "-") == ""):
            if any(_is_copy(one, other, pixels) for other in kept):
                copies.add(one.path)
            else:
                kept.append(one)
    reasons |= dict.fromkeys(copies, "copy")
    return [header for header in group if header.path not in copies]


def _is_copy(one: Header, other: Header, pixels: dict[str, str]) -> bool:
    """Tell whether two files hold one image: by its pixels, or a damaged one by its identifier."""
    if not pixels[one.path]:
        return bool(one.instance) and one.instance == other.instance
    return pixels[one.path] == pixels[other.path]
