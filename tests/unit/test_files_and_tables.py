"""Tables keep their contract; outputs appear whole or not at all."""

import errno
import logging
import os

import pandas as pd
import pytest

from ctseq.cache.tables import ROWS
from ctseq.core.errors import InputError, fail_on
from ctseq.core.files import atomic_write, read_json, write_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table, write_table
from ctseq.evidence.tables import METRICS
from ctseq.intake.tables import SLICES
from ctseq.replicates.tables import SPLIT


def test_a_failed_block_leaves_nothing(tmp_path):
    target = tmp_path / "deep" / "file.txt"

    def fail():
        with atomic_write(target) as unfinished:
            unfinished.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(target.parent.iterdir()) == []


def test_a_failed_block_leaves_the_old_file(tmp_path):
    target = tmp_path / "file.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), atomic_write(target) as unfinished:
        unfinished.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_killed_processes_left_of_an_output_goes(tmp_path):
    (tmp_path / ".1.unfinished.file.txt").write_text("half")
    (tmp_path / ".1.unfinished.other-file.txt").write_text("another's")
    with atomic_write(tmp_path / "file.txt") as unfinished:
        unfinished.write_text("new")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [".1.unfinished.other-file.txt", "file.txt"]


def test_folders_are_replaced_whole(tmp_path):
    for name in ("old", "new"):
        with atomic_write(tmp_path / "folder") as unfinished:
            unfinished.mkdir()
            (unfinished / name).touch()
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["new"]


def test_others_may_read_what_a_library_wrote_for_its_owner_alone(tmp_path):
    (tmp_path / "plain").touch()
    with atomic_write(tmp_path / "folder") as unfinished:
        (unfinished / "deep").mkdir(parents=True)
        (unfinished / "deep/weights").touch(0o600)
    with atomic_write(tmp_path / "file") as unfinished:
        unfinished.touch(0o600)
    rights = {(tmp_path / name).stat().st_mode for name in ("plain", "folder/deep/weights", "file")}
    assert len(rights) == 1
    assert len([*tmp_path.iterdir()]) == 3


def test_json_refuses_what_json_has_not(tmp_path):
    with pytest.raises(ValueError, match="nan"):
        write_json({"x": float("nan")}, tmp_path / "x.json")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(InputError, match=r"broken\.json is not valid JSON"):
        read_json(tmp_path / "broken.json")
    with pytest.raises(InputError, match="does not exist"):
        read_json(tmp_path / "absent.json")


def test_tables_come_back_as_they_went(tmp_path):
    ids = ["049", "050"]
    table = pd.DataFrame({"scan_id": ids, "patient_id": ids, "slice_number": [1, None]})
    table["slice_number"] = table["slice_number"].astype("Int64")
    write_table(table, tmp_path / "rows.csv", ROWS)
    text = "scan_id,patient_id,slice_number\n049,049,1\n050,050,\n"
    assert (tmp_path / "rows.csv").read_text("utf-8") == text
    pd.testing.assert_frame_equal(read_table(tmp_path / "rows.csv", ROWS), table, check_dtype=False)


def test_floats_keep_their_bits_and_undefined_is_empty(tmp_path):
    values = [0.1 + 0.2, 1e-300, None]
    table = pd.DataFrame({"model": "a", "replicate": [1, 2, 3], "metric": "x", "value": values})
    write_table(table, tmp_path / "m.csv", METRICS)
    assert (tmp_path / "m.csv").read_text().splitlines()[3] == "a,3,x,"
    read = read_table(tmp_path / "m.csv", METRICS)["value"]
    assert read[:2].tolist() == values[:2]
    assert read.isna().tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("patient_id\n049\n", "lacks the column subset; it has patient_id"),
        ("patient_id,subset\n,train\n", r"row 2, column patient_id: '' is not a valid id"),
        ("patient_id,subset\n1,train\n1,train\n", "names a row twice: patient_id 1"),
        ("", "cannot be read as a table"),
    ],
)
def test_broken_tables_name_the_place(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_table(tmp_path / "t.csv", SPLIT)


def test_flags_and_numbers_are_checked(tmp_path):
    cells = dict.fromkeys(SLICES.columns, "0")
    cells |= {"slice_number": "1.5", "hemorrhage": "2", "subdural": "x"}
    lines = [",".join(cells), ",".join(cells.values())]
    (tmp_path / "s.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match="3 problems") as caught:
        read_table(tmp_path / "s.csv", SLICES)
    for cell in ("slice_number: '1.5'", "hemorrhage: '2'", "subdural: 'x'"):
        assert cell in str(caught.value)


def test_all_problems_are_listed_at_once():
    fail_on([], title="x", cure="y")
    with pytest.raises(InputError, match=r"(?s)Bad \(2 problems\):\n  - a\n  - b\nMend it\."):
        fail_on(["a", "b"], title="Bad", cure="Mend it.")


def test_a_long_list_is_cut_with_a_count_and_goes_to_the_log(caplog):
    caplog.set_level("INFO", logger="ctseq")
    problems = [f"a{n}" for n in range(500)] + ["b0", "b1"] + [f"c{n}" for n in range(40)]
    kinds = ["size"] * 500 + ["cell"] * 2 + ["row"] * 40
    with pytest.raises(InputError) as error:
        fail_on(problems, title="Bad", cure="Mend it.", kinds=kinds)
    lines = str(error.value).splitlines()
    assert lines[0].startswith("Bad (542 problems")
    assert lines[1] == "  - a0"
    assert [line for line in lines if "more" in line] == [
        "    and 491 more: size",
        "    and 31 more: row",
    ]
    assert "  - b1" in lines
    assert len(lines) == 24  # title, 20 problems, two counts, cure
    assert lines[-1] == "Mend it."
    assert all(f"  - {problem}" in caplog.text for problem in problems)
    with pytest.raises(InputError, match="(?s)  - a19\n    and 480 more\nMend it"):
        fail_on(problems[:500], title="Bad", cure="Mend it.")


def test_a_users_mistake_has_no_traceback(tmp_path, capsys):
    with pytest.raises(SystemExit), rule_log(tmp_path / "logs" / "x.log"):
        logging.getLogger("ctseq").info("counted 3")
        raise InputError("dataset.path is empty.")
    log = (tmp_path / "logs" / "x.log").read_text()
    assert log == "counted 3\nError: dataset.path is empty.\n"
    assert capsys.readouterr().err == "Error: dataset.path is empty.\n"


def test_an_unexpected_error_keeps_its_traceback(tmp_path):
    with pytest.raises(ZeroDivisionError), rule_log(tmp_path / "x.log"):
        1 / 0  # noqa: B018
    assert "ZeroDivisionError" in (tmp_path / "x.log").read_text()


def test_a_full_disk_is_said_with_its_cure(tmp_path, capsys):
    with pytest.raises(SystemExit), rule_log(tmp_path / "x.log"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "results/x.csv")
    shown = capsys.readouterr().err
    assert "Error: results/x.csv: No space left on device. Free space on the disk" in shown
    assert "Traceback" not in shown
    with (
        pytest.raises(IsADirectoryError),
        rule_log(tmp_path / "y.log"),
    ):  # the program's own mistake
        tmp_path.open()
