"""Splits: by patient, reproducible one by one, never overlapping."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctseq.errors import InputError
from ctseq.splits import read_split, rows_of, split_patients


def patients(n, n_positive):
    return pd.DataFrame(
        {
            "patient_id": [f"{number:03d}" for number in range(49, 49 + n)],
            "hemorrhage": [int(number < n_positive) for number in range(n)],
        }
    )


def draw(table, **changes):
    options = {"replicate": 1, "validation_proportion": 0.3, "stratify": False, "seed": 0}
    return split_patients(table, **(options | changes))


def test_the_papers_sizes():
    counts = draw(patients(82, 36))["subset"].value_counts()
    assert counts.to_dict() == {"train": 57, "validation": 25}


def test_stratified_keeps_the_shares():
    table = patients(82, 36)
    split = draw(table, stratify=True).merge(table, on="patient_id")
    positives = split[split["hemorrhage"] == 1]["subset"].value_counts()
    assert positives.to_dict() == {"train": 25, "validation": 11}  # 0.3 * 36 = 10.8


@given(
    n=st.integers(10, 90),
    share=st.floats(0.2, 0.8),
    proportion=st.floats(0.1, 0.6),
    replicate=st.integers(1, 50),
    stratify=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_every_patient_is_in_one_subset_whatever_the_order(
    n, share, proportion, replicate, stratify, seed
):
    table = patients(n, max(3, int(n * share)))
    options = {
        "replicate": replicate,
        "validation_proportion": proportion,
        "stratify": stratify,
        "seed": seed,
    }
    try:
        split = draw(table, **options)
    except InputError as error:
        assert "one class" in str(error)  # noqa: PT017 - a free draw may miss a class
        return
    assert sorted(split["patient_id"]) == sorted(table["patient_id"])
    assert set(split["subset"]) == {"train", "validation"}
    assert split.equals(draw(table.sample(frac=1, random_state=1), **options))


def test_replicates_and_seeds_differ():
    table = patients(82, 36)
    splits = [draw(table), draw(table, replicate=2), draw(table, seed=1)]
    assert not splits[0].equals(splits[1])
    assert not splits[0].equals(splits[2])


@pytest.mark.parametrize(
    ("n", "proportion", "message"),
    [(2, 0.1, "no validation patient"), (3, 0.9, "no train patient")],
)
def test_too_few_patients(n, proportion, message):
    with pytest.raises(InputError, match=message):
        draw(patients(n, 1), validation_proportion=proportion)


def test_one_class_in_training():
    with pytest.raises(InputError, match=r"one class.*splits\.stratify"):
        draw(patients(20, 0))


def test_a_patient_in_two_subsets_is_refused(tmp_path):
    path = tmp_path / "replicate-01.csv"
    path.write_text("patient_id,subset\n049,train\n050,validation\n049,validation\n")
    with pytest.raises(InputError, match=r"replicate-01\.csv names a row twice: patient_id 049"):
        read_split(path)


def test_an_unknown_subset_is_refused(tmp_path):
    path = tmp_path / "replicate-01.csv"
    path.write_text("patient_id,subset\n049,test\n")
    with pytest.raises(InputError, match="names the subset 'test'"):
        read_split(path)


def test_rows_follow_their_patient():
    split = pd.DataFrame({"patient_id": ["049", "050"], "subset": ["train", "validation"]})
    ids = pd.Series(["050", "049", "050"])
    assert rows_of(split, "validation", ids).tolist() == [True, False, True]
    with pytest.raises(InputError, match="Patient 051"):
        rows_of(split, "train", pd.Series(["051"]))
