"""Which of a patient's DICOM series is used, by a stated rule."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ctseq.readers.dicom_files import Header, heights

# A gantry is tilted by 30 degrees at most; at 45 a series is as coronal as it is axial.
_AXIAL = np.cos(np.pi / 4)
# Slices nearer to each other than this, in mm, claim one place.
_NEAREST_MM = 0.01
# Cosines of one series differ by rounding only.
_SAME = 0.01
# CT-ICH's distance between slices.
_WANTED_MM = 5.0


def choose(headers: Sequence[Header]) -> tuple[list[Header], dict[str, str]]:
    """Choose the series of a patient that is nearest to CT-ICH's, with a place for each slice.

    In this order: without contrast agent, not of a bone kernel, with the slice spacing nearest to
    5 mm, with the most slices, with the lowest series number, with the first identifier.

    Parameters
    ----------
    headers
        All of the patient's.

    Returns
    -------
    series : list of Header
        A header a slice, from the feet up; empty if no series can be used. A file of several
        frames is a series and stands there once a frame.
    reasons : dict of str to str
        Path to a code of `reasons.FILES`, for every other file.
    """
    reasons = {header.path: header.problem for header in headers if header.problem}
    candidates: dict[tuple[str, str], list[Header]] = {}
    for header in headers:
        if not header.problem:
            own = header.path if len(header.positions) > 1 else ""
            candidates.setdefault((header.series, own), []).append(header)
    ranked = []
    for name, series in candidates.items():
        why = _unusable(series)
        if why:
            reasons |= {header.path: why for header in series}
            continue
        z = np.sort(heights(series))
        spacing = float(np.median(np.diff(z))) if len(z) > 1 else float("inf")
        apart = round(abs(spacing - _WANTED_MM), 2)
        first = series[0]
        rank = (first.contrast, first.bone, apart, -len(z), first.series_number, name)
        ranked.append((rank, series))
    ranked.sort(key=lambda item: item[0])
    for _, series in ranked[1:]:
        reasons |= {header.path: "other-series" for header in series}
    return (_in_order(ranked[0][1]) if ranked else []), reasons


def _in_order(series: Sequence[Header]) -> list[Header]:
    frames = [
        replace(header, positions=(position,)) for header in series for position in header.positions
    ]
    return [frames[place] for place in np.argsort(heights(frames), kind="stable")]


def _unusable(series: Sequence[Header]) -> str:
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
