"""Files of a study put together to stacks: slices of one kind, each at its own place.

A series is mostly one stack. Files that do not fit it are left out one by one, identical copies
too; acquisitions at the same places are told apart; and a head that the scanner divided into
several acquisitions or series is joined.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from ctseq.readers.dicom.copies import NEAREST_MM, Digest, without_copies
from ctseq.readers.dicom.headers import Header, heights, is_axial

# Cosines of one series differ by rounding, or by noise that some programs add, 0.02 to each side.
_SAME = 0.05
# Fewer slices than a stack has: among others, they are odd ones.
_FEWEST = 3
# Slices further from each other than this, in mm, do not continue each other: 10 is the thickest.
_THICKEST_MM = 10.0
# Parts of a head continue each other up to this many of their distances, as far as two lost slices
# leave: where one series ends and the next one begins, a lost slice costs no more than elsewhere.
_CONTINUES = 3.0


@dataclass(frozen=True)
class Stack:
    """Slices of one kind in one orientation, and what was left out beside them.

    Attributes
    ----------
    headers
        One for each slice, from the feet up.
    odd
        Files of the same series that do not fit.
    located
        Whether the order is that of InstanceNumber and SliceLocation, since there is no position.
    """

    headers: list[Header]
    odd: list[Header] = field(default_factory=list)
    located: bool = False

    @property
    def spacing_mm(self) -> float:
        """Median distance between neighbouring slices; NaN of a single slice."""
        return spacing_of(self.headers)


class Stacks(NamedTuple):
    """The stacks in the files of a study, in the order of series and acquisition.

    Attributes
    ----------
    stacks
        Slices that are in order.
    unordered
        Groups of slices that no position puts in order: two of them lie at one place, or none has
        any.
    reasons
        Path to a code of `problems.UNUSED_FILES`, of files that are in no stack.
    """

    stacks: list[Stack]
    unordered: list[list[Header]]
    reasons: dict[str, str]


def stacks_of(headers: Sequence[Header], digest: Digest) -> Stacks:
    """Return the stacks in the files of a study, and why files are in none.

    Parameters
    ----------
    headers
        Of files that may be slices each.
    digest
        Called for files at one place only.
    """
    series: dict[Any, list[Header]] = defaultdict(list)
    for header in headers:
        facts, own = header.facts, header.path if len(header.positions) > 1 else ""
        # Without an identifier, what else the header says tells series apart.
        name = facts.series or facts._replace(frame="")
        series[name, own].append(header)
    found = [_stacks_of_series(own, digest) for own in series.values()]
    stacks = sorted(chain(*(one.stacks for one in found)), key=lambda one: _order(one.headers[0]))
    unordered = [group for one in found for group in one.unordered]
    reasons = {path: why for one in found for path, why in one.reasons.items()}
    return Stacks(_joined(stacks), unordered, reasons)


def spacing_of(series: Sequence[Header]) -> float:
    """Return the median distance between neighbouring slices along their normal, in mm.

    Rounded to a micrometre, which is finer than positions are written; NaN of a single slice.
    """
    if not series or len(z := np.sort(heights(series))) < 2:
        return np.nan
    return round(float(np.median(np.diff(z))), 3)


def _stacks_of_series(series: list[Header], digest: Digest) -> Stacks:
    """Return the stacks of one series, and why files of it are in none."""
    groups, odd = _large_groups(series)
    reasons: dict[str, str] = {}
    groups = [_by_location(group, digest, reasons) for group in groups]
    placed = [group for group in groups if group[0].positions]
    unplaced = [one for group in groups if not group[0].positions for one in group]
    axial = [group for group in placed if _is_axial(group)]
    across = [one for group in placed if not _is_axial(group) for one in group]
    reasons |= _because("not-axial", across) | _because("position", unplaced)
    # Where most files have no place, the others are no scan.
    if len(unplaced) > sum(map(len, axial)):
        return Stacks([], [unplaced], reasons | _because("position", [*odd, *chain(*axial)]))
    # Beside no stack, an odd file is what most files of its series are.
    reasons |= _because("odd-slice" if axial else "not-axial", odd)
    stacks, unordered = [], []
    for group in axial:
        for part in _told_apart(without_copies(group, digest, reasons)):
            if _overlap(part):
                reasons |= _because("position", part)
                unordered.append(part)
            else:
                stacks.append(Stack(_upwards(part), [*odd, *unplaced], bool(group[0].place)))
    return Stacks(stacks, unordered, reasons)


def _large_groups(series: list[Header]) -> tuple[list[list[Header]], list[Header]]:
    """Divide the files of a series by size and by how they lie: groups, and odd files beside them.

    The first group is the usual one: axial if any is, with the most files, with positions.
    """
    groups = [series]
    for alike in (attrgetter("size"), lambda one: bool(one.positions), _orientations(series)):
        groups = [part for group in groups for part in _by(group, alike)]
    usual, *others = sorted(
        groups, key=lambda group: (not _is_axial(group), -len(group), not group[0].positions)
    )
    large = [group for group in others if len(group) >= _FEWEST]
    return [usual, *large], [one for group in others if len(group) < _FEWEST for one in group]


def _because(reason: str, headers: Sequence[Header]) -> dict[str, str]:
    return dict.fromkeys((header.path for header in headers), reason)


def _orientations(series: Sequence[Header]) -> Callable[[Header], Any]:
    """Return a function from a header to the number of its orientation among those of a series."""
    seen: list[np.ndarray] = []
    numbers: dict[tuple[float, ...], int] = {}
    for header in series:
        cosines = header.orientation
        if cosines and cosines not in numbers:
            near = (n for n, one in enumerate(seen) if np.abs(one - cosines).max() <= _SAME)
            numbers[cosines] = next(near, len(seen))
            if numbers[cosines] == len(seen):
                seen.append(np.array(cosines))
    return lambda header: numbers.get(header.orientation, -1)


def _by(headers: Sequence[Header], alike: Callable[[Header], Any]) -> list[list[Header]]:
    groups = defaultdict(list)
    for header in headers:
        groups[alike(header)].append(header)
    return list(groups.values())


def _is_axial(group: Sequence[Header]) -> bool:
    """Tell whether slices are axial, by what their header calls them if it says no more."""
    first = group[0]
    return is_axial(first.orientation) if first.orientation else first.facts.axial


def _by_location(group: list[Header], digest: Digest, reasons: dict[str, str]) -> list[Header]:
    """Return slices without positions with those that SliceLocation tells, if they can be trusted.

    They must be called axial, and InstanceNumber must count in the same order, or from its end.
    """
    if len(group) < 2 or not all(one.place and one.facts.axial for one in group):
        return group
    group = without_copies(group, digest, reasons)
    numbers, locations = np.array(sorted(one.place for one in group)).T
    steps = np.sign(np.diff(locations))
    if not (np.diff(numbers) > 0).all() or steps[0] == 0 or (steps != steps[0]).any():
        return group
    flat = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    return [replace(one, orientation=flat, positions=((0.0, 0.0, one.place[1]),)) for one in group]


def _told_apart(group: list[Header]) -> list[list[Header]]:
    """Divide slices by acquisition where two lie in each other's range or share places.

    Where slices of one acquisition share places, what else their headers say divides them.
    """
    parts = _by(group, lambda header: header.acquisition)
    ends = np.array(sorted((own.min(), own.max()) for own in map(heights, parts)))
    reached = np.maximum.accumulate(ends[:-1, 1])
    parts = parts if (ends[1:, 0] < reached - NEAREST_MM).any() else [group]
    pieces = (
        _by(part, lambda one: (one.acquisition, one.facts)) if _overlap(part) else [part]
        for part in parts
    )
    return [*chain.from_iterable(pieces)]


def _overlap(group: Sequence[Header]) -> bool:
    return bool((np.diff(np.sort(heights(group))) <= NEAREST_MM).any())


def _upwards(group: Sequence[Header]) -> list[Header]:
    """Return a header for each slice, from the feet up."""
    frames = [
        replace(one, positions=(at,)) if len(one.positions) > 1 else one
        for one in group
        for at in one.positions
    ]
    return [frames[index] for index in np.argsort(heights(frames), kind="stable")]


def _joined(stacks: Sequence[Stack]) -> list[Stack]:
    """Join stacks of one kind that continue each other, each to the last one that it continues."""
    joined: list[Stack] = []
    for stack in stacks:
        for index in reversed(range(len(joined))):
            if _continues(joined[index], stack):
                both = [*joined[index].headers, *stack.headers]
                odd = {one.path: one for one in (*joined[index].odd, *stack.odd)}
                joined[index] = Stack(_upwards(both), [*odd.values()], stack.located)
                break
        else:
            joined.append(stack)
    return joined


def _continues(one: Stack, other: Stack) -> bool:
    """Tell whether two stacks are of one kind, and one begins where the other one ends."""
    first, second = one.headers[0], other.headers[0]
    if one.located or other.located or kind_of(first) != kind_of(second):
        return False
    if not same_orientation(first, second):
        return False
    if not np.allclose(first.pixel_mm, second.pixel_mm, rtol=1e-3, equal_nan=True):
        return False
    z = heights([*one.headers, *other.headers])
    low, high = np.sort([(own.min(), own.max()) for own in np.split(z, [len(one.headers)])], axis=0)
    between = high[0] - low[1]
    spacings = [own for own in (one.spacing_mm, other.spacing_mm) if np.isfinite(own)]
    # Series of one slice each are one scan, in which a wide gap is a problem of its own.
    if n_series(one) == len(one.headers) and len(other.headers) == 1:
        return bool(between > NEAREST_MM)
    most = _CONTINUES * max(spacings) if spacings else _THICKEST_MM
    return bool(NEAREST_MM < between <= most)


def kind_of(header: Header) -> tuple[Any, ...]:
    """Return what slices of one scan have in common, beside their orientation."""
    facts = header.facts
    what = (facts.kernel, facts.sharpness, facts.contrast, facts.part, facts.original)
    return (*what, facts.frame, header.size)


def same_orientation(one: Header, other: Header) -> bool:
    """Tell whether two slices lie in the same direction."""
    return bool(np.abs(np.subtract(one.orientation, other.orientation)).max() <= _SAME)


def n_series(stack: Stack) -> int:
    """Return of how many series a stack is joined."""
    return len({(one.facts.series, one.facts.series_number) for one in stack.headers})


def _order(header: Header) -> tuple[Any, ...]:
    facts = header.facts
    return facts.series_number, header.acquisition, facts.series, header.path
