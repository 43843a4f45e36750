"""Synthetic patients: reproducible, in the release's layout, and readable like it."""

import hashlib

import numpy as np
import pytest

from ctseq.datasets import ct_ich_jpg, reader_for
from ctseq.datasets.phantom import write_phantom
from ctseq.errors import InputError
from ctseq.selection import index_dataset, select_slices
from draw_phantom import main

SMALL = {"patients": 5, "positive": 3, "image_size": 64, "slices": (6, 9), "seed": 3}


def checksums(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def phantom(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantom")
    write_phantom(folder, **SMALL)
    return folder


def test_same_seed_same_bytes(phantom, tmp_path):
    write_phantom(tmp_path, **SMALL)
    assert checksums(tmp_path) == checksums(phantom)
    write_phantom(tmp_path / "other", **SMALL | {"seed": 4})
    assert (
        checksums(tmp_path / "other")
        .items()
        .isdisjoint(item for item in checksums(phantom).items() if "/bone/" in item[0])
    )


def test_a_negative_patient_does_not_depend_on_the_others(phantom, tmp_path):
    write_phantom(tmp_path, **SMALL | {"patients": 7})
    many = checksums(tmp_path)
    rows = ct_ich_jpg.read_diagnosis(phantom).groupby("patient_id")["no_hemorrhage"].min()
    negative = [f"{int(patient):03d}" for patient in rows[rows == 1].index]
    shared = {
        path: checksum
        for path, checksum in checksums(phantom).items()
        if any(path.startswith(f"Patients_CT/{patient}/") for patient in negative)
    }
    assert shared
    assert shared.items() <= many.items()


def test_reads_like_the_release(phantom):
    reader = reader_for(phantom)
    inventory, problems = index_dataset(phantom, reader, on_problem="error")
    assert problems.empty
    slices, patients, summary = select_slices(
        inventory, reader.read_diagnosis(phantom), reader.read_demographics(phantom)
    )
    assert (summary["patients"], summary["positive_patients"]) == (5, 3)
    assert patients["patient_id"].tolist() == ["049", "050", "051", "052", "053"]
    assert patients["n_slices"].between(6, 9).all()
    assert patients["age_years"].between(1, 110).all()
    assert set(patients["sex"]) <= {"M", "F"}
    reasons = summary["excluded_by_reason"]
    assert reasons["bone window"] == summary["brain_slices"] - 1
    assert reasons["mask"] == summary["positive_slices"]
    assert (reasons["table"], reasons["not part of the layout"]) == (2, 1)
    pixels = np.stack([reader.read_slice(phantom / path) for path in slices["path"]])
    assert pixels.shape[1:] == (64, 64)
    assert (pixels == 0).any(axis=(1, 2)).all()
    assert (pixels == 255).any(axis=(1, 2)).all()


def test_masks_mark_the_positive_slices(phantom):
    files = ct_ich_jpg.list_files(phantom)
    rows = ct_ich_jpg.read_diagnosis(phantom)
    masks = files[files["kind"] == "mask"]
    marked = set(zip(masks["patient_id"].astype(int), masks["slice_number"], strict=True))
    positive = rows[rows["no_hemorrhage"] == 0]
    assert marked == set(
        zip(positive["patient_id"].astype(int), positive["slice_number"], strict=True)
    )
    for path in masks["path"]:
        assert 3 <= (ct_ich_jpg.read_slice(phantom / path) >= 128).sum() < 64 * 64 / 4


def test_tables_have_the_quirks(phantom):
    diagnosis = (phantom / "hemorrhage_diagnosis.csv").read_bytes()
    assert diagnosis.startswith(b"\xef\xbb\xbfPatientNumber,SliceNumber,")
    assert diagnosis.count(b"\r\n") == diagnosis.count(b"\n")
    assert b'"Age\n(years)"' in (phantom / "patient_demographics.csv").read_bytes()


def test_even_one_slice_a_patient_shows_its_bleeding(tmp_path):
    write_phantom(tmp_path, patients=12, positive=12, image_size=32, slices=(1, 1), seed=0)
    assert (ct_ich_jpg.read_diagnosis(tmp_path)["no_hemorrhage"] == 0).all()


def test_arguments_are_checked(tmp_path):
    wrong = {"patients": 0, "positive": 6, "image_size": 8, "slices": (3, 2), "seed": -1}
    for name, value in wrong.items():
        with pytest.raises(InputError, match=f"{name} is "):
            write_phantom(tmp_path, **SMALL | {name: value})


def test_the_script_writes_it_whole(tmp_path):
    phantom = {"patients": 2, "positive": 1, "image_size": 32}
    main(dataset=str(tmp_path / "results/phantom"), phantom=phantom, seed=1)
    assert ct_ich_jpg.recognises(tmp_path / "results/phantom")
    with pytest.raises(InputError):
        main(dataset=str(tmp_path / "none"), phantom=phantom | {"positive": 3}, seed=1)
    assert [path.name for path in tmp_path.iterdir()] == ["results"]
