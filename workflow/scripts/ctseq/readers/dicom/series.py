"""The scans in DICOM files: files grouped by patient and study, and one series of each chosen."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ctseq.readers.dicom.headers import Header, heights

# A gantry is tilted by 30 degrees at most; at 45 a series is as coronal as it is axial.
_AXIAL = np.cos(np.pi / 4)
# Slices nearer to each other than this, in mm, have the same position.
_NEAREST_MM = 0.01
# Cosines of one series differ by rounding only.
_SAME = 0.01
# CT-ICH's distance between slices.
_WANTED_MM = 5.0


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
    series, reasons
        As `choose_series` returns them.
    """

    scan_id: str
    uid: str
    headers: list[Header]
    series: list[Header]
    reasons: dict[str, str]


def studies_of(patient_id: str, headers: Sequence[Header]) -> list[Study]:
    """Return a patient's studies, in the order of their first files, with a series of each.

    If several can be used, they are the scans ``<patient>-1``, ``<patient>-2`` and so on.
    """
    of_study = defaultdict(list)
    for header in headers:
        of_study[header.study].append(header)
    chosen = [(uid, own, *choose_series(own)) for uid, own in of_study.items()]
    usable = [uid for uid, _, series, _ in chosen if series]
    names = dict.fromkeys(of_study, patient_id)
    if len(usable) > 1:
        names = {uid: f"{patient_id}-{number}" for number, uid in enumerate(usable, start=1)}
    return [Study(names.get(uid, ""), uid, *more) for uid, *more in chosen]


def choose_series(headers: Sequence[Header]) -> tuple[list[Header], dict[str, str]]:
    """Choose the one of a study's series that is most like CT-ICH's.

    The criteria, in this order: without contrast agent, not of a bone kernel, with the slice
    spacing nearest to 5 mm, with the most slices, with the lowest series number, with the first
    identifier.

    Returns
    -------
    series : list of Header
        A header for each slice, from the feet up; empty if no series can be used. A file of several
        frames is a series by itself, with a header for each frame.
    reasons : dict of str to str
        Path to a code of `problems.UNUSED_FILES`, for every other file.
    """
    reasons = {header.path: header.reason for header in headers if header.reason}
    candidates = defaultdict(list)
    for header in headers:
        if not header.reason:
            own = header.path if len(header.positions) > 1 else ""
            candidates[header.series, own].append(header)
    ranked = []
    for name, series in candidates.items():
        why = _unusable(series)
        if why:
            reasons |= {header.path: why for header in series}
            continue
        spacing, n_slices = spacing_of(series), len(heights(series))
        apart = round(abs(spacing - _WANTED_MM), 2) if n_slices > 1 else np.inf
        first = series[0]
        rank = (first.contrast, first.bone, apart, -n_slices, first.series_number, name)
        ranked.append((rank, series))
    ranked.sort(key=lambda item: item[0])
    for _, series in ranked[1:]:
        reasons |= {header.path: "other-series" for header in series}
    if not ranked:
        return [], reasons
    frames = [replace(one, positions=(at,)) for one in ranked[0][1] for at in one.positions]
    return [frames[index] for index in np.argsort(heights(frames), kind="stable")], reasons


def spacing_of(series: Sequence[Header]) -> float:
    """Return the median distance between neighbouring slices along their normal, in mm.

    Rounded to a micrometre, which is finer than positions are written; NaN of a single slice.
    """
    if not series or len(z := np.sort(heights(series))) < 2:
        return np.nan
    return round(float(np.median(np.diff(z))), 3)


def _unusable(series: Sequence[Header]) -> str:
    """Return why a series cannot be put into an order of axial slices, as a code; mostly empty."""
    if any(not header.positions for header in series):
        return "position"
    cosines = np.array([header.orientation for header in series])
    if not np.isfinite(cosines).all() or np.abs(cosines - cosines[0]).max() > _SAME:
        return "position"
    normal = np.cross(cosines[0, :3], cosines[0, 3:])
    if not abs(normal[2]) >= _AXIAL:
        return "not-axial"
    z = np.sort(heights(series))
    return "" if np.isfinite(z).all() and (np.diff(z) > _NEAREST_MM).all() else "position"
