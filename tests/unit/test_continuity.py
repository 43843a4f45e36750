"""Gaps, mixed distances and lost slices: found, noted, and beyond a bound a problem."""

import numpy as np
import pandas as pd
import pytest

from ct_files import HU, ct, save
from ctseq.core.errors import InputError
from ctseq.intake.continuity import find_gaps, scan_notes, slice_notes, wide_gaps
from ctseq.intake.index import index_dataset


def listing_of(positions, reasons=None):
    n = len(positions)
    reasons = reasons or [""] * n
    return pd.DataFrame(
        {
            "scan_id": "a",
            "patient_id": "a",
            "slice_number": range(1, n + 1),
            "path": [f"a/{k}" for k in range(1, n + 1)],
            "position_mm": np.array(positions, float),
            "kept": [int(not reason) for reason in reasons],
            "reason": reasons,
        }
    )


@pytest.mark.parametrize(
    ("positions", "gaps"),
    [
        ([0, 5, 10, 15, 20], []),
        ([0, 5, 10, 20, 25], [(3, 10, 5)]),
        ([0, 10, 15, 20, 25], [(1, 10, 5)]),  # at an end
        ([0, 5, 10, 15, 25], [(4, 10, 5)]),
        ([0, 5, 10, 17, 22], []),  # 1.4 distances
        ([0, 5, 10, 18, 23], [(3, 8, 5)]),  # 1.6
        # 2.5 mm at the base and 5 mm above: no gap where they meet, but one further up.
        ([0, 2.5, 5, 7.5, 12.5, 17.5, 22.5], []),
        ([0, 2.5, 5, 7.5, 12.5, 17.5, 27.5, 32.5], [(6, 10, 5)]),
        ([0, 2.5, 5, 7.5, 12.5, 17.5], []),
        ([0, 5, 10, 40, 70, 75, 80], [(3, 30, 5), (4, 30, 5)]),  # no slices are 30 mm apart
        ([0, 5, 15, 20, 30, 35], [(2, 10, 5), (4, 10, 5)]),
        ([0], []),
        ([0, 5], []),
        ([np.nan] * 4, []),
        ([0, 5, 5, 10], []),  # two files for one slice are a problem of their own
    ],
)
def test_a_gap_is_wider_than_what_is_usual_nearby(positions, gaps):
    found = find_gaps(listing_of(positions))
    assert [(gap.below, gap.mm, gap.usual_mm) for gap in found] == gaps


def test_scans_do_not_run_into_each_other():
    two = pd.concat([listing_of([0, 5, 10]), listing_of([90, 95, 100]).assign(scan_id="b")])
    assert find_gaps(two) == []


@pytest.mark.parametrize(
    ("positions", "wide"),
    [
        ([0, 5, 10, 25, 30], False),  # 3 distances: two slices are lost
        ([0, 5, 10, 30, 35], True),  # 4
        ([0, 1, 2, 14, 15], False),  # 12 distances, but no wider than 12.4 mm
        ([0, 1, 2, 15, 16], True),
    ],
)
def test_a_gap_that_may_hold_a_bleed_is_a_problem(positions, wide):
    problems = list(wide_gaps(find_gaps(listing_of(positions))))
    assert bool(problems) == wide
    if wide:
        assert (problems[0]["problem"], problems[0]["scan_id"]) == ("gap", "a")
        assert problems[0]["action"] == "scan excluded"
        assert problems[0]["path"] == "a/4"


def test_a_slice_above_a_gap_says_so():
    notes = slice_notes(find_gaps(listing_of([0, 5, 10, 20, 25])))
    assert notes == {("a", 4): "10 mm above slice 3, usual are 5 mm"}


@pytest.mark.parametrize(
    ("positions", "reasons", "note"),
    [
        ([0, 5, 10], None, None),
        ([0, 5, 10, 20, 25], None, "gap of 10 mm above slice 3, usual are 5 mm"),
        ([0, 5, 15, 20, 35, 40], None,
         "2 gaps, the widest a gap of 15 mm above slice 4, usual are 5 mm"),
        ([0, 2.5, 5, 7.5, 12.5, 17.5], None, "mixed distances, 2.5 to 5 mm"),
        ([0, 5, 10, 15, 20], ["", "", "unreadable", "", ""],
         "gap of 10 mm above slice 2, usual are 5 mm; 1 slice left out (unreadable image)"),
        ([0, 5, 10, 15, 20], ["", "", "", "cell", "unreadable"],
         "2 slices left out (cell is not 0, 1 or blank and unreadable image)"),
        ([0, 5, 20], ["cell"] * 3, None),  # not used at all
    ],
)  # fmt: skip
def test_a_scan_says_what_is_odd(positions, reasons, note):
    assert scan_notes(listing_of(positions, reasons)).get("a") == note


def dataset(folder, heights):
    for shift, patient in enumerate("ab"):
        for k, z in enumerate(heights if patient == "a" else [0, 5, 10]):
            image = ct(HU + 50 * shift + k, z=z, PatientID=patient)
            save(image, folder / f"{patient}/{k}.dcm")
    (folder / "labels.csv").write_text("patient_id,label\na,1\nb,0\n")


def test_a_small_gap_is_kept_and_noted(tmp_path):
    dataset(tmp_path, [0, 5, 10, 20, 25])
    found = index_dataset(tmp_path, "dicom", on_problem="error")
    assert found.listing["kept"].all()
    notes = found.listing.set_index("path")["note"]
    assert notes[notes != ""].to_dict() == {"a/3.dcm": "10 mm above slice 3, usual are 5 mm"}
    assert found.series["note"].tolist() == ["gap of 10 mm above slice 3, usual are 5 mm", ""]


def test_a_wide_gap_stops_or_leaves_the_scan_out(tmp_path):
    dataset(tmp_path, [0, 5, 10, 40, 45])
    words = (
        r"a/3.dcm: patient a: too many slices are missing in between "
        r"\(30 mm above slice 3, usual are 5 mm\)"
    )
    with pytest.raises(InputError, match=words):
        index_dataset(tmp_path, "dicom", on_problem="error")
    found = index_dataset(tmp_path, "dicom", on_problem="exclude")
    assert found.problems["problem"].tolist() == ["gap"]
    kept = found.listing.loc[found.listing["kept"] == 1, "scan_id"]
    assert kept.unique().tolist() == ["b"]


def test_slices_that_are_excluded_leave_a_gap(tmp_path):
    dataset(tmp_path, [0, 5, 10, 15, 20, 25, 30, 35])
    for k in (3, 4, 5):
        path = tmp_path / f"a/{k}.dcm"
        path.write_bytes(path.read_bytes()[:-9])
    found = index_dataset(tmp_path, "dicom", on_problem="exclude")
    assert found.problems["problem"].tolist() == ["unreadable"] * 3 + ["gap"]
    assert found.listing.set_index("path")["reason"]["a/0.dcm"] == "gap"
