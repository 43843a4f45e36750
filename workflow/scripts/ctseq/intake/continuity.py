"""Whether a scan's slices follow each other: gaps, mixed distances, slices that were lost."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ctseq.core.words import listed
from ctseq.readers.problems import REASONS, SCAN, problem

# A distance is a gap if it is more than this many times the usual one nearby: half a distance is
# what rounding and the start of a scan's next part make.
_GAP = 1.5
# How many distances on each side tell what is usual nearby: the median of three bears one odd one.
_NEARBY = 3
# A distance that the next one repeats, to a tenth, is where a scan's distances change, if no wider
# than the thickest slices, 10 mm.
_REPEATED, _THICKEST_MM = 0.1, 10.0
# A gap is a problem beyond three usual distances, two lost slices, if it is also wider than a bleed
# of 1 ml, a ball of 12.4 mm: that may lie in it unseen.
_WIDE, _WIDE_MM = 3.0, 12.4


class Gap(NamedTuple):
    """A distance between two slices of a scan that is wider than usual.

    Attributes
    ----------
    scan_id, patient_id
        The scan's.
    below, above
        Numbers of the slices on both sides.
    path
        File of the slice above.
    mm, usual_mm
        The distance, and what is usual nearby.
    """

    scan_id: str
    patient_id: str
    below: int
    above: int
    path: str
    mm: float
    usual_mm: float

    @property
    def wide(self) -> bool:
        """Whether a bleed may be lost in it."""
        return self.mm > _WIDE * self.usual_mm and self.mm > _WIDE_MM

    @property
    def words(self) -> str:
        """How wide it is, and where."""
        return f"{self.mm:g} mm above slice {self.below}, usual are {self.usual_mm:g} mm"


def find_gaps(slices: pd.DataFrame) -> list[Gap]:
    """List the gaps of scans whose positions are known; `slices` are those used, from feet up."""
    return [gap for _, own in _uneven(slices) for gap in _gaps_of(own)]


def wide_gaps(gaps: Sequence[Gap]) -> Iterator[dict[str, Any]]:
    """Yield a problem for each scan with a gap in which a bleed may be lost: its widest."""
    for scan_id, own in _by_scan(gap for gap in gaps if gap.wide).items():
        widest = max(own, key=lambda gap: gap.mm)
        found = (SCAN, widest.path, widest.patient_id)
        yield problem("gap", *found, scan_id=scan_id, detail=widest.words)


def slice_notes(gaps: Sequence[Gap]) -> dict[tuple[str, int], str]:
    """Return what is odd about the slices above gaps, by scan and number."""
    return {(gap.scan_id, gap.above): gap.words for gap in gaps}


def scan_notes(listing: pd.DataFrame) -> dict[str, str]:
    """Return in words which scans have gaps, mixed distances or lost slices, by scan.

    `listing` is as `tables.LISTING`. Of scans that are not used nothing is said.
    """
    used = listing[listing["kept"] == 1]
    notes: dict[str, list[str]] = {}
    gaps = _by_scan(find_gaps(used))
    for scan_id, own in gaps.items():
        notes[scan_id] = [_gap_words(own)]
    for scan_id, own in _uneven(used):
        usual = _usual_distances(own)
        if usual.max() > _GAP * usual.min():
            words = f"mixed distances, {usual.min():g} to {usual.max():g} mm"
            notes.setdefault(scan_id, []).append(words)
    lost = listing[(listing["kept"] == 0) & listing["scan_id"].isin(used["scan_id"])]
    for scan_id, own in lost.groupby("scan_id", sort=False):
        why = listed(REASONS[code].words for code in own["reason"].unique())
        words = f"{len(own)} {'slice' if len(own) == 1 else 'slices'} left out ({why})"
        notes.setdefault(scan_id, []).append(words)
    return {scan_id: "; ".join(words) for scan_id, words in notes.items()}


def _uneven(slices: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the scans whose distances are not all alike, those that may have gaps."""
    z, same = slices["position_mm"], slices["scan_id"].eq(slices["scan_id"].shift())
    distances = z.diff().where(same)
    ends = distances.groupby(slices["scan_id"], sort=False).agg(["min", "max"])
    # Positions that do not rise are no places of one scan: two files claim to be one slice.
    uneven = ends.index[(ends["min"] > 0) & (ends["max"] > _GAP * ends["min"])]
    yield from slices[slices["scan_id"].isin(uneven)].groupby("scan_id", sort=False)


def _gaps_of(own: pd.DataFrame) -> list[Gap]:
    distances = _distances(own)
    usual = _nearby(distances)
    gaps = np.flatnonzero(distances > _GAP * usual)
    numbers, paths = own["slice_number"].tolist(), own["path"].tolist()
    scan = own.iloc[0]
    return [
        Gap(
            *(scan["scan_id"], scan["patient_id"], numbers[k], numbers[k + 1], paths[k + 1]),
            *(round(float(distances[k]), 3), round(float(usual[k]), 3)),
        )
        for k in gaps
    ]


def _usual_distances(own: pd.DataFrame) -> np.ndarray:
    """Return the distances that are no gaps."""
    distances = _distances(own)
    return distances[distances <= _GAP * _nearby(distances)]


def _distances(own: pd.DataFrame) -> np.ndarray:
    return np.round(np.diff(own["position_mm"].to_numpy()), 3)


def _nearby(distances: np.ndarray) -> np.ndarray:
    """Return the usual distance near each one, without itself: the larger of those on both sides.

    So a scan whose distances change once, from 2.5 to 5 mm, has no gap there.
    """
    usual = np.empty(len(distances))
    for k in range(len(distances)):
        sides = (distances[max(0, k - _NEARBY) : k], distances[k + 1 : k + 1 + _NEARBY])
        usual[k] = max((float(np.median(side)) for side in sides if len(side)), default=np.inf)
    repeated = np.abs(np.diff(distances)) <= _REPEATED * distances[1:]
    repeated = np.append(repeated, False) | np.insert(repeated, 0, False)
    return np.where(repeated & (distances <= _THICKEST_MM), np.maximum(usual, distances), usual)


def _by_scan(gaps: Iterable[Gap]) -> dict[str, list[Gap]]:
    of_scan: dict[str, list[Gap]] = {}
    for gap in gaps:
        of_scan.setdefault(gap.scan_id, []).append(gap)
    return of_scan


def _gap_words(gaps: Sequence[Gap]) -> str:
    widest = max(gaps, key=lambda gap: gap.mm)
    words = f"gap of {widest.words}"
    return words if len(gaps) == 1 else f"{len(gaps)} gaps, the widest a {words}"
