"""Label tables: known by their headers, read into one form; ids and cells as people write them."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ctseq.core.errors import InputError
from ctseq.intake.index import index_dataset
from ctseq.readers.contents import LABELS, frame
from ctseq.readers.labels.cells import open_cells, whole_number
from ctseq.readers.labels.tables import find_table
from ctseq.readers.names import patient_key, patient_text


def table(tmp_path, text, name="labels.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(path):
    """Return the rows of a label table of any kind."""
    return frame(find_table(path.parent, path).rows(), LABELS)


def rows(tmp_path, text):
    return read(table(tmp_path, text))


def test_a_row_a_patient(tmp_path):
    labels = rows(tmp_path, "Patient ID,Label\n049,1\n49.0,0\nx,?\n")
    assert labels["patient_id"].tolist() == ["049", "49", "x"]
    assert labels["hemorrhage"].fillna(-1).tolist() == [1, 0, -1]
    assert labels["invalid"].tolist() == ["", "", "label is '?'"]
    assert labels["row"].tolist() == [2, 3, 4]
    assert labels["slice_number"].isna().all()


def test_a_row_a_slice_with_or_without_subtypes(tmp_path):
    labels = rows(tmp_path, "patient_id,slice_number,label,epidural\n49,1,1,1\n49,2,0,0\n")
    assert labels["slice_number"].tolist() == [1, 2]
    assert labels["epidural"].tolist() == [1, 0]
    assert labels["subdural"].isna().all()
    header = "patient,slice,intraventricular,intraparenchymal,subarachnoid,epidural,subdural"
    assert rows(tmp_path, f"{header}\n49,1,0,0,1,0,0\n")["subarachnoid"].tolist() == [1]


def test_cq500_takes_two_readers_of_three(tmp_path):
    header = "name,Category,R1:ICH,R1:IPH,R2:ICH,R3:ICH\n"
    text = header + "CQ500-CT-0,B1,1,1,0,1\nCQ500-CT-1,B1,1,0,0,0\nCQ500-CT-2,B2,1,,1,\n"
    labels = rows(tmp_path, text)
    assert labels["patient_id"].tolist() == ["CQ500CT0", "CQ500CT1", "CQ500CT2"]
    assert labels["hemorrhage"].fillna(-1).tolist() == [1, 0, -1]
    assert labels["invalid"].tolist()[2] == "R1 to R3:ICH are '1', '1', ''"


def rsna(*rows):
    return "ID,Label\n" + "".join(f"{name},{label}\n" for name, label in rows)


NAMES = ("epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural", "any")


@pytest.mark.parametrize(
    ("header", "of"),
    [("patient,label", "patient"), ("name,R1:ICH,R2:ICH,R3:ICH", "patient")]
    + [("scan_id,patient,label", "scan"), ("StudyInstanceUID,label", "scan")]
    + [("patient,slice,label", "slice"), ("scan,slice,label", "slice"), ("image,label", "slice")],
)
def test_what_a_row_is_about(tmp_path, header, of):
    table(tmp_path, f"{header}\n")
    assert find_table(tmp_path).of == of


def test_rsna_gathers_six_rows_an_image(tmp_path):
    cells = [(f"ID_a_{name}", int(name in ("epidural", "any"))) for name in NAMES]
    cells += [(f"ID_b_{name}", 0) for name in NAMES]
    labels = rows(tmp_path, rsna(*cells, cells[0]))  # the real table repeats rows
    assert labels["image"].tolist() == ["ID_a", "ID_b"]
    assert labels["hemorrhage"].tolist() == [1, 0]
    assert labels["epidural"].tolist() == [1, 0]
    assert labels["invalid"].tolist() == ["", ""]
    assert labels["row"].tolist() == [2, 8]
    spoiled = rows(tmp_path, rsna(*cells[:-1], ("ID_a_any", 0), ("ID_c_any", "x"), ("notes", 0)))
    told = spoiled.set_index("image")["invalid"].to_dict()
    assert told == {
        "ID_a": "any is 0 and 1",
        "ID_b": "lacks any",
        "ID_c": "any is 'x'",
        "notes": "",
    }


def indexed(folder, text, *paths):
    """Index pictures of these paths whose labels are told by image: listing and problems."""
    for number, path in enumerate(paths):
        (folder / path).parent.mkdir(exist_ok=True)
        Image.fromarray(np.arange(number, number + 4, dtype=np.uint8)).save(folder / path)
    table(folder, text)
    index = index_dataset(folder, "folder", on_problem="exclude")
    return index.listing.set_index("path")["target"].to_dict(), index.problems


def test_rows_of_images_find_their_slices_by_path_or_name(tmp_path):
    text = "image,label\np/IM1.png,1\nIM2,0\nIM3.png,1\nIM9,0\nIM8,0\n"
    labels, problems = indexed(tmp_path, text, "p/IM1.png", "p/IM2.PNG", "p/IM3.png")
    assert labels == {"p/IM1.png": 1, "p/IM2.PNG": 0, "p/IM3.png": 1}
    assert problems["problem"].tolist() == ["no-slice"]
    assert (problems["row"][0], problems["detail"][0]) == (5, "IM9 and 1 more row")


def test_a_name_that_two_images_have_is_refused(tmp_path):
    words = "labels.csv, row 2, names 'IM1', but 2 files are called so: write their paths"
    with pytest.raises(InputError, match=words):
        indexed(tmp_path, "image,label\nIM1,1\n", "p/IM1.png", "q/IM1.png")


def test_images_that_are_left_out_take_their_labels_along(tmp_path):
    labels, problems = indexed(tmp_path, "image,label\nIM1,1\nIM,0\n", "p/IM1.png", "p/IM.png")
    assert labels == {"p/IM1.png": 1}
    assert problems["problem"].tolist() == ["number"]  # it has none, so it is no slice


def test_the_table_is_found_by_its_header_or_named(tmp_path):
    with pytest.raises(
        InputError,
        match="has no label table that knows.*, with their columns: none",
    ):
        find_table(tmp_path)
    table(tmp_path, "a,b\n1,2\n", "other.csv")
    table(tmp_path, "ID,Label\nID_1_any,0.5\n", "stage_2_sample_submission.csv")
    expected = table(tmp_path, "patient_id,label\n1,1\n")
    assert find_table(tmp_path).path == expected
    table(tmp_path, "patient_id,label\n1,0\n", "more.CSV")
    with pytest.raises(
        InputError, match=r"2 tables.*labels.csv, more.CSV. Name one as its `labels`"
    ):
        find_table(tmp_path)
    assert find_table(tmp_path, "more.CSV").path == tmp_path / "more.CSV"


def test_a_named_table_that_is_not_there_names_those_that_are(tmp_path):
    expected = f"{tmp_path}/labels.csv, which `labels` names: it does not exist. "
    cure = "Name one that is there, or `auto`."
    with pytest.raises(InputError, match=re.escape(expected + cure)):
        find_table(tmp_path, Path("labels.csv"))
    for name in ("Blutung.csv", "Alter.xlsx", "notes.txt"):
        (tmp_path / name).write_text("Patient;Blutung\n1;ja\n")
    expected += f"There are Alter.xlsx and Blutung.csv. {cure}"
    with pytest.raises(InputError, match=re.escape(expected)):
        find_table(tmp_path, Path("labels.csv"))


def test_a_table_of_no_known_kind_says_what_it_has(tmp_path):
    with pytest.raises(InputError, match="(?s)columns are a, b. .*Known by their titles are RSNA"):
        rows(tmp_path, "a,b\n1,2\n")


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfpatient_id,label\r\n049,1\r\n",
        b"patient_id;label\n049;1\n",
        b"patient_id;label\n49,0;1,0\n",
        b"sep=;\npatient_id;label\n049;1\n",
        b"patient_id\tlabel\n049\t1\n",
        "patient_id,label\n049,1\n".encode("utf-16"),
        b'"patient_id" , label\n\n"049", 1 \n,\n',
        b"patient_id,label,note\n049,1,caf\xe9\n",
    ],
)
def test_a_table_however_it_was_saved(content, tmp_path):
    labels = rows(tmp_path, content)
    assert labels["patient_id"].map(patient_key).tolist() == [f"{49:018d}"]
    assert labels["hemorrhage"].tolist() == [1]


@pytest.mark.parametrize(
    ("spelling", "key"),
    [("49", "49"), ("049", "49"), ("49.0", "49"), ("49,00", "49"), (" 49. ", "49"), ("0", "0")]
    + [("000", "0"), ("P-049", "p-049"), ("P049.0", "p049.0"), ("", ""), ("4.9", "4.9")],
)
def test_spellings_of_a_patient(spelling, key):
    assert patient_key(spelling) == (f"{int(key):018d}" if key.isdigit() else key)


@given(st.integers(0, 10**9 - 1), st.integers(0, 3), st.sampled_from(["", ".", ".0", ",00"]))
def test_numbers_are_the_same_patient_in_any_spelling(number, zeros, decimals):
    spelling = "0" * zeros + str(number) + decimals
    assert patient_key(spelling) == patient_key(patient_text(spelling)) == f"{number:018d}"
    if len(spelling.rstrip(".,0") or "0") <= 9 and zeros == 0:
        assert whole_number(spelling) == number


@given(st.lists(st.integers(0, 10**18 - 1)))
def test_keys_of_numbers_sort_as_numbers(numbers):
    assert [int(key) for key in sorted(map(patient_key, map(str, numbers)))] == sorted(numbers)


@given(st.text(max_size=30))
def test_no_text_of_an_id_breaks_a_reader(text):
    assert isinstance(patient_key(text), str)
    assert patient_key(patient_key(text)) == patient_key(text)
    number = whole_number(text)
    assert number is pd.NA or 0 <= number < 10**9


@given(st.binary(max_size=300))
@settings(max_examples=100)
def test_any_bytes_are_a_table_or_an_error_of_ours(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "fuzzed.csv"
    for start in (b"", b"patient_id,label\n", b"ID,Label\nID_a_any,0\n", b"image;label\n"):
        path.write_bytes(start + content)
        try:
            labels = read(path)
        except InputError:
            continue
        assert set(labels["hemorrhage"].dropna()) <= {0, 1}


@given(st.lists(st.lists(st.text(max_size=8), min_size=2, max_size=2), max_size=8))
def test_cells_are_told_with_the_row_they_stand_in(tmp_path_factory, cells):
    path = tmp_path_factory.getbasetemp() / "rows.csv"
    pd.DataFrame([["a", "b"], *cells]).to_csv(path, index=False, header=False, encoding="utf-8",
                                              errors="replace")  # fmt: skip
    if any("\0" in cell for row in cells for cell in row):
        with pytest.raises(InputError, match="NUL"), open_cells(path) as (_, found):
            list(found)
        return
    with open_cells(path) as (header, found):
        assert header == ["a", "b"]
        assert all(any(row) and len(row) >= 2 for _, row in found)


def test_rows_are_read_one_by_one(tmp_path):
    path = table(tmp_path, "a,b\n1,2\n3\n")
    with open_cells(path) as (header, found):
        assert header == ["a", "b"]
        assert next(found) == (2, ["1", "2"])
        assert next(found) == (3, ["3", ""])
