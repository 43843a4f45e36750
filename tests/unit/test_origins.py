"""Which file brought a key of the configuration, and what is wrong with a file as YAML."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from configs import CONFIG, SCHEMA, changed, merged
from ctseq.core.errors import InputError
from ctseq.evidence.metrics import comparable_metrics
from ctseq.study.config import resolved_config
from ctseq.study.given.files import check_files
from ctseq.study.given.origins import COMMAND_LINE, Origins
from studies import ROOT

OVERLAY = """\
# Our clinic.
study: ours
datasets:
  clinic:
    path: scans
    format: dicom
    links_into: [/store,
                 /other]
comparison: {alpha: 0.01,
             metrics: [accuracy, recall]}
"""
GIVEN = {"replicates": 30, "datasets": {"clinic": {"target": "epidural"}}, "compare": ["a", "b"]}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working directory with two files of configuration."""
    monkeypatch.chdir(tmp_path)
    Path("config").mkdir()
    Path("config.yaml").write_text("study: shipped\nreplicates: 10\nsplits:\n  folds: 5\n")
    Path("config/own.yaml").write_text(OVERLAY)
    return tmp_path


@pytest.fixture
def origins(folder):
    files = (folder / "config.yaml", folder / "config/own.yaml")
    return Origins(files, ((COMMAND_LINE, GIVEN),))


@pytest.mark.parametrize(
    ("key", "where"),
    [
        ("study", "config/own.yaml, line 2"),
        ("splits.folds", "config.yaml, line 4"),
        ("replicates", "--config"),
        ("datasets.clinic.path", "config/own.yaml, line 5"),
        ("datasets.clinic.links_into.1", "config/own.yaml, line 8"),
        ("datasets.clinic.target", "--config"),
        ("comparison.metrics.1", "config/own.yaml, line 10"),
        ("compare.1", "--config"),
        # Of what nothing states, the nearest part above it; the last source that has it.
        ("splits.scheme", "config.yaml, line 3"),
        ("comparison.margins.recall", "config/own.yaml, line 9"),
        ("datasets.clinic.window", "--config"),
        ("training.epochs", ""),
    ],
)
def test_a_key_is_of_the_last_source_that_has_it(origins, key, where):
    assert origins.where(key) == where


def test_a_message_names_the_file_behind_its_key(origins):
    said = origins.located("datasets.clinic.path is scans, which does not exist")
    assert said == "datasets.clinic.path (config/own.yaml, line 5) is scans, which does not exist"
    assert origins.located("study: no") == "study (config/own.yaml, line 2): no"
    for line in ("training.epochs is 0", "", "(of nothing)"):
        assert origins.located(line) == line


def test_a_file_elsewhere_has_its_whole_path(tmp_path, monkeypatch):
    origins = Origins((tmp_path / "config.yaml",))
    monkeypatch.chdir(tmp_path / "config")
    assert origins.where("study") == f"{tmp_path}/config.yaml, line 1"


def test_every_problem_of_a_configuration_says_where_it_comes_from():
    Path("own.yaml").write_text("training:\n  epochs: no\ncompare: [vivit,\n  convnet]\n")
    overlay = {"training": {"epochs": False}}
    origins = Origins((ROOT / "config.yaml", Path("own.yaml")), ((COMMAND_LINE, {"seed": -1}),))
    with pytest.raises(InputError) as refused:
        resolved_config(
            merged(CONFIG, overlay) | {"seed": -1},
            SCHEMA,
            metrics=comparable_metrics(),
            origins=origins,
        )
    assert "  - seed (--config): -1 is less than the minimum" in str(refused.value)
    assert "  - training.epochs (own.yaml, line 2) is False but must be" in str(refused.value)
    with pytest.raises(InputError, match=r"compare \(own.yaml, line 3\) names 'convnet', but `mod"):
        resolved_config(
            changed({"compare": ["vivit", "convnet"]}),
            SCHEMA,
            metrics=comparable_metrics(),
            origins=origins,
        )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("study: x\n\treplicates: 3\n", ", line 2: a tab before the first word; indent by blanks"),
        ("a:\n  b: 1\n\tc: 2\n", ", line 3: a tab before the first word"),
        ("a:\t1\n", ", line 1: a tab, which YAML does not take there; type a blank"),
        ("a: 1\nb: [c,\nd: 3\n", "(opened in line 2)"),
        ("a: b: c\n", ", line 1: mapping values are not allowed here"),
        ("- a\n- b\n", ", line 1: no key; a configuration has keys at its top"),
        ("just words\n", ", line 1: no key"),
        ("", " has no keys: remove it from --configfile, or write some into it"),
        ("# a comment\n", " has no keys"),
        ("a: \x01\n", ", line 1: a character that YAML does not allow"),
        ("a: 1\nb: 2\na: 3\n", ", line 3: a stands already in line 1; keep one of the two"),
        (
            "m:\n  x: {label: X}\n  y: {label: Y, label: Z}\n",
            ", line 3: m.y.label stands already in line 3",
        ),
        ("a:\n- b: 1\n  b: 2\n", ", line 3: a.0.b stands already in line 2"),
    ],
)
def test_a_file_that_is_no_configuration_is_named_with_its_line(text, said):
    Path("own.yaml").write_text(text)
    with pytest.raises(InputError) as refused:
        check_files(["config.yaml", "own.yaml"])
    (line,) = str(refused.value).splitlines()[1:-1]
    assert line.startswith("  - own.yaml")
    assert said in line


def test_a_file_that_cannot_be_read_is_named(folder):
    Path("latin.yaml").write_bytes("study: a\n# Schädel\n".encode("latin-1"))
    with pytest.raises(InputError) as refused:
        check_files(["none.yaml", "config", "latin.yaml"])
    said = str(refused.value)
    assert f"none.yaml does not exist: a relative path starts at {folder}" in said
    assert "config cannot be read: Is a directory" in said
    assert "latin.yaml, line 2: not UTF-8; save the file in this encoding" in said


def test_sound_files_pass():
    Path("own.json").write_text(json.dumps({"study": "x"}, indent="\t"))
    Path("bom.yaml").write_bytes(b"\xef\xbb\xbfstudy: x\n")
    overlays = [*(ROOT / "config").glob("*.yaml")]
    check_files([ROOT / "config.yaml", *overlays, "own.json", "bom.yaml", "config/own.yaml"])


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        (
            "a: 1\n\tb: 2\n",
            1,
            "Error: A configuration file cannot be used (1 problem):\n  - own.yam",
        ),
        ("a: 1\n", 0, "As YAML, nothing is wrong with config.yaml and own.yaml.\n"),
    ],
)
def test_files_are_checked_before_snakemake_reads_them(folder, text, status, said):
    Path("own.yaml").write_text(text)
    answer = subprocess.run(
        [sys.executable, "-m", "ctseq.study.given.files", "config.yaml", "own.yaml"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == status
    assert (answer.stdout + answer.stderr).startswith(said)
