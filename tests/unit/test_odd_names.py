"""Any name of a file: it is a slice, or no part of the layout, and is listed in text of its own."""

import os
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ctseq.readers import ct_ich_jpg, folder
from ctseq.readers.walk import Found, walk

names = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=4).map("/".join)


@given(names)
@settings(max_examples=100)
def test_any_name_is_told_apart_or_no_part_of_the_layout(name):
    found, table = [Found(name, "")], Path("labels.csv")
    pictures = folder._by_table(found, [], table)
    for described in (ct_ich_jpg._described(Found(name, "")),
                      *folder._files(found, pictures, table.name, [])):  # fmt: skip
        path, kind, scan, patient, number, reason, slices = described
        assert path == name
        assert scan == patient
        assert kind in ("brain", "bone", "mask", "table", "other", "image")
        assert (reason in ("bone", "mask", "table", "other")) or (patient and patient in name)
        assert number is None or 0 <= number < 10**9
        assert [slice_[:2] for slice_ in slices] == (
            [] if reason or number is None else [(number, number)]
        )


@given(st.binary(min_size=1, max_size=20).filter(lambda name: not set(name) & set(b"/\0")))
@settings(max_examples=100)
def test_any_file_name_is_listed_once_in_text_that_can_be_written(tmp_path_factory, name):
    if name in (b".", b".."):
        return
    root = tmp_path_factory.mktemp("names")
    Path(os.fsdecode(bytes(root) + b"/" + name)).write_bytes(b"")
    (found,) = walk(root)
    assert found.path.isprintable()
    assert found.path.encode("utf-8")
    assert found.reason or os.fsencode(found.path) == name


def test_no_two_names_are_shown_by_one_path(tmp_path):
    for name in (b"a\n", rb"a\n", rb"a\\n", b"a\xff", rb"a\xff", rb"a\udcff"):
        Path(os.fsdecode(bytes(tmp_path / "x") + name)).write_bytes(b"")
    found = list(walk(tmp_path))
    assert len({file.path for file in found}) == len(found) == 6
    assert all(file.reason == "name" for file in found)
