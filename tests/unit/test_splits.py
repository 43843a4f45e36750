"""Splits: by patient, reproducible one by one, never overlapping."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctseq.core.errors import InputError
from ctseq.evidence.over_replicates.design import design_of_splits
from ctseq.replicates.splits import (
    draw_split,
    random_split,
    read_split,
    repeated_kfold_split,
    rows_of,
)


def patients(n, n_positive):
    return pd.DataFrame(
        {
            "patient_id": [f"{number:03d}" for number in range(49, 49 + n)],
            "target": [int(number < n_positive) for number in range(n)],
        }
    )


def draw(table, **changes):
    options = {"replicate": 1, "test_proportion": 0.3, "stratify": False, "seed": 0}
    return random_split(table, **(options | changes))


def test_the_papers_sizes():
    counts = draw(patients(82, 36))["subset"].value_counts()
    assert counts.to_dict() == {"train": 57, "test": 25}


def test_stratified_keeps_the_shares():
    table = patients(82, 36)
    split = draw(table, stratify=True).merge(table, on="patient_id")
    positives = split[split["target"] == 1]["subset"].value_counts()
    assert positives.to_dict() == {"train": 25, "test": 11}  # 0.3 * 36 = 10.8


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
        "test_proportion": proportion,
        "stratify": stratify,
        "seed": seed,
    }
    try:
        split = draw(table, **options)
    except InputError as error:
        assert "training patients are positive" in str(error)  # noqa: PT017 - a free draw may
        return
    assert sorted(split["patient_id"]) == sorted(table["patient_id"])
    assert set(split["subset"]) == {"train", "test"}
    assert split.equals(draw(table.sample(frac=1, random_state=1), **options))


@given(
    scans=st.lists(st.integers(1, 4), min_size=20, max_size=60),
    scheme=st.sampled_from([{"test_proportion": 0.3, "stratify": True}, {"folds": 4}]),
    replicate=st.integers(1, 9),
    seed=st.integers(0, 2**32 - 1),
)
def test_scans_are_split_as_their_patients_are(scans, scheme, replicate, seed):
    table = patients(len(scans), len(scans) // 2)
    several = table.loc[np.repeat(table.index, scans)]
    # One scan of a positive patient is enough, whichever it is.
    positive = several["target"].to_numpy() * (np.random.default_rng(seed).random(sum(scans)) < 0.5)
    positive[~several.index.duplicated()] = table["target"]
    several = several.assign(target=positive).sample(frac=1, random_state=seed)
    name = "repeated_kfold" if "folds" in scheme else "random"
    options = {"settings": {"scheme": name, **scheme}, "replicate": replicate, "seed": 1}
    assert draw_split(several, **options).equals(draw_split(table, **options))


def test_replicates_and_seeds_differ():
    table = patients(82, 36)
    splits = [draw(table), draw(table, replicate=2), draw(table, seed=1)]
    assert not splits[0].equals(splits[1])
    assert not splits[0].equals(splits[2])


@pytest.mark.parametrize(
    ("n", "proportion", "message"),
    [(2, 0.1, "no test patient"), (3, 0.9, "no train patient")],
)
def test_too_few_patients(n, proportion, message):
    with pytest.raises(InputError, match=message):
        draw(patients(n, 1), test_proportion=proportion)


def test_one_class_in_training():
    with pytest.raises(InputError, match=r"0 of 14 .*and 0 of all 20.*splits\.stratify"):
        draw(patients(20, 0))


def test_patients_with_scans_of_both_classes_are_learnt_from():
    scans = pd.DataFrame({"patient_id": [*"abcd"] * 2, "target": [0] * 4 + [1] * 4})
    assert draw(scans)["subset"].value_counts().to_dict() == {"train": 3, "test": 1}
    with pytest.raises(InputError, match="nothing can be learnt"):
        draw(scans.assign(target=1))


def fold(table, replicate, **changes):
    return repeated_kfold_split(table, replicate=replicate, **({"folds": 5, "seed": 0} | changes))


def on_test(split):
    return split.loc[split["subset"] == "test", "patient_id"].tolist()


@given(
    n_positive=st.integers(2, 40),
    n_negative=st.integers(2, 40),
    folds=st.integers(2, 7),
    repetition=st.integers(0, 3),
    seed=st.integers(0, 2**32),
)
def test_a_repetition_tests_on_everyone_once_in_equal_folds(
    n_positive, n_negative, folds, repetition, seed
):
    table = patients(n_positive + n_negative, n_positive)
    replicates = range(repetition * folds + 1, (repetition + 1) * folds + 1)
    options = {"folds": folds, "seed": seed}
    if min(n_positive, n_negative) < folds:
        with pytest.raises(InputError, match=r"splits\.folds is"):
            fold(table, replicates[0], **options)
        return
    splits = [fold(table, replicate, **options) for replicate in replicates]
    tested_on = Counter(patient for split in splits for patient in on_test(split))
    assert tested_on == dict.fromkeys(table["patient_id"], 1)
    truth = table.set_index("patient_id")["target"]
    held_out = [truth[on_test(split)] for split in splits]
    for sizes in ([len(part) for part in held_out], [part.sum() for part in held_out]):
        assert max(sizes) - min(sizes) <= 1
    for split in splits:
        assert set(truth[split.loc[split["subset"] == "train", "patient_id"]]) == {0, 1}
    shuffled = table.sample(frac=1, random_state=1)
    assert splits[0].equals(fold(shuffled, replicates[0], **options))


def test_repetitions_and_seeds_are_drawn_anew():
    table = patients(82, 36)
    first = {tuple(on_test(fold(table, replicate))) for replicate in range(1, 6)}
    second = {tuple(on_test(fold(table, replicate))) for replicate in range(6, 11)}
    other = {tuple(on_test(fold(table, replicate, seed=1))) for replicate in range(1, 6)}
    assert not first & second
    assert not first & other


def test_the_corrected_test_takes_the_ratio_of_the_folds():
    splits = [fold(patients(82, 36), replicate) for replicate in range(1, 6)]
    sizes = sorted(len(on_test(split)) for split in splits)
    assert sizes == [16, 16, 16, 17, 17]
    ratio = (3 * 16 / 66 + 2 * 17 / 65) / 5
    assert design_of_splits(splits).test_train_ratio == pytest.approx(ratio)


def test_more_folds_than_patients_of_a_class():
    with pytest.raises(InputError, match="only 3 of 20 patients are positive.*splits.scheme"):
        fold(patients(20, 3), 1)


def test_a_patient_in_two_subsets_is_refused(tmp_path):
    path = tmp_path / "replicate-01.csv"
    path.write_text("patient_id,subset\n049,train\n050,test\n049,test\n")
    with pytest.raises(InputError, match=r"replicate-01\.csv names a row twice: patient_id 049"):
        read_split(path)


def test_an_unknown_subset_is_refused(tmp_path):
    path = tmp_path / "replicate-01.csv"
    path.write_text("patient_id,subset\n049,validation\n")
    with pytest.raises(InputError, match="names the subset 'validation'"):
        read_split(path)


def test_rows_follow_their_patient():
    split = pd.DataFrame({"patient_id": ["049", "050"], "subset": ["train", "test"]})
    ids = pd.Series(["050", "049", "050"])
    assert rows_of(split, "test", ids).tolist() == [True, False, True]
    with pytest.raises(InputError, match="Patient 051"):
        rows_of(split, "train", pd.Series(["051"]))
