"""The scans in DICOM files: files grouped by study, and of each study the series that is used."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ctseq.readers.dicom import kernels
from ctseq.readers.dicom.descriptions import CONTRAST, HEAD, PLAIN
from ctseq.readers.dicom.headers import Header, heights
from ctseq.readers.dicom.stacks import (
    Digest,
    Stack,
    kind_of,
    n_series,
    same_orientation,
    stacks_of,
)

# CT-ICH's distance between slices.
_WANTED_MM = 5.0
# Slices that cover less of the body are a part of a head: half of one.
_WHOLE_MM = 80.0


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
    """

    series: list[Header] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    words: str = ""
    note: str = ""
    part: str = ""


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


def studies_of(patient_id: str, headers: Sequence[Header], digest: Digest) -> list[Study]:
    """Return a patient's studies, in the order of their first files, with a series of each.

    If several can be used, they are the scans ``<patient>-1``, ``<patient>-2`` and so on. `digest`
    is as `choose_series` needs it.
    """
    of_study = defaultdict(list)
    for header in headers:
        of_study[header.study].append(header)
    chosen = [(uid, own, choose_series(own, digest)) for uid, own in of_study.items()]
    usable = [uid for uid, _, choice in chosen if choice.series]
    names = dict.fromkeys(of_study, patient_id)
    if len(usable) > 1:
        names = {uid: f"{patient_id}-{number}" for number, uid in enumerate(usable, start=1)}
    return [Study(names.get(uid, ""), uid, *more) for uid, *more in chosen]


def choose_series(headers: Sequence[Header], digest: Digest) -> Choice:
    """Choose the one of a study's series that is most like CT-ICH's.

    The criteria, in this order: of the head, then of an unknown part; of more than half a head;
    without contrast agent; of a kernel that comes first in `kernels.ORDER`; made from what was
    measured; with the slice spacing nearest to 5 mm; with the most slices; with the lowest number,
    with the first identifier.

    Parameters
    ----------
    headers
        Of all files of the study.
    digest
        A function from a file's path to a digest of its pixels, which is empty if they cannot be
        decoded. It is called only for files that lie at one place.
    """
    reasons = {header.path: header.reason for header in headers if header.reason}
    stacks, why = stacks_of([one for one in headers if not one.reason], digest)
    reasons |= why
    if not stacks:
        return Choice(reasons=reasons)
    both = any(_contrast(stack) == CONTRAST for stack in stacks)
    chosen = min(stacks, key=lambda stack: _rank(stack, both=both))
    others = [stack for stack in stacks if stack is not chosen]
    used = {header.path for header in chosen.headers}
    odd = {header.path for header in chosen.odd}
    for stack in others:
        for header in (*stack.headers, *stack.odd):
            if header.path not in used | odd:
                reasons[header.path] = "other-series"
    part = chosen.headers[0].facts.part
    return Choice(
        series=chosen.headers,
        reasons=reasons,
        words=_words(chosen, len(stacks)),
        note=_note(chosen, others),
        part="" if part == HEAD else part,
    )


def _contrast(stack: Stack) -> str:
    """Return whether a stack has contrast agent: if any of its slices has, or else if all tell."""
    told = {header.facts.contrast for header in stack.headers}
    return CONTRAST if CONTRAST in told else min(told)


def _rank(stack: Stack, *, both: bool) -> tuple[Any, ...]:
    """Return what stacks are sorted by; `both` says that some of the study have contrast agent."""
    first = stack.headers[0]
    facts = first.facts
    z = heights(stack.headers)
    spacing = stack.spacing_mm if len(z) > 1 else np.inf
    covered = z.max() - z.min() + (spacing if len(z) > 1 else 0)
    contrast = _contrast(stack)
    # Beside slices with contrast agent, those of which nothing is told are not surely without.
    agent = 2 if contrast == CONTRAST else int(both and contrast != PLAIN)
    numbers = min((one.facts.series_number, one.acquisition) for one in stack.headers)
    return (
        (HEAD, "").index(facts.part) if facts.part in (HEAD, "") else 2,
        bool(covered < _WHOLE_MM),
        agent,
        kernels.ORDER.index(facts.sharpness),
        not facts.original,
        round(abs(spacing - _WANTED_MM), 2),
        -len(z),
        numbers,
        (facts.series, first.path),
    )


def _words(stack: Stack, n_stacks: int) -> str:
    """Return in words what the chosen stack is, and of how many."""
    facts = stack.headers[0].facts
    of = f"1 of {n_stacks} series" if n_stacks > 1 else "the only series"
    kernel = f"kernel {facts.kernel}" if facts.kernel else "kernel not named"
    if facts.kernel and facts.sharpness == kernels.UNKNOWN:
        kernel += " (not known)"
    elif facts.sharpness in (kernels.SHARP, kernels.MEDIUM):
        kernel += f" ({facts.sharpness})"
    spacing = f"{stack.spacing_mm:g} mm" if len(stack.headers) > 1 else "a single slice"
    contrast = _contrast(stack) or "contrast agent not told"
    return f"{of}: {', '.join(filter(None, [facts.part, contrast, kernel, spacing]))}"


def _note(chosen: Stack, others: Sequence[Stack]) -> str:
    """Return in words what is odd about the chosen stack's files."""
    notes = []
    if _contrast(chosen) == CONTRAST:
        notes.append(CONTRAST)
    if chosen.headers[0].facts.sharpness == kernels.SHARP:
        notes.append("of a sharp kernel")
    if chosen.located:
        notes.append("ordered by InstanceNumber and SliceLocation, since there are no positions")
    if (n := n_series(chosen)) > 1:
        notes.append(f"joined of {n} series")
    if n := len(chosen.odd):
        notes.append(f"{n} {'file' if n == 1 else 'files'} of its series left out")
    if n := sum(len(stack.headers) for stack in others if _is_rest(stack, chosen)):
        notes.append(f"{n} slices of its series lie apart or otherwise, and are left out")
    return "; ".join(notes)


def _is_rest(stack: Stack, chosen: Stack) -> bool:
    """Tell whether a stack is of the chosen one's series and kind, and shows another place."""
    first, own = stack.headers[0], chosen.headers[0]
    if not first.facts.series or first.facts.series != own.facts.series:
        return False
    if kind_of(first) != kind_of(own):
        return False
    z, others = heights(chosen.headers), heights(stack.headers)
    apart = others.min() > z.max() or others.max() < z.min()
    return bool(apart) or not same_orientation(first, own)
