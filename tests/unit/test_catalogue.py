"""A dataset on disk: given back patient by patient, in order, and gone with the process."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctseq.intake import catalogue
from ctseq.intake.catalogue import open_catalogue, without_suffix
from ctseq.readers.ids import patient_key
from ctseq.readers.scan import LABELS, File
from ctseq.readers.walk import walk
from studies import ROOT

IDS = ("7", "10", "007", "x", "")


def label(patient_id, slice_number):
    row = dict.fromkeys(LABELS, pd.NA) | {
        "path": "labels.csv",
        "row": 2,
        "invalid": "",
        "image": "",
    }
    return tuple((row | {"patient_id": patient_id, "slice_number": slice_number}).values())


@pytest.fixture
def stored(tmp_path):
    with open_catalogue(tmp_path / "results/catalogue") as found:
        yield found


@given(
    st.sets(st.tuples(st.sampled_from(IDS), st.integers(0, 9)), max_size=30),
    st.lists(st.tuples(st.sampled_from(IDS), st.integers(0, 9)), max_size=30),
    st.integers(1, 9),
)
def test_patients_come_whole_in_the_order_of_numbers(tmp_path_factory, files, labels, at_a_time):
    folder = tmp_path_factory.getbasetemp()
    with open_catalogue(folder / "x") as stored, pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "_ROWS_AT_A_TIME", at_a_time)
        stored.add_files(File(f"{p}/{n}", "image", p, n, slices=[(n, -n)]) for p, n in files)
        stored.add_labels(label(patient, number) for patient, number in labels)
        parts = list(stored.parts())
        tables = [[t(part) for part in parts] for t in (stored.files, stored.slices, stored.labels)]
    seen, slices, rows = (
        pd.concat(own)[["patient_id", "slice_number"]].to_numpy().tolist() if own else []
        for own in tables
    )
    # Of two spellings of one patient, the first one's files come first.
    assert seen == [list(name) for name in sorted(files, key=lambda n: (patient_key(n[0]), *n))]
    by_place = sorted(files, key=lambda n: (patient_key(n[0]), n[0], -n[1]))
    assert slices == [list(name) for name in by_place]
    assert rows == [list(name) for name in sorted(labels, key=lambda n: patient_key(n[0]))]
    keys = [set(pd.concat(own)["key"]) for own in zip(*tables, strict=True)]
    assert sum(map(len, keys)) == len(set().union(*keys))  # no patient is in two parts


def test_what_is_not_told_stays_missing(stored):
    stored.add_files([File("a/1", "image", "a"), File("b", "other", reason="other")])
    stored.add_labels([label("a", pd.NA)])
    (part,) = stored.parts()
    assert stored.files(part)["slice_number"].isna().all()
    assert stored.labels(part)[["slice_number", "hemorrhage"]].isna().all(axis=None)
    assert stored.kinds() == {"image": 1, "other": 1}
    assert stored.n_slices() == 0


def test_images_are_found_by_path_name_and_digest(stored):
    stored.add_files(
        File(f"{patient}/IM{n}.dcm", "slice", patient, n, slices=[(n, n)])
        for patient in ("a", "b")
        for n in (1, 2)
    )
    assert stored.called("a/IM1.dcm") == ["a/IM1.dcm"]
    assert stored.called("IM1") == ["a/IM1.dcm", "b/IM1.dcm"]
    assert stored.called("IM1.dcm") == []
    assert stored.slice_of("b/IM2.dcm") == ("b", 2)
    assert stored.slice_of("b/IM3.dcm") is None
    assert stored.find(["b/IM2.dcm", "b/IM3.dcm"])["path"].tolist() == ["b/IM2.dcm"]
    (part,) = stored.parts()
    stored.set_digests(stored.slices(part).assign(digest=["same", "own", "same", ""]))
    assert stored.shared()["path"].tolist() == ["a/IM1.dcm", "b/IM1.dcm"]


@pytest.mark.parametrize(
    ("path", "name"), [("s/IM1.DCM", "IM1"), ("1.jpeg", "1"), ("a.b/1.x.png", "1.x"), ("1", "1")]
)
def test_names_without_suffix(path, name):
    assert without_suffix(path) == name


def test_the_file_has_no_name_that_anybody_could_find(tmp_path):
    with open_catalogue(tmp_path / "catalogue") as stored:
        stored.add_files(File(f"{'long' * 99}/{n}", "other") for n in range(9000))
        assert list(tmp_path.iterdir()) == []
        assert len(stored.find([f"{'long' * 99}/8999"])) == 1


def test_no_two_names_are_shown_by_one_path(tmp_path):
    for name in (b"a\n", rb"a\n", rb"a\\n", b"a\xff", rb"a\xff", rb"a\udcff"):
        Path(os.fsdecode(bytes(tmp_path / "x") + name)).write_bytes(b"")
    found = list(walk(tmp_path))
    assert len({file.path for file in found}) == len(found) == 6
    assert all(file.reason == "name" for file in found)


def test_a_full_disk_is_the_systems_error(tmp_path):
    """SQLite's own error would not tell what to do: `runlog` knows the system's."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from ctseq.intake.catalogue import open_catalogue\n"
        "from ctseq.readers.scan import File\n"
        "with open_catalogue(Path(sys.argv[2])) as stored:\n"
        "    stored.add_files(File('x' * 500 + str(n), 'other') for n in range(20_000))\n"
    )

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))

    answer = subprocess.run(
        [sys.executable, "-c", program, ROOT / "workflow/scripts", tmp_path / "catalogue"],
        preexec_fn=limited, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 1
    assert "OSError: [Errno" in answer.stderr.splitlines()[-1]
