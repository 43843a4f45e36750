"""What a machine may lack is said before any job: the interpreter, the record, temporary space."""

import errno
import logging
import os
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

import ctseq
from configs import SCHEMA
from ctseq.core.errors import InputError
from ctseq.core.logs import rule_log
from ctseq.study import preflight

LIBRARY = Path(ctseq.__file__).parent


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working directory of one's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def unwritable(monkeypatch, folder, code=errno.EACCES):
    """Let nothing be written to a folder, which the superuser of a test otherwise can."""
    real = tempfile.TemporaryFile

    def refuse(dir):
        if Path(dir).resolve() == folder.resolve():
            raise OSError(code, os.strerror(code))
        return real(dir=dir)

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)


@pytest.mark.parametrize("sign", [" ", "'", '"', "$", "("])
def test_a_python_that_a_shell_cannot_start_is_refused(sign):
    preflight.check_interpreter("/home/me/ct-seq_2/.venv/bin/python3.11")
    with pytest.raises(InputError, match="make the environment elsewhere") as refused:
        preflight.check_interpreter(f"/home/my{sign}files/.venv/bin/python")
    assert f"Snakemake runs in /home/my{sign}files/.venv/bin/python" in str(refused.value)


def test_a_working_directory_that_is_anothers_is_refused(folder, monkeypatch):
    snakefile = Path("/opt/ct seq/Snakefile")
    preflight.check_record(snakefile)
    unwritable(monkeypatch, folder)
    with pytest.raises(InputError, match="Snakemake keeps its record") as refused:
        preflight.check_record(snakefile)
    assert f"{folder} cannot be written to: Permission denied" in str(refused.value)
    assert "snakemake -s '/opt/ct seq/Snakefile' --directory ~/study" in str(refused.value)


def test_a_record_of_another_user_is_refused(folder, monkeypatch):
    (folder / ".snakemake/metadata").mkdir(parents=True)
    unwritable(monkeypatch, folder / ".snakemake/metadata")
    with pytest.raises(InputError, match=r"\.snakemake/metadata cannot be written to"):
        preflight.check_record(Path("/opt/ctseq/Snakefile"))


def test_a_full_folder_for_temporary_files_is_refused(folder, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(folder))
    preflight.check_temporary()
    unwritable(monkeypatch, folder, errno.ENOSPC)
    with pytest.raises(InputError, match="No space left on device") as refused:
        preflight.check_temporary()
    assert "export TMPDIR=/path/with/space" in str(refused.value)


def test_a_folder_for_temporary_files_that_is_not_there_is_no_matter(folder, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(folder / "nowhere"))
    preflight.check_temporary()


def test_results_that_cannot_be_written_are_named_by_what_exists(folder, monkeypatch):
    (folder / "results").mkdir()
    preflight.check_results("results/new")
    unwritable(monkeypatch, folder / "results", errno.EROFS)
    with pytest.raises(InputError, match="results cannot be written to: Read-only file system"):
        preflight.check_results("results/new")


def checked(*named):
    preflight.check_configuration(named, root=Path("/opt/ctseq"), keys=SCHEMA["properties"])


def test_a_study_that_would_not_be_read_is_refused(folder):
    checked()
    Path("config.yaml").write_text("study: mine\n")
    with pytest.raises(InputError, match="Add `--configfile config.yaml`") as refused:
        checked()
    assert f"{folder / 'config.yaml'} is not read" in str(refused.value)
    assert "the configuration is /opt/ctseq/config.yaml" in str(refused.value)
    checked("other.yaml", str(folder / "config.yaml"))


@pytest.mark.parametrize("text", ["samples: [a, b]\n", "- a list\n", "a: [", ""])
def test_a_configuration_of_another_program_is_no_matter(text):
    Path("config.yaml").write_text(text)
    checked()


def test_the_scripts_come_first_in_what_is_started(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/a:/b")
    preflight.put_first(Path("/scripts"))
    preflight.put_first(Path("/scripts"))
    assert os.environ["PYTHONPATH"] == "/scripts:/a:/b"
    monkeypatch.delenv("PYTHONPATH")
    preflight.put_first(Path("/scripts"))
    assert os.environ["PYTHONPATH"] == "/scripts"


def started_as(script, monkeypatch):
    """Let a script of a rule be Python's main program."""
    main = SimpleNamespace(snakemake=object(), __file__=str(script))
    monkeypatch.setitem(sys.modules, "__main__", main)


def test_a_log_begins_with_the_library_that_ran(monkeypatch):
    started_as(LIBRARY.parent / "fit.py", monkeypatch)
    with rule_log("x.log"):
        logging.getLogger("ctseq").info("Work.")
    assert Path("x.log").read_text().splitlines() == [f"Code: {LIBRARY}.", "Work."]


def test_another_library_than_the_scripts_own_is_an_error(monkeypatch):
    started_as("/elsewhere/workflow/scripts/fit.py", monkeypatch)
    with pytest.raises(SystemExit), rule_log("x.log"):
        raise AssertionError("nothing runs")
    text = Path("x.log").read_text()
    assert f"Error: Python imported ctseq from {LIBRARY}, which is not this workflow's" in text
    assert "/elsewhere/workflow/scripts/ctseq. Uninstall the other one" in text
