"""Which patient a DICOM file belongs to, without a name that leaves the header."""

import os
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

from ctseq.readers.dicom_files import Header
from ctseq.readers.ids import patient_key
from ctseq.readers.problems import PATIENT, problem


def patients_of(
    headers: Sequence[Header], labelled: Iterable[str]
) -> tuple[dict[str, list[Header]], list[dict[str, Any]]]:
    """Group files by patient.

    Where each patient has a folder, its name is the patient's id. Where files of several patients
    share a folder, the header's PatientID groups them; it becomes the patient's id only if the
    label table names patients by it, and else patients are numbered in the order of their files.

    Parameters
    ----------
    headers
        Of all images, by path.
    labelled
        The patients that the label table names.

    Returns
    -------
    patients : dict of str to list of Header
        Patient id to files, in the order of the files.
    problems : list of dict
        Folders that hold several patients, and patients that have several folders.
    """
    tops = _tops([header.path for header in headers])
    tags: dict[str, set[str]] = {}
    for header in headers:
        tags.setdefault(tops[header.path], set()).add(header.patient)
    single = sum(len(found) == 1 for found in tags.values())
    if "" not in tags and len(tags) > 1 and 2 * single >= len(tags):
        patients: dict[str, list[Header]] = {}
        for header in headers:
            patients.setdefault(tops[header.path], []).append(header)
        return patients, _doubts(tags, patients)
    return _by_tag(headers, {patient_key(name) for name in labelled}), []


def _tops(paths: Sequence[str]) -> dict[str, str]:
    """Give each path's first folder below the one that all share; nothing for a file there."""
    shared = os.path.commonpath([str(PurePosixPath(path).parent) for path in paths] or ["."])
    tops = {}
    for path in paths:
        parts = PurePosixPath(path).relative_to(shared).parts
        words = parts[0].split() if len(parts) > 1 else [""]
        # CQ500 doubles its names: `CQ500CT0 CQ500CT0`.
        doubled = len(words) == 2 and words[0] == words[1]
        tops[path] = words[0] if doubled or not words[0] else parts[0]
    return tops


def _by_tag(headers: Sequence[Header], labelled: set[str]) -> dict[str, list[Header]]:
    groups: dict[str, list[Header]] = {}
    for header in headers:
        groups.setdefault(header.patient, []).append(header)
    if any(patient_key(tag) in labelled for tag in groups if tag):
        return {tag or "without PatientID": own for tag, own in groups.items()}
    width = max(3, len(str(len(groups))))
    return {f"{n:0{width}d}": own for n, own in enumerate(groups.values(), start=1)}


def _doubts(tags: dict[str, set[str]], patients: dict[str, list[Header]]) -> list[dict[str, Any]]:
    problems = [
        problem("mixed-patients", PATIENT, patients[top][0].path, top)
        for top, found in tags.items()
        if len(found - {""}) > 1
    ]
    owners: dict[str, list[str]] = {}
    for top, found in tags.items():
        for tag in found - {""}:
            owners.setdefault(tag, []).append(top)
    # An id that half of the folders share was put in place of the real ones.
    for shared in owners.values():
        if 1 < len(shared) <= len(tags) / 2:
            problems += [
                problem("two-folders", PATIENT, patients[top][0].path, top,
                        detail=" and ".join(shared))
                for top in shared
            ]  # fmt: skip
    return problems
