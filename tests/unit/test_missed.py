"""Which positive scans each model misses: the table, and what the page says of it."""

import dataclasses
import html

import pandas as pd
import pytest

from ctseq.evidence.over_patients import tested
from ctseq.evidence.over_patients.missed import missed_table
from ctseq.evidence.over_replicates.design import Design
from ctseq.report.opening.missed import Missed, missed_scans
from ctseq.report.page import render
from patients import SETTINGS, predictions, scans_of
from reports import TWO, study_of

TRUTH = {"01": 1, "02": 1, "03": 1, "04": 0}


def study(*rows):
    """Return the test sets of models a and b; `rows` hold replicate, scan, and what they call."""
    cells = [
        (model, replicate, scan, TRUTH[scan], float(call), call)
        for replicate, scan, *calls in rows
        for model, call in zip("ab", calls, strict=True)
    ]
    settings = {"models": ["a", "b"], "contrasts": [["a", "b"]], **SETTINGS}
    return tested.tested_of(predictions(*cells), scans_of(TRUTH), Design(0.5, 4), settings)


def test_false_negatives_are_counted_over_the_replicates_that_test_a_scan():
    table = missed_table(
        study((1, "01", 0, 1), (1, "02", 1, 1), (1, "04", 1, 0), (2, "01", 1, 1), (2, "03", 0, 0))
    )
    rows = table[["model", "scan_id", "n_missed", "n_tested"]].to_numpy().tolist()
    assert rows == [
        ["a", "03", 1, 1], ["a", "01", 1, 2], ["a", "02", 0, 1],
        ["b", "03", 1, 1], ["b", "01", 0, 2], ["b", "02", 0, 1],
    ]  # fmt: skip
    assert table["patient_id"].tolist() == table["scan_id"].tolist()


def with_missed(labels, *rows):
    """Return a study of models of which all miss the same: pairs of missed and tested."""
    columns = ["model", "scan_id", "patient_id", "n_missed", "n_tested"]
    cells = [
        (model, f"{n:03d}", f"{n:03d}", *pair) for model in labels for n, pair in enumerate(rows)
    ]
    known = study_of(labels)
    comparison = {**known.comparison, "missed": pd.DataFrame(cells, columns=columns)}
    return dataclasses.replace(known, comparison=comparison)


def test_a_handful_stands_in_the_open_and_the_others_are_folded():
    rows = [(4, 4), (4, 4), (3, 4), (2, 4), (2, 4), (1, 4), (1, 3), (0, 4)]
    one = missed_scans(with_missed(TWO, *rows))[0]
    assert one == Missed(
        "ViViT", "7 of 8", "000, 001 (4 of 4); 002 (3 of 4); 003, 004 (2 of 4)", 2,
        "005 (1 of 4); 006 (1 of 3)",
    )  # fmt: skip
    page = html.unescape(render(with_missed(TWO, *rows)))
    opening = page.partition("<nav")[0]
    shown = "<li>ViViT, 7 of 8: 000, 001 (4 of 4); 002 (3 of 4); 003, 004 (2 of 4); and 2 more</li>"
    assert shown in opening.partition("<details>")[0]
    assert "<li>ViViT: 005 (1 of 4); 006 (1 of 3)</li>" in opening.partition("<details>")[2]
    assert '<a href="predictions.csv">' in opening


def test_of_many_models_fewer_ids_stand_in_the_open():
    labels = {f"m{number}": f"Model {number}" for number in range(7)}
    one = missed_scans(with_missed(labels, *[(1, 1)] * 60))[0]
    assert (one.first, one.n_others) == ("000, 001, 002 (1 of 1)", 57)
    assert one.others.endswith("052 (1 of 1); and 7 more")


@pytest.mark.parametrize(("rows", "share"), [([(0, 3)], "none of 1"), ([], None)])
def test_a_model_that_misses_nothing_says_so(rows, share):
    found = missed_scans(with_missed(TWO, *rows))
    assert [one.share for one in found] == [share] * 2 * bool(rows)
    page = render(with_missed(TWO, *rows))
    assert ("<li>ViViT, none of 1</li>" in page) == bool(rows)
    assert "The others that were missed" not in page
