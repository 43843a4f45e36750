"""The scans in DICOM files: files grouped by study, and of each study the series that is used."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ctseq.readers.dicom import kernels
from ctseq.readers.dicom.chosen import contrast_of, note_of, words_of
from ctseq.readers.dicom.copies import NEAREST_MM, Digest
from ctseq.readers.dicom.descriptions import CONTRAST, HEAD, PLAIN
from ctseq.readers.dicom.headers import Header, heights, is_axial
from ctseq.readers.dicom.stacks import (
    Stack,
    kind_of,
    same_orientation,
    stacks_of,
)

# CT-ICH's distance between slices.
_WANTED_MM = 5.0
# Slices that cover less of the body are a part of a head: half of one.
_WHOLE_MM = 80.0
# Of what stacks are sorted by, what makes one better than another: not its length or number.
_BETTER = 7
# Slices at one place, on average: two files may claim to be one slice, series over time have more.
_MOST_A_PLACE = 2
# As many distances from every slice, a place is in a gap: elsewhere it is half a distance from one.
_IN_GAP = 0.75
_UNORDERED = "slices of it lie at one place, or none has a place"
# Fewer files than this do not tell whether each was given identifiers of its own.
_FEWEST_FILES = 3

# A function from a file's path to whether the label table names it as an image.
Labelled = Callable[[str], bool]


@dataclass(frozen=True)
class Choice:
    """The series of a study that is used.

    Attributes
    ----------
    series
        A header for each slice, from the feet up; empty if no series can be used. A file of several
        frames is a series by itself, with a header for each frame.
    reasons
        Path to a code of `problems.UNUSED_FILES`, for every other file.
    words, note
        As `contents.Series` has them.
    part
        The part of the body that it shows, if that is known and is not the head.
    doubt
        Why it may not be what should be used, in words: slices that would be are in no order.
    """

    series: list[Header] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    words: str = ""
    note: str = ""
    part: str = ""
    doubt: str = ""


@dataclass(frozen=True)
class Study:
    """A patient's study, or what is left of one.

    Attributes
    ----------
    scan_id
        Of a study without a usable series, which is no scan, that of the patient's only scan; empty
        if the patient has several.
    uid
        Its identifier, which is never written.
    headers
        Of all of its files.
    choice
        Which of them are used.
    """

    scan_id: str
    uid: str
    headers: list[Header]
    choice: Choice

    @property
    def burnt_in(self) -> bool:
        """Whether it has no usable series, and would have slices but for text burnt into them."""
        burnt_in = (one for one in self.headers if one.reason == "burnt-in")
        lie = (not one.orientation or is_axial(one.orientation) for one in burnt_in)
        return not self.choice.series and any(lie)


def studies_of(
    patient_id: str, headers: Sequence[Header], digest: Digest, labelled: Labelled | None = None
) -> list[Study]:
    """Return a patient's studies, in the order of their first files, with a series of each.

    If several can be used, they are the scans ``<patient>-1``, ``<patient>-2`` and so on. If most
    files have an identifier of their own, as some anonymisers give them, the study is one. `digest`
    and `labelled` are as `choose_series` needs them: a study of which it returns several series is
    as many studies here.
    """
    of_study = defaultdict(list)
    own = _each_has_its_own([header.study for header in headers if len(header.positions) < 2])
    for header in headers:
        of_study["" if own else header.study].append(header)
    found = []
    for uid, own in of_study.items():
        first, *more = choose_series(own, digest, labelled)
        others = {header.path for choice in more for header in choice.series}
        found.append((uid, [one for one in own if one.path not in others], first))
        for choice in more:
            mine = {header.path for header in choice.series}
            found.append((uid, [one for one in own if one.path in mine], choice))
    usable = [index for index, (*_, choice) in enumerate(found) if choice.series]
    names = dict.fromkeys(range(len(found)), patient_id)
    if len(usable) > 1:
        names = {index: f"{patient_id}-{number}" for number, index in enumerate(usable, start=1)}
    return [Study(names.get(index, ""), *one) for index, one in enumerate(found)]


def choose_series(
    headers: Sequence[Header], digest: Digest, labelled: Labelled | None = None
) -> list[Choice]:
    """Choose the one of a study's series that is most like CT-ICH's.

    The criteria, in this order: of no other part of the body; of more than half a head; without
    contrast agent; said to be of the head; of a kernel that comes first in `kernels.ORDER`; made
    from what was measured; with the slice spacing nearest to 5 mm; with the most slices; with the
    lowest number, with the first identifier.

    Of several of one place that differ by their length and number alone, none is better: if the
    label table names the images of some, each of these is chosen.

    Parameters
    ----------
    headers
        Of all files of the study.
    digest
        A function from a file's path to a digest of its pixels, which is empty if they cannot be
        decoded. It is called only for files that lie at one place.
    labelled
        None if labels are not of images. It is called only if no series is the best.

    Returns
    -------
    list of Choice
        Mostly one; the first has the reasons of all files that are not used.
    """
    headers = _with_shared_ids(headers)
    found = stacks_of([one for one in headers if not one.reason], digest)
    reasons = {header.path: header.reason for header in headers if header.reason} | found.reasons
    if not found.stacks:
        return [Choice(reasons=reasons, doubt=_UNORDERED if found.unordered else "")]
    groups = [*(stack.headers for stack in found.stacks), *found.unordered]
    both = any(contrast_of(group) == CONTRAST for group in groups)
    chosen, others = _best(found.stacks, labelled, both=both)
    used = {path for stack in chosen for path in _paths(stack)}
    unused = (path for stack in others for path in _paths(stack) if path not in used)
    reasons |= dict.fromkeys(unused, "other-series")
    return [
        Choice(
            series=stack.headers,
            reasons={} if number else reasons,
            words=words_of(stack, len(found.stacks)),
            note=note_of(stack, others, headers, reasons),
            part="" if (part := stack.headers[0].facts.part) == HEAD else part,
            doubt=_doubt(stack, found.unordered, both=both),
        )
        for number, stack in enumerate(chosen)
    ]


def _best(
    stacks: Sequence[Stack], labelled: Labelled | None, *, both: bool
) -> tuple[list[Stack], list[Stack]]:
    """Return the stacks that are used, mostly one, and the others, the better ones first.

    `labelled` is as in `choose_series`, and `both` as in `_rank`.
    """
    ranks = [_rank(stack, both=both) for stack in stacks]
    order = sorted(range(len(stacks)), key=ranks.__getitem__)
    best = order[0]
    equal = [
        index
        for index in order
        if ranks[index][:_BETTER] == ranks[best][:_BETTER]
        and (index == best or _repeats(stacks[index], stacks[best]))
    ]
    named = [n for n in equal if len(equal) > 1 and labelled and _named(stacks[n], labelled)]
    chosen = named or [best]
    return [stacks[n] for n in chosen], [stacks[n] for n in order if n not in chosen]


def _paths(stack: Stack) -> list[str]:
    """List the files of a stack, and those that were left out beside it."""
    return [header.path for header in (*stack.headers, *stack.odd)]


def _repeats(stack: Stack, other: Stack) -> bool:
    """Return whether two stacks show the same part of the body, and neither is a rest of one."""
    z, others = heights(stack.headers), heights(other.headers)
    shared = min(z.max(), others.max()) - max(z.min(), others.min())
    shorter = min(np.ptp(z), np.ptp(others))
    lengths = sorted((len(z), len(others)))
    return bool(shared > shorter / 2) and lengths[0] > lengths[1] / 2


def _named(stack: Stack, labelled: Labelled) -> bool:
    """Return whether the label table names all images of a stack."""
    return all(labelled(header.path) for header in stack.headers)


def _doubt(stack: Stack, unordered: Sequence[Sequence[Header]], *, both: bool) -> str:
    """Return why a stack may not be what should be used, in words; mostly empty.

    Slices without an order are not replaced by those of a worse kind, and may be a part of the
    stack's head.
    """
    first, z = stack.headers[0], heights(stack.headers)
    own = _kind_rank(stack.headers, both=both)
    for group in unordered:
        better = _kind_rank(group, both=both) < own
        if not group[0].positions:
            if better:
                return f"{_UNORDERED}, and others are of a worse kind"
            continue
        theirs = heights(group)
        if len(theirs) > _MOST_A_PLACE * len(np.unique(np.round(theirs / NEAREST_MM))):
            continue  # the same places again and again, as of perfusion, are no head's slices
        if better and np.ptp(theirs) >= np.ptp(z) / 2:
            return f"{_UNORDERED}, and others are of a worse kind"
        if kind_of(group[0]) != kind_of(first):
            continue
        # Where slices of another tilt lie between those of the stack cannot be told by heights.
        longer = np.ptp(theirs) > np.ptp(z) + NEAREST_MM
        if _elsewhere(theirs, z) if same_orientation(group[0], first) else longer:
            return _UNORDERED
    return ""


def _elsewhere(theirs: np.ndarray, z: np.ndarray) -> bool:
    """Tell whether some heights are beyond those of a stack, or in a gap between two of them."""
    beyond = theirs.min() < z.min() - NEAREST_MM or theirs.max() > z.max() + NEAREST_MM
    nearest = np.abs(theirs[:, np.newaxis] - z).min(axis=1)
    return bool(beyond or (nearest > _IN_GAP * np.diff(z).min(initial=np.inf)).any())


def _with_shared_ids(headers: Sequence[Header]) -> list[Header]:
    """Return headers without identifiers of series and axes that most files have for themselves."""
    single = [header.facts for header in headers if len(header.positions) < 2]
    own = [
        name
        for name in ("series", "frame")
        if _each_has_its_own([getattr(facts, name) for facts in single])
    ]
    blank = dict.fromkeys(own, "")
    return [replace(one, facts=one.facts._replace(**blank)) if own else one for one in headers]


def _each_has_its_own(identifiers: Sequence[str]) -> bool:
    """Tell whether most files have an identifier of their own; copies of files share theirs."""
    n_files = len(identifiers)
    return n_files >= _FEWEST_FILES and 2 * len({*identifiers} - {""}) > n_files


def _rank(stack: Stack, *, both: bool) -> tuple[Any, ...]:
    """Return what stacks are sorted by; `both` says that some of the study have contrast agent."""
    first = stack.headers[0]
    z = heights(stack.headers)
    spacing = stack.spacing_mm if len(z) > 1 else np.inf
    covered = z.max() - z.min() + (spacing if len(z) > 1 else 0)
    other, *kind = _kind_rank(stack.headers, both=both)
    numbers = min((one.facts.series_number, one.acquisition) for one in stack.headers)
    return (
        other,
        bool(covered < _WHOLE_MM),
        *kind,
        round(abs(spacing - _WANTED_MM), 2),
        -len(z),
        numbers,
        (first.facts.series, first.path),
    )


def _kind_rank(headers: Sequence[Header], *, both: bool) -> tuple[bool, int, bool, int, bool]:
    """Return what makes a kind of slices better than another: smaller is better."""
    facts, contrast = headers[0].facts, contrast_of(headers)
    # Beside slices with contrast agent, those of which nothing is told are not surely without.
    agent = 2 if contrast == CONTRAST else int(both and contrast != PLAIN)
    other, unnamed = facts.part not in (HEAD, ""), facts.part != HEAD
    return other, agent, unnamed, kernels.ORDER.index(facts.sharpness), not facts.original
