"""What is said of the stack that was chosen of a study: how it was chosen, and what is odd."""

from collections.abc import Mapping, Sequence

from ctseq.readers.dicom import kernels
from ctseq.readers.dicom.descriptions import CONTRAST
from ctseq.readers.dicom.headers import Header, heights, is_axial
from ctseq.readers.dicom.stacks import Stack, kind_of, n_series, same_orientation

# A bleed of 1 ml is a ball of 12.4 mm: as in a gap, it may be where no slice of a scan is.
_BLEED_MM = 12.4


def contrast_of(headers: Sequence[Header]) -> str:
    """Return whether slices have contrast agent: if any of them has, or else if all tell."""
    told = {header.facts.contrast for header in headers}
    return CONTRAST if CONTRAST in told else min(told)


def words_of(stack: Stack, n_stacks: int) -> str:
    """Return in words what the chosen stack is, and of how many."""
    facts = stack.headers[0].facts
    of = f"1 of {n_stacks} series" if n_stacks > 1 else "the only series"
    kernel = f"kernel {facts.kernel}" if facts.kernel else "kernel not named"
    if facts.kernel and facts.sharpness == kernels.UNKNOWN:
        kernel += " (not known)"
    elif facts.sharpness in (kernels.SHARP, kernels.MEDIUM):
        kernel += f" ({facts.sharpness})"
    spacing = f"{stack.spacing_mm:g} mm" if len(stack.headers) > 1 else "a single slice"
    contrast = contrast_of(stack.headers) or "contrast agent not told"
    return f"{of}: {', '.join(filter(None, [facts.part, contrast, kernel, spacing]))}"


def _lost(chosen: Stack, headers: Sequence[Header], reasons: Mapping[str, str]) -> set[str]:
    """Return files that lie as slices do and are of the chosen stack's series, but of no stack.

    Copies are left out without harm, and so are overviews and screenshots, which lie otherwise.
    """
    series = {header.facts.series for header in chosen.headers} - {""}
    own = [one for one in headers if one.facts.series in series and one.positions]
    return {
        one.path
        for one in own
        if is_axial(one.orientation)
        and reasons.get(one.path, "copy") not in ("copy", "other-series")
    }


def note_of(
    chosen: Stack,
    others: Sequence[Stack],
    headers: Sequence[Header],
    reasons: Mapping[str, str],
) -> str:
    """Return in words what is odd about a chosen stack.

    `others` and `headers` are the stacks that are not chosen, and all files, of its study;
    `reasons` say why files are in no stack.
    """
    notes = []
    if contrast_of(chosen.headers) == CONTRAST:
        notes.append(CONTRAST)
    if chosen.headers[0].facts.sharpness == kernels.SHARP:
        notes.append("of a sharp kernel")
    if chosen.located:
        notes.append("ordered by InstanceNumber and SliceLocation, since there are no positions")
    if (n := n_series(chosen)) > 1:
        notes.append(f"joined of {n} series")
    lost = {one.path for one in chosen.odd} | _lost(chosen, headers, reasons)
    if n := len(lost):
        notes.append(f"{n} {'file' if n == 1 else 'files'} of its series left out")
    kind = kind_of(chosen.headers[0])
    unplaced = [one for one in headers if reasons.get(one.path) == "position" and not one.positions]
    if n := sum(one.path not in lost and kind_of(one) == kind for one in unplaced):
        notes.append(f"{n} {'file' if n == 1 else 'files'} of its kind without a position left out")
    rest = [stack for stack in others if _is_rest(stack, chosen)]
    if n := sum(len(stack.headers) for stack in rest):
        notes.append(f"{n} slices of its series lie apart or otherwise, and are left out")
    below, above = _reached(chosen, [stack for stack in others if stack not in rest])
    for side, mm in (("below", below), ("above", above)):
        if mm > _BLEED_MM:
            notes.append(f"series that were not chosen show {mm:g} mm more {side} it")
    return "; ".join(notes)


def _is_rest(stack: Stack, chosen: Stack) -> bool:
    """Tell whether a stack is of the chosen one's series and kind, and shows another place."""
    first, own = stack.headers[0], chosen.headers[0]
    if not first.facts.series or first.facts.series != own.facts.series:
        return False
    if kind_of(first)[:-1] != kind_of(own)[:-1]:  # of any size
        return False
    z, others = heights(chosen.headers), heights(stack.headers)
    apart = others.min() > z.max() or others.max() < z.min()
    return bool(apart) or not same_orientation(first, own)


def _reached(chosen: Stack, others: Sequence[Stack]) -> tuple[float, float]:
    """Return how far, in mm, other stacks of the same part reach further down and up.

    Slices with contrast agent are of another examination, such as of the neck's vessels.
    """
    first, z = chosen.headers[0], heights(chosen.headers)
    below = above = 0.0
    for stack in others:
        own = stack.headers[0]
        same_axes = own.facts.frame == first.facts.frame and same_orientation(own, first)
        same_agent = contrast_of(stack.headers) == contrast_of(chosen.headers)
        same_kind = own.facts.part == first.facts.part and same_agent
        if same_axes and same_kind and not (stack.located or chosen.located):
            reached = heights(stack.headers)
            below = max(below, z.min() - reached.min())
            above = max(above, reached.max() - z.max())
    return round(float(below), 1), round(float(above), 1)
