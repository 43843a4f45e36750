"""A new format is a module and a line in `FORMATS`: the rest finds it there."""

import sys
from types import ModuleType

import numpy as np
import pytest

from ctseq.core.errors import InputError
from ctseq.imaging.windows import PRESETS
from ctseq.readers.contents import Contents, File, Series
from ctseq.readers.formats import FORMATS, Format
from ctseq.readers.registry import check_windows, reader_of, recognise
from indexed import selected


class Toy(ModuleType):
    """A reader of text files: `scan-patient.toy` has a slice a line, and its label in the first."""

    @staticmethod
    def recognises(folder, links_into=()):
        return "its toys" if [*folder.glob("*.toy")] else ""

    @staticmethod
    def list_contents(folder, table=None, target="hemorrhage", links_into=()):
        files, labels, series = [], [], []
        for path in sorted(folder.glob("*.toy")):
            scan, patient = path.stem.split("-")
            label, *lines = path.read_text().split()
            slices = [(number, number, 2.5 * number) for number in range(1, len(lines) + 1)]
            files.append(File(path.name, "toy", scan, patient, slices=slices))
            row = dict.fromkeys(("hemorrhage", "fracture"))
            flags = [None] * 5 + [int(label) if name == target else None for name in row] + [None]
            labels.append((path.name, 1, scan, patient, None, *flags, "", ""))
            series.append(Series(scan, patient, 2.5, description="toys"))
        return Contents(files, labels, "scan", series=series)

    @staticmethod
    def open_sequence(folder, slices, windows=None):
        values = [
            int((folder / path).read_text().split()[number])
            for path, number in zip(slices["path"], slices["slice_number"], strict=True)
        ]
        return lambda index: np.pad(np.diag([values[index], 1, 2]), 1, constant_values=-1000)


@pytest.fixture
def toys(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "toy_reader", Toy("toy_reader"))
    known = Format("toy_reader", "text files", "files *.toy", hounsfield=True, own_labels=True)
    monkeypatch.setitem(FORMATS, "toy", known)
    for name, text in {"s2-p1": "1 40 50", "s1-p1": "0 60 70 80", "s3-p2": "0 90"}.items():
        (tmp_path / f"{name}.toy").write_text(text)
    return tmp_path


def test_a_new_format_is_recognised_indexed_and_selected(toys):
    assert recognise(toys) == ("toy", "its toys")
    slices, scans, summary = selected(toys, "toy", target="fracture")
    told = ["scan_id", "patient_id", "target", "n_slices", "spacing_mm", "description"]
    assert scans[told].values.tolist() == [
        ["s1", "p1", 0, 3, 2.5, "toys"],
        ["s2", "p1", 1, 2, 2.5, "toys"],
        ["s3", "p2", 0, 1, 2.5, "toys"],
    ]
    assert slices["position_mm"].tolist() == [2.5, 5.0, 7.5, 2.5, 5.0, 2.5]
    assert (summary["patients"], summary["scans"], summary["positive_scans"]) == (2, 3, 1)
    assert summary["flow"]["scans"] == {"seen": 3, "used": 3, "excluded_by_reason": {}}


def test_messages_know_it(toys, tmp_path_factory):
    with pytest.raises(InputError, match="datasets.x.format is 'minc'; choose auto or .*, toy"):
        recognise(toys, "minc", key="datasets.x")
    with pytest.raises(InputError, match=r"Looked for .*files \*.toy \(toy\)"):
        recognise(tmp_path_factory.mktemp("empty"))
    with pytest.raises(InputError, match="It looks like toy, by its toys"):
        recognise(toys, "folder")


def test_every_format_has_its_reader():
    for name in FORMATS:
        reader = reader_of(name)
        assert all(map(callable, (reader.recognises, reader.list_contents, reader.open_sequence)))


def test_pictures_have_their_window_and_hounsfield_units_any():
    check_windows("folder", (PRESETS["brain"],))
    check_windows("dicom", (PRESETS["bone"],) * 3)
    words = "datasets.<name>.window or encoders.<name>.window asks for another window"
    with pytest.raises(InputError, match=words):
        check_windows("ct-ich-jpg", (PRESETS["bone"],))
