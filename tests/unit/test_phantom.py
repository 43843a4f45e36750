"""Synthetic patients: reproducible, in the release's layout, and readable like it."""

import hashlib

import numpy as np
import pytest

from ctseq.core.errors import InputError
from ctseq.imaging.windows import PRESETS
from ctseq.phantom.layouts import LAYOUTS, write_phantom
from ctseq.readers import ct_ich_jpg
from ctseq.readers.contents import LABELS, frame
from ctseq.readers.images import read_image
from ctseq.readers.registry import reader_of, recognise
from draw_phantom import main
from indexed import list_files, selected

SMALL = {"patients": 5, "positive": 3, "image_size": 64, "slices": (6, 9), "seed": 3}


def diagnosis(folder):
    """Return the label rows."""
    return frame(ct_ich_jpg.list_contents(folder).labels, LABELS)


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
    rows = diagnosis(phantom).groupby("patient_id")["hemorrhage"].max()
    negative = [f"{int(patient):03d}" for patient in rows[rows == 0].index]
    shared = {
        path: checksum
        for path, checksum in checksums(phantom).items()
        if any(path.startswith(f"Patients_CT/{patient}/") for patient in negative)
    }
    assert shared
    assert shared.items() <= many.items()


def test_reads_like_the_release(phantom):
    slices, scans, summary = selected(phantom, "ct-ich-jpg")
    assert (summary["patients"], summary["positive_patients"]) == (5, 3)
    assert scans["patient_id"].tolist() == ["049", "050", "051", "052", "053"]
    assert scans["n_slices"].between(6, 9).all()
    assert scans["age_years"].between(1, 110).all()
    assert set(scans["sex"]) <= {"M", "F"}
    reasons = summary["flow"]["files"]["excluded_by_reason"]
    assert reasons["bone"] == summary["brain_slices"] - 1
    assert reasons["mask"] == summary["positive_slices"]
    assert (reasons["table"], reasons["other"]) == (2, 1)
    pixels = np.stack([read_image(phantom / path) for path in slices["path"]])
    assert pixels.shape[1:] == (64, 64)
    assert (pixels == 0).any(axis=(1, 2)).all()
    assert (pixels == 255).any(axis=(1, 2)).all()


def test_masks_mark_the_positive_slices(phantom):
    files = list_files(ct_ich_jpg, phantom)
    rows = diagnosis(phantom)
    masks = files[files["kind"] == "mask"]
    marked = set(zip(masks["patient_id"].astype(int), masks["slice_number"], strict=True))
    positive = rows[rows["hemorrhage"] == 1]
    assert marked == set(
        zip(positive["patient_id"].astype(int), positive["slice_number"], strict=True)
    )
    for path in masks["path"]:
        assert 3 <= (read_image(phantom / path) >= 128).sum() < 64 * 64 / 4


def test_tables_have_the_quirks(phantom):
    content = (phantom / "hemorrhage_diagnosis.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfPatientNumber,SliceNumber,")
    assert content.count(b"\r\n") == content.count(b"\n")
    assert b'"Age\n(years)"' in (phantom / "patient_demographics.csv").read_bytes()


def test_even_one_slice_a_patient_shows_its_bleeding(tmp_path):
    write_phantom(tmp_path, patients=12, positive=12, image_size=32, slices=(1, 1), seed=0)
    assert (diagnosis(tmp_path)["hemorrhage"] == 1).all()


def test_arguments_are_checked(tmp_path):
    wrong = {"patients": 0, "positive": 6, "image_size": 8, "slices": (3, 2), "seed": -1}
    for name, value in wrong.items():
        with pytest.raises(InputError, match=f"{name} is "):
            write_phantom(tmp_path, **SMALL | {name: value})


def test_the_script_writes_it_whole(tmp_path):
    phantom = {"patients": 2, "positive": 1, "image_size": 32, "layout": "ct-ich-jpg", "seed": 1}
    main(dataset=str(tmp_path / "results/phantom"), phantom=phantom)
    assert ct_ich_jpg.recognises(tmp_path / "results/phantom")
    with pytest.raises(InputError):
        main(dataset=str(tmp_path / "none"), phantom=phantom | {"positive": 3})
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


@pytest.fixture(scope="module")
def layouts(tmp_path_factory):
    """Return the same patients in every layout."""
    folders = {layout: tmp_path_factory.mktemp(layout) for layout in LAYOUTS}
    for layout, folder in folders.items():
        write_phantom(folder, layout=layout, **SMALL)
    return folders


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_slices_and_labels(layouts, layout):
    expected, wanted, _ = selected(layouts["ct-ich-jpg"], "ct-ich-jpg")
    slices, scans, _ = selected(layouts[layout], layout)
    # A picture has no position, and a table of labels may leave out fractures.
    told = [name for name in slices if name not in ("path", "position_mm", "fracture")]
    assert slices[told].equals(expected[told])
    counts = ["scan_id", "patient_id", "target", "n_slices", "n_positive_slices"]
    assert scans[counts].equals(wanted[counts])
    difference = grey(layouts[layout], slices) - grey(layouts["ct-ich-jpg"], expected)
    # A quality of 95 leaves edges wrong by some grey values and the mean by less than one;
    # Hounsfield units are whole there, which is another one at most.
    assert np.abs(difference).mean() < 0.8
    assert np.abs(difference).max() < 14


def grey(folder, slices):
    """Read all slices through the brain window, as whole numbers that can be negative."""
    reader = reader_of(recognise(folder)[0])
    pictures = []
    for _, own in slices.groupby("patient_id"):
        sequence = reader.open_sequence(folder, own, (PRESETS["brain"],))
        pictures += [sequence(index) for index in range(len(own))]
    return np.stack(pictures).astype(int)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_recognised_alone_and_repeats(layouts, layout, tmp_path):
    assert recognise(layouts[layout])[0] == layout
    write_phantom(tmp_path, layout=layout, **SMALL)
    assert checksums(tmp_path) == checksums(layouts[layout])


def test_an_unknown_layout_is_named(tmp_path):
    with pytest.raises(InputError, match="layout is 'minc'; choose one of ct-ich-jpg"):
        write_phantom(tmp_path, layout="minc", **SMALL)
