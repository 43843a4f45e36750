"""What a replicate has to learn: whose label a row has, and which rows never meet."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctseq.core.errors import InputError
from ctseq.core.tables import read_table, write_table
from ctseq.replicates.splits import draw_split
from ctseq.replicates.tables import SCORES
from ctseq.replicates.tasks import (
    Fit,
    Task,
    draw_fits,
    draw_task,
    row_labels,
    tabulate_scores,
)
from scans import alone

# Patient 049 has two scans, of which the second is positive.
SCANS = pd.DataFrame(
    {
        "scan_id": ["049-1", "049-2", "050"],
        "patient_id": ["049", "049", "050"],
        "target": [0, 1, 0],
    }
)
SLICES = pd.DataFrame(
    {
        "scan_id": np.repeat(SCANS["scan_id"], 2),
        "slice_number": [1, 2] * 3,
        "target": [0, 0, 0, 1, 0, 0],
    }
)
ROWS = pd.DataFrame(
    {"scan_id": ["050", "049-1", "049-2", "049-2"], "slice_number": [2, 1, 2, 1]},
)


@pytest.mark.parametrize(("of", "expected"), [("slice", [0, 0, 1, 0]), ("scan", [0, 0, 1, 1])])
def test_rows_get_their_slices_or_their_scans_label(of, expected):
    found = row_labels(ROWS, SLICES, SCANS, of=of)
    assert found.tolist() == expected
    assert found.dtype.kind == "i"


def test_sequences_have_no_slice_number():
    rows = SCANS[["scan_id"]].assign(slice_number=pd.NA)
    assert row_labels(rows, None, SCANS, of="scan").tolist() == [0, 1, 0]


@pytest.mark.parametrize("of", ["slice", "scan"])
def test_a_row_that_the_tables_do_not_know_is_named(of):
    rows = pd.DataFrame({"scan_id": ["049-1", "051"], "slice_number": [1, 7]})
    with pytest.raises(InputError, match="no label for .*'scan_id': '051'"):
        row_labels(rows, SLICES, SCANS, of=of)


def test_slices_without_labels_of_their_own_refuse_to_teach():
    unknown = SLICES.assign(target=pd.array([pd.NA] * 6, dtype="Int64"))
    with pytest.raises(InputError, match="labels of scans and none of slices.*labels: scan"):
        row_labels(ROWS, unknown, SCANS, of="slice")
    assert row_labels(ROWS, unknown, SCANS, of="scan").tolist() == [0, 0, 1, 1]


def several_scans(numbers):
    """Return scans of patients who have these numbers of scans, and a row for each two slices.

    Every other patient has a positive scan: the last.
    """
    scans = pd.DataFrame(
        [
            {"scan_id": f"{patient:03d}-{scan}", "patient_id": f"{patient:03d}",
             "target": int(patient % 2 and scan == n)}
            for patient, n in enumerate(numbers) for scan in range(1, n + 1)
        ]
    )  # fmt: skip
    rows = scans[["scan_id", "patient_id"]].loc[np.repeat(scans.index, 2)].reset_index(drop=True)
    return scans, rows.assign(slice_number=[1, 2] * len(scans))


@given(
    numbers=st.lists(st.integers(1, 4), min_size=20, max_size=40),
    folds=st.none() | st.integers(2, 5),
    views=st.integers(1, 2),
    repeats=st.integers(1, 3),
    replicate=st.integers(1, 20),
)
def test_scans_of_a_patient_are_never_learned_from_and_held_out(
    numbers, folds, views, repeats, replicate
):
    scans, rows = several_scans(numbers)
    settings = {"scheme": "random", "test_proportion": 0.3, "stratify": True}
    split = draw_split(scans, settings, replicate=replicate, seed=3)
    task = draw_task(
        *(rows, scans, None, split),
        **{"labels": "scan", "sequence_rule": "any", "views": views, "folds": folds},
        **{"repeats": repeats},
        **{"seed": 3, "replicate": replicate},
    )
    assert len(task.labels) == views * len(rows)
    assert len(task.inner) == (folds or 0) * repeats
    for fit in (task.outer, *task.inner):
        learned, held_out = (
            set(rows["patient_id"].iloc[own % len(rows)]) for own in (fit.train, fit.held_out)
        )
        assert learned
        assert held_out
        assert not learned & held_out
    # Rows are combined by scan, and a scan has its own label.
    assert len(set(task.scans.numbers)) == len(scans)
    truth = scans.set_index("scan_id")["target"]
    assert task.scans.labels.tolist() == rows["scan_id"].map(truth).tolist()


def test_scores_are_sorted_and_name_their_scan(tmp_path):
    rows = pd.DataFrame(
        {
            "scan_id": ["b", "a-2", "a-1", "a-1"],
            "patient_id": ["b", "a", "a", "a"],
            "slice_number": pd.array([1, 1, 2, 1], dtype="Int64"),
        }
    )
    test, others = np.array([0]), np.array([1, 2, 3])
    task = Task(rows, np.zeros(4), alone(np.zeros(4)), Fit(others, test), [Fit(test, others)])
    scores = tabulate_scores(task, np.array([0.5]), [np.array([0.1, 0.2, 0.3])])
    write_table(scores, tmp_path / "scores.csv", SCORES)
    assert read_table(tmp_path / "scores.csv", SCORES).to_numpy().tolist() == [
        ["a-1", "a", 1, "held_out", 0.3],
        ["a-1", "a", 2, "held_out", 0.2],
        ["a-2", "a", 1, "held_out", 0.1],
        ["b", "b", 1, "test", 0.5],
    ]


def test_folds_are_drawn_anew_each_time_and_the_first_ones_stay():
    scans, rows = several_scans([1] * 20)
    split = draw_split(
        scans, {"scheme": "random", "test_proportion": 0.3, "stratify": True}, replicate=1, seed=3
    )

    def held_out(repeats):
        options = {"folds": 2, "repeats": repeats, "seed": [3, 1, 4]}
        return [fit.held_out.tolist() for fit in draw_fits(rows, scans, split, **options)[1]]

    once, thrice = held_out(1), held_out(3)
    assert thrice[:2] == once
    drawn = [sorted(map(tuple, thrice[start : start + 2])) for start in (0, 2, 4)]
    assert len({str(folds) for folds in drawn}) == 3
    for own in drawn:  # every training row once a time
        assert sorted(sum(own, ())) == sorted(sum(thrice[:2], []))


def test_a_row_that_is_held_out_several_times_has_its_mean_probability():
    rows = ROWS.assign(patient_id=["050", "049", "049", "049"])
    rows["slice_number"] = rows["slice_number"].astype("Int64")
    none = np.array([], int)
    inner = [Fit(none, np.array(own)) for own in ([1, 2], [3], [3, 1], [2])]
    task = Task(rows, np.zeros(4), alone(np.zeros(4)), Fit(np.array([1, 2, 3]), none[:0]), inner)
    held_out = [np.array(own) for own in ([0.2, 0.4], [0.6], [1.0, 0.4], [0.8])]
    scores = tabulate_scores(task, np.empty(0), held_out)
    assert scores["scan_id"].tolist() == ["049-1", "049-2", "049-2"]
    assert scores["probability"].tolist() == pytest.approx([0.3, 0.8, 0.6])
