"""Where in a scan models point, against labels of slices."""

import numpy as np
import pandas as pd
import pytest

from compare_slices import main as compare_slices
from ctseq.core.tables import read_table, write_table
from ctseq.evidence.over_replicates.design import Design
from ctseq.evidence.over_slices.analyses import OVER_SLICES
from ctseq.evidence.over_slices.localization import Pointed, localization_table, within_scans
from ctseq.families.tables import ATTENTION
from ctseq.intake.tables import SLICES
from ctseq.readers.subtypes import SUBTYPES
from ctseq.replicates.tables import SLICE_PREDICTIONS, SPLIT

pytestmark = pytest.mark.filterwarnings("error")


def rows_of(scans, column):
    rows = [
        (scan, number, value)
        for scan, values in scans.items()
        for number, value in enumerate(values, start=1)
    ]
    return pd.DataFrame(rows, columns=["scan_id", "slice_number", column])


def slices(**scans):
    rows = rows_of(scans, "target").astype({"target": "Int64"})
    return rows.assign(patient_id="of " + rows["scan_id"])


def scores(**scans):
    return rows_of(scans, "score")


def test_pairs_of_slices_and_the_highest_one_by_hand():
    """Of a, .9 and .4 are positive, above .5 and .3: three pairs of four. Of b, .5 alone is."""
    labels = slices(a=[1, 0, 1, 0], b=[0, 1, 0])
    found = within_scans(scores(a=[0.9, 0.5, 0.4, 0.3], b=[0.8, 0.5, 0.1]), labels)
    assert found[["scan_id", "patient_id"]].to_numpy().tolist() == [["a", "of a"], ["b", "of b"]]
    np.testing.assert_allclose(found["auc"], [0.75, 0.5])
    np.testing.assert_allclose(found["hit"], [1, 0])
    np.testing.assert_allclose(found["share"], [0.5, 1 / 3])


def test_equal_scores_are_chance():
    found = within_scans(scores(a=[0.5] * 4), slices(a=[1, 0, 0, 0])).iloc[0]
    assert (found["auc"], found["hit"], found["share"]) == (0.5, 0.25, 0.25)


def test_scans_without_both_kinds_of_slices_or_a_label_are_left_out():
    labels = slices(none=[0, 0], every=[1, 1], unknown=[1, pd.NA], both=[0, 1])
    scored = scores(none=[1, 0], every=[1, 0], unknown=[1, 0], both=[1, 0], unlisted=[1, 0])
    assert within_scans(scored, labels)["scan_id"].tolist() == ["both"]
    assert within_scans(scored[:0], labels).empty


def test_only_scored_slices_count():
    """A head that reads every other slice is asked about those that it reads."""
    scored = scores(a=[0.1, 0.2, 0.3, 0.4])
    found = within_scans(scored[scored["slice_number"].isin([2, 4])], slices(a=[1, 0, 1, 1]))
    assert found[["auc", "hit", "share"]].to_numpy().tolist() == [[1, 1, 0.5]]


def test_scans_are_averaged_within_a_replicate_first():
    rows = [("m", 1, "a", "a", 1.0, 1, 0.2), ("m", 2, "b-1", "b", 0.4, 0, 0.4)]
    rows += [("m", 2, "b-2", "b", 0.6, 1, 0.6)]
    columns = ["model", "replicate", "scan_id", "patient_id", "auc", "hit", "share"]
    scans = pd.DataFrame(rows, columns=columns).assign(scored_by="probability")
    pointed = Pointed(["other", "m"], scans, Design(0.25, 10), 0.05)
    table = localization_table(pointed).set_index("measure")
    assert table["model"].tolist() == ["m", "m"]
    assert table["estimate"].tolist() == pytest.approx([0.75, 0.75])
    assert table["chance"].tolist() == pytest.approx([0.5, (0.2 + 0.5) / 2])
    assert table[["n", "n_scans", "n_patients"]].to_numpy().tolist() == [[2, 3, 2]] * 2
    # Replicates 1 and .5: their deviation is .354, and t with one degree of freedom is 12.7.
    half = 12.706 * np.sqrt((1 / 2 + 0.5) * 0.125)
    assert table["low"].tolist() == pytest.approx([max(0, 0.75 - half)] * 2)


@pytest.mark.parametrize("labelled", [True, False])
def test_the_script_reads_every_run(tmp_path, labelled):
    labels = slices(a=[1, 0, 0], b=[0, 0, 0], c=[0, 1, 1])
    if not labelled:
        labels["target"] = pd.NA
    unknown = dict.fromkeys(["hemorrhage", *SUBTYPES, "fracture", "position_mm"], pd.NA)
    write_table(labels.assign(path="x.jpg", **unknown), tmp_path / "slices.csv", SLICES)
    split = pd.DataFrame({"patient_id": ["of a", "of b", "of c", "d"]})
    files = {"scores": [], "attention": [], "splits": []}
    for replicate in (1, 2):
        files["splits"].append(tmp_path / f"splits/replicate-{replicate:02d}.csv")
        own = split.assign(subset=np.where(split["patient_id"] == "d", "train", "test"))
        write_table(own, files["splits"][-1], SPLIT)
        for model, scored in (("image", True), ("video", False)):
            run = tmp_path / f"runs/{model}/replicate-{replicate:02d}"
            rows = labels.assign(probability=[0.9, 0.1, 0.2, 0.1, 0.1, 0.1, 0.9, 0.5, 0.6])
            rows = rows.assign(predicted=0)[: len(rows) * scored]
            files["scores"].append(run / "slice_predictions.csv")
            write_table(rows, files["scores"][-1], SLICE_PREDICTIONS)
        files["attention"].append(run / "attention.csv")
        write_table(labels.assign(weight=1 / 3), files["attention"][-1], ATTENTION)
    out = {"slices/localization": tmp_path / "localization.csv"}
    compare_slices(
        tmp_path / "slices.csv", files["splits"], files["scores"], files["attention"], out,
        models=["video", "image"], alpha=0.05,
    )  # fmt: skip
    made = read_table(tmp_path / "localization.csv", OVER_SLICES["slices/localization"].table)
    if not labelled:
        assert made.empty
        return
    names = made[["model", "scored_by", "measure"]].to_numpy().tolist()
    assert names == [
        ["video", "attention", "slice_auc"],
        ["video", "attention", "slice_hit"],
        ["image", "probability", "slice_auc"],
        ["image", "probability", "slice_hit"],
    ]
    # Equal weights are chance; the image model is right in a and wrong in c.
    assert made["estimate"].tolist() == pytest.approx([0.5, 0.5, 0.5, 0.5])
    assert made["n_scans"].tolist() == made["n_patients"].tolist() == [2, 2, 2, 2]
