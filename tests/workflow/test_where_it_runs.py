"""Run from another folder, as a module of another workflow, without Snakemake's record."""

import os
import shutil
import subprocess
import sys

import pytest
import yaml

from studies import STUDY

# A study of synthetic patients, as a module is given it.
GIVEN = {key: STUDY[key] for key in ("study", "dataset", "datasets")}
TARGETS = ["results/data/phantom/scans.csv", "results/published/metrics.csv"]
IMPORTING = """
rule own:
    input: "results/published/metrics.csv"

module ctseq:
    snakefile: "{copy}/Snakefile"
    config: {config}
    {more}

use rule * from ctseq as ctseq_*
"""


def snakemake(folder, *arguments, **environment):
    answer = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
        cwd=folder,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return answer.returncode, answer.stdout


@pytest.fixture
def copy(tmp_path, working_copy):
    """A working copy in a folder whose name a shell would take apart."""
    made = working_copy(STUDY)
    folder = tmp_path / "someone's work"
    made.folder.rename(folder)
    made.folder = folder
    return made


def test_it_runs_from_another_folder_with_its_own_code(copy, tmp_path):
    elsewhere, foreign = tmp_path / "elsewhere", tmp_path / "foreign/ctseq"
    elsewhere.mkdir()
    foreign.mkdir(parents=True)
    (foreign / "__init__.py").write_text("raise RuntimeError('another ctseq')")
    before = copy.tree()
    files = ["-s", copy.folder / "Snakefile", "--configfile", copy.folder / "study.yaml"]
    status, text = snakemake(elsewhere, *files, "--", *TARGETS, PYTHONPATH=str(foreign.parent))
    assert status == 0, text[-4000:]
    assert all((elsewhere / name).is_file() for name in TARGETS)
    log = (elsewhere / "results/data/phantom/logs/index_dataset.log").read_text()
    assert log.startswith(f"Code: {copy.folder}/workflow/scripts/ctseq.\n")
    assert copy.tree() == before
    # The same by --directory: nothing is left to do.
    status, text = snakemake(
        copy.folder, "--directory", elsewhere, "--configfile", "study.yaml", "--", *TARGETS
    )
    assert status == 0
    assert "Nothing to be done" in text


def test_it_runs_as_a_module_of_another_workflow(copy, tmp_path):
    importing = tmp_path / "importing"
    importing.mkdir()
    (importing / "Snakefile").write_text(IMPORTING.format(copy=copy.folder, config=GIVEN, more=""))
    status, text = snakemake(importing)
    assert status == 0, text[-4000:]
    assert "rule ctseq_collect_published" in text
    assert (importing / TARGETS[1]).is_file()
    status, text = snakemake(importing, "--dry-run", "--", "results/small/report.html")
    assert status == 0, text[-4000:]
    assert "ctseq_write_report" in text
    for more in ('prefix: "x"', 'pathvars: results="x"'):
        text = IMPORTING.format(copy=copy.folder, config=GIVEN, more=more)
        (importing / "Snakefile").write_text(text)
        status, text = snakemake(importing, "--dry-run")
        assert status != 0
        assert "take `prefix`, `replace_prefix` and `pathvars` out of its `module`" in text


OTHER_INDEX = {"datasets": {"phantom": {"on_problem": "exclude"}}}
OTHER_DRAWING = {"datasets": {"phantom": {"phantom": {"seed": 7}}}}
OTHER_ENCODER = {"encoders": {"convnext": {"first_slices": 9}}}
NO_CHECKPOINT = {"encoders": {"convnext": {"checkpoint": "./no/where"}}}
MISTYPED = {"datasets": {"phantom": {"format": "ct-ich-jpg", "path": "no/where"}}}
FORCED = ["--forcerun", "results/data/phantom/encoders/convnext.json"]
RENEWED = ["--forcerun", "results/small/metrics.csv"]
CASES = {
    "the same": {},
    "another index": {"overlay": OTHER_INDEX},
    "another drawing": {"overlay": OTHER_DRAWING},
    "another encoder": {"overlay": OTHER_ENCODER},
    "another encoder, forced": {"overlay": OTHER_ENCODER, "options": FORCED},
    "another learning rate": {"overlay": {"training": {"learning_rate": 1.0e-3}}},
    "more replicates": {"overlay": {"replicates": 3}},
    "more replicates, renewed": {"overlay": {"replicates": 3}, "options": RENEWED},
    "a study of another name": {"overlay": {"study": "other"}},
}
# What is said of a case, and how to go on.
STOPPED = {
    "another index": ["on_problem error -> exclude", "rm -r results/data/phantom"],
    "another drawing": ["phantom.seed ", "rm -r results/data/phantom"],
    "another encoder": ["first_slices null -> 9", "snakemake " + " ".join(FORCED)],
    "another learning rate": [
        "models.vivit.training.learning_rate 0.003 -> 0.001",
        "rm -r results/small",
    ],
    "more replicates": ["replicates 2 -> 3", "snakemake " + " ".join(RENEWED)],
}


@pytest.fixture(scope="module")
def copied(study, tmp_path_factory):
    """Plans where the finished study was copied without Snakemake's record."""
    copy = study.copy.copy(tmp_path_factory.mktemp("copied") / "copy")
    shutil.rmtree(copy.folder / ".snakemake")
    return copy.plans(CASES)


def test_copied_results_are_not_made_again(copied):
    assert copied["the same"].idle
    assert "is here without Snakemake's record of how it was made" in copied["the same"].text
    other = copied["a study of another name"]
    assert "fit model=vivit, replicate=01" in other.jobs
    assert not {"index_dataset", "extract_features"} & other.rules


@pytest.mark.parametrize("case", STOPPED)
def test_copied_results_of_other_settings_are_not_used(copied, case):
    text = copied[case].text
    assert not copied[case].jobs
    assert "Nothing to be done" not in text
    assert "Traceback" not in text
    (line,) = (line for line in text.splitlines() if line.startswith("Error: "))
    assert "was made with other settings: " in line
    for words in STOPPED[case]:
        assert words in line


def test_what_the_message_says_goes_on(copied):
    made = copied["another encoder, forced"].jobs
    assert "extract_features dataset=phantom, encoder=convnext" in made
    assert not [job for job in made if "vivit" in job]
    renewed = copied["more replicates, renewed"].jobs
    assert "fit model=vivit, replicate=03" in renewed
    assert "fit model=vivit, replicate=01" not in renewed
    assert "write_report" in copied["more replicates, renewed"].rules


def test_a_record_does_not_let_other_settings_pass(planned):
    plans = planned(
        "places",
        {
            "mistyped": {"overlay": MISTYPED},
            "a checkpoint": {"overlay": NO_CHECKPOINT},
            "by time alone": {"overlay": OTHER_INDEX, "options": ["--rerun-triggers", "mtime"]},
        },
    )
    for plan in plans.values():
        assert not plan.jobs
        assert "Nothing to be done" not in plan.text
    text = plans["mistyped"].text
    said = (
        "Error: datasets.phantom.path (case-0.yaml, line 4) is no/where, which does not exist, and "
    )
    assert f"{said}results/data/phantom was made with other settings: path " in text
    said = "Error: encoders.convnext.checkpoint (case-1.yaml, line 3) is ./no/where, a folder that "
    assert f"{said}does not exist" in plans["a checkpoint"].text
    assert "format.json was made with other settings" in plans["by time alone"].text


def test_touching_results_under_other_settings_is_found_out(study_copy):
    assert study_copy.snakemake("--touch", overlay=OTHER_INDEX).status == 0
    outcome = study_copy.snakemake("--dry-run", overlay=OTHER_INDEX)
    assert outcome.status != 0
    assert "on_problem error -> exclude" in outcome.text
    assert "format.json was made with other settings" in outcome.text


def test_a_study_in_the_working_directory_is_not_silently_left_out(copy, tmp_path):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"study": "mine"}))
    status, text = snakemake(tmp_path, "-s", copy.folder / "Snakefile", "--dry-run")
    assert status != 0
    assert "Add `--configfile config.yaml` to use it" in text
