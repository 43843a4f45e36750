"""Whose DICOM files they are: files grouped by patient."""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

from ctseq.core.words import listed
from ctseq.readers.dicom.headers import Header
from ctseq.readers.names import patient_key
from ctseq.readers.problems import PATIENT, problem


def group_by_patient(
    headers: Sequence[Header], labelled: Iterable[str]
) -> tuple[dict[str, list[Header]], list[dict[str, Any]]]:
    """Group files by patient, with ids that never come from the headers alone.

    If each patient has a folder, its name is the patient's id. If files of several patients share
    a folder, the header's PatientID groups them. It becomes the patient's id only if the label
    table names patients by it; else patients are numbered in the order of their files.

    Parameters
    ----------
    headers
        Of all images, sorted by path.
    labelled
        The patients that the label table names.

    Returns
    -------
    patients : dict of str to list of Header
        Patient id to the patient's files.
    problems : list of dict
        Folders that hold several patients, and patients that have several folders.
    """
    tops = _tops([header.path for header in headers])
    of_folder, of_tag = defaultdict(list), defaultdict(list)
    for header in headers:
        of_folder[tops[header.path]].append(header)
        of_tag[header.patient].append(header)
    tags = {top: {header.patient for header in own} for top, own in of_folder.items()}
    single = sum(len(found) == 1 for found in tags.values())
    if "" not in tags and len(tags) > 1 and 2 * single >= len(tags):
        return of_folder, _doubts(tags, of_folder)
    named = {patient_key(name) for name in labelled}
    if any(patient_key(tag) in named for tag in of_tag if tag):
        return {tag or "without PatientID": own for tag, own in of_tag.items()}, []
    width = max(3, len(str(len(of_tag))))
    return {f"{n:0{width}d}": own for n, own in enumerate(of_tag.values(), start=1)}, []


def _tops(paths: Sequence[str]) -> dict[str, str]:
    """Return each path's first folder below the one that all share; empty for a file there."""
    shared = os.path.commonpath([str(PurePosixPath(path).parent) for path in paths] or ["."])
    tops = {}
    for path in paths:
        parts = PurePosixPath(path).relative_to(shared).parts
        words = parts[0].split() if len(parts) > 1 else [""]
        # CQ500 doubles its names: `CQ500CT0 CQ500CT0`.
        doubled = len(words) == 2 and words[0] == words[1]
        tops[path] = words[0] if doubled or not words[0] else parts[0]
    return tops


def _doubts(tags: dict[str, set[str]], patients: dict[str, list[Header]]) -> list[dict[str, Any]]:
    """Return problems of folders that hold several patients, and of patients in several folders."""
    problems = [
        problem("mixed-patients", PATIENT, patients[top][0].path, top)
        for top, found in tags.items()
        if len(found - {""}) > 1
    ]
    owners = defaultdict(list)
    for top, found in tags.items():
        for tag in found - {""}:
            owners[tag].append(top)
    # An id that more than half of the folders share was written over the real ones.
    for shared in owners.values():
        if 1 < len(shared) <= len(tags) / 2:
            problems += [
                problem("two-folders", PATIENT, patients[top][0].path, top,
                        detail=listed(shared))
                for top in shared
            ]  # fmt: skip
    return problems
