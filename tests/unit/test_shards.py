"""Shards: whole patients, in order, none empty, about equal; and arrays that are read as one."""

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.numpy import load_file, save_file

from ctseq.cache.features import map_features, precision_of, write_features
from ctseq.cache.row_arrays import RowArrays, StoredRows
from ctseq.cache.shards import patients_of_shard, shard_numbers
from ctseq.core.errors import InputError


@given(st.lists(st.integers(1, 60), min_size=1, max_size=40), st.integers(1, 40))
@example([60, 1, 1], 3)
@example([1, 1, 60], 3)
def test_every_patient_is_in_one_shard_and_order_is_kept(counts, shards):
    assume(shards <= len(counts))
    # Ids that as texts are in another order: `9` stands before `10`.
    sizes = {str(9 + k): n for k, n in enumerate(counts)}
    parts = [patients_of_shard(sizes, number, shards) for number in range(1, shards + 1)]
    assert all(parts)
    assert [patient for part in parts for patient in part] == list(sizes)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=60), st.integers(1, 20))
def test_shards_are_about_equal(sizes, shards):
    assume(shards <= len(sizes))
    numbers = shard_numbers(sizes, shards)
    assert numbers.tolist() == sorted(numbers)
    of_shard = np.bincount(numbers, weights=sizes)
    # Both ends of a shard are at most half a patient off, but where few patients are left.
    if shards * max(sizes) <= sum(sizes):
        assert abs(of_shard - sum(sizes) / shards).max() <= max(sizes)


def test_shards_of_equal_patients_are_equal():
    assert np.bincount(shard_numbers([30] * 12, 4)).tolist() == [3, 3, 3, 3]


def test_more_shards_than_patients_are_refused():
    with pytest.raises(InputError, match="shards is 3, but there are 2 patients"):
        patients_of_shard({"9": 4, "10": 5}, 1, 3)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.data())
def test_row_arrays_are_read_as_the_joined_one(lengths, data):
    joined = np.arange(sum(lengths) * 6, dtype=np.float32).reshape(-1, 2, 3)
    joint = RowArrays(np.split(joined, np.cumsum(lengths)[:-1]))
    assert (len(joint), joint.shape) == (len(joined), joined.shape)
    positions = st.integers(0, len(joined) - 1)
    rows = data.draw(
        arrays(np.int64, data.draw(st.sampled_from([(0,), (4,), (2, 3)])), elements=positions)
    )
    np.testing.assert_array_equal(joint[rows], joined[rows])


@given(st.data())
def test_stored_rows_are_those_of_the_array(tmp_path_factory, data):
    shape = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 3), st.integers(1, 3)))
    array = np.arange(np.prod(shape), dtype=data.draw(st.sampled_from(["u1", "<f4"]))).reshape(
        shape
    )
    path = tmp_path_factory.getbasetemp() / "rows.npy"
    np.save(path, array)
    stored = StoredRows(path)
    assert (len(stored), stored.shape, stored.dtype) == (len(array), array.shape, array.dtype)
    positions = st.integers(0, len(array) - 1)
    rows = data.draw(
        arrays(np.int64, data.draw(st.sampled_from([(0,), (4,), (2, 3)])), elements=positions)
    )
    np.testing.assert_array_equal(stored[rows], array[rows])


def test_a_file_that_ends_early_or_has_no_rows_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((3, 4)))
    content = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(content[:-1])
    stored = StoredRows(tmp_path / "a.npy")
    assert stored[np.array([0, 1])].shape == (2, 4)
    with pytest.raises(EOFError, match="ends before row 2"):
        stored[np.array([2])]
    np.save(tmp_path / "b.npy", np.zeros((3, 4), order="F"))
    with pytest.raises(ValueError, match="holds no plain rows"):
        StoredRows(tmp_path / "b.npy")


def test_features_are_written_as_the_library_does(tmp_path):
    features = np.random.default_rng(0).normal(0, 1, (5, 3)).astype(np.float32)
    found = {"precision": "bfloat16"}
    save_file({"features": features}, tmp_path / "whole.safetensors", metadata=found)
    parts = np.split(features, [2, 4])
    assert write_features(tmp_path / "a.safetensors", parts, rows=5, **found) == (5, 3)
    assert precision_of(tmp_path / "a.safetensors") == "bfloat16"
    whole = (tmp_path / "whole.safetensors").read_bytes()
    assert (tmp_path / "a.safetensors").read_bytes() == whole
    with pytest.raises(RuntimeError, match="2 rows were written, not 5"):
        write_features(tmp_path / "b.safetensors", [features[:2]], rows=5)
    with pytest.raises(RuntimeError, match="several shapes"):
        write_features(tmp_path / "b.safetensors", [features[:2], features[2:, :2]], rows=5)
    assert not (tmp_path / "b.safetensors").exists()


def test_features_are_mapped_as_they_are(tmp_path):
    features = np.random.default_rng(0).normal(0, 1, (5, 3)).astype(np.float32)
    save_file({"features": features}, tmp_path / "a.safetensors", metadata={"by": "a test"})
    mapped = map_features(tmp_path / "a.safetensors")
    np.testing.assert_array_equal(mapped, load_file(tmp_path / "a.safetensors")["features"])
    assert not mapped.flags.writeable
    assert precision_of(tmp_path / "a.safetensors") == "float32"  # unless the file says otherwise


def test_features_of_another_type_are_refused(tmp_path):
    save_file({"features": np.zeros((2, 2))}, tmp_path / "a.safetensors")
    with pytest.raises(ValueError, match="F64 and no float32"):
        map_features(tmp_path / "a.safetensors")
