"""Whatever is excluded: counts add up, order stays, and every label keeps to its slice."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctseq.core.errors import InputError
from ctseq.core.tables import typed
from ctseq.intake.counts import count_flow
from ctseq.intake.tables import INVENTORY, LISTING, SERIES
from ctseq.readers.subtypes import SUBTYPES
from indexed import select_slices

labels = st.dictionaries(
    st.tuples(st.integers(1, 130), st.integers(1, 60)),
    st.tuples(st.booleans(), st.lists(st.sampled_from([0, 1]), min_size=5, max_size=5)),
    min_size=1,
    max_size=40,
)


@given(labels)
def test_any_selection_keeps_counts_order_and_labels(labels):
    names = sorted(labels)
    kept = [int(labels[name][0]) for name in names]
    paths = [f"{p}/{k}" for p, k in names]
    reason = ["" if one else "cell" for one in kept]
    inventory = pd.DataFrame({"path": paths, "kept": kept, "reason": reason})
    inventory["scan_id"] = [f"{p:03d}" for p, _ in names]
    inventory["kind"] = "brain"
    rows = [
        {"scan_id": f"{p:03d}", "patient_id": f"{p:03d}", "slice_number": k}
        | {"target": max(labels[p, k][1])}
        | dict(zip(SUBTYPES, labels[p, k][1], strict=True))
        for p, k in names
    ]
    listing = typed(pd.DataFrame(rows).assign(path=paths, kept=kept, reason=reason), LISTING)
    people = pd.DataFrame({"patient_id": [], "age_years": [], "sex": []})
    kept = [name for name in names if labels[name][0]]
    positive = {p for p, k in kept if any(labels[p, k][1])}
    if len({p in positive for p, _ in kept}) < 2:
        with pytest.raises(InputError):
            select_slices(inventory, listing, people, typed([], SERIES))
        return
    slices, scans, summary = select_slices(inventory, listing, people, typed([], SERIES))
    found = zip(slices["patient_id"].astype(int), slices["slice_number"], strict=True)
    assert list(found) == kept
    assert slices["target"].tolist() == [int(any(labels[name][1])) for name in kept]
    assert set(scans.loc[scans["target"] == 1, "scan_id"].astype(int)) == positive
    flow = summary["flow"]["slices"]
    assert (flow["seen"], flow["used"]) == (len(names), len(kept))
    assert sum(flow["excluded_by_reason"].values()) == len(names) - len(kept)


@pytest.mark.filterwarnings("error")  # of pandas: what it warns of now, it will refuse
def test_a_scan_without_slices_is_counted_by_what_is_wrong_with_its_file():
    sound = {"path": "a/1.dcm", "kind": "slice", "scan_id": "a", "kept": 1, "reason": ""}
    cut = {"path": "b/1.dcm", "kind": "slice", "scan_id": "b", "kept": 0, "reason": "unreadable"}
    overview = cut | {"path": "c/1.dcm", "scan_id": "c", "reason": "localizer"}
    inventory = typed(pd.DataFrame([sound, cut, overview]), INVENTORY)
    flow = count_flow(inventory, typed([], LISTING), pd.DataFrame({"scan_id": ["a"]}))
    assert flow["scans"] == {
        "seen": 3,
        "used": 1,
        "excluded_by_reason": {"no-slices": 1, "unreadable": 1},
    }
