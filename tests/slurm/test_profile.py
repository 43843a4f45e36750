"""What `--profile profiles/slurm` plans, without a cluster."""

import re
import subprocess
import sys

import pytest

from rules import local_rules

PAPER = {"replicates": 10, "report": {"example_slices": True}}


@pytest.fixture(scope="module")
def plan(new_copy, tmp_path_factory):
    """Dry-run a study of the paper's shape."""
    folder = tmp_path_factory.mktemp("given")
    for name in ("ct-ich", "sequence", "slice"):  # planning opens none of them
        (folder / name).mkdir()
    datasets = {"ct-ich": {"path": str(folder / "ct-ich")}}
    copy = new_copy(folder, datasets=datasets, dataset="ct-ich", **PAPER)
    answer = subprocess.run(
        [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm"]
        + ["--configfile", "study.yaml", "--dry-run", "-p"],
        cwd=copy.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout + answer.stderr


@pytest.fixture(scope="module")
def jobs(plan):
    """List each planned job: its rule, whether it stands in a group, its threads and resources."""
    found, on_login_node = [], local_rules()  # a plan does not tell them apart
    for indent, local, rule, body in re.findall(
        r"^( *)(local)?rule (\w+):\n((?:\1 {4}.*\n)*)", plan, re.M
    ):
        listed = re.search(r"^ *resources: (.*)$", body, re.M)
        resources = dict(item.split("=", 1) for item in listed[1].split(", ")) if listed else {}
        threads = re.search(r"^ *threads: (\d+)$", body, re.M)
        found.append(
            {"rule": rule, "grouped": bool(indent), "threads": int(threads[1]) if threads else 1}
            | {"local": bool(local) or rule in on_login_node, "resources": resources}
        )
    return found


def test_the_papers_study_is_less_than_twelve_submissions(plan, jobs):
    groups = re.findall(r"Group job (\w+) ", plan)
    alone = [job["rule"] for job in jobs if not job["grouped"] and not job["local"]]
    assert sum(job["rule"] == "fit" for job in jobs) == 20
    assert sorted(groups) == ["analysis", "dataset", *["runs"] * 4]
    assert sorted(alone) == ["check_study"] + ["extract_features"] * 2 + ["pack_pixels"] * 2
    assert len(groups + alone) < 12


def test_no_group_is_formed_again_after_a_checkpoint(plan, jobs):
    """Snakemake would add groups to those that it had, and submit their jobs twice."""
    assert "checkpoint" not in plan
    planned = re.findall(r"^total +(\d+)$", plan, re.M)
    assert {int(n) for n in planned} == {len(jobs)}


def test_gpu_jobs_are_not_cut_down_to_the_login_node(jobs):
    """The cores and the GPU in profiles/default limit local runs only."""
    on_gpu = [job for job in jobs if job["resources"].get("slurm_partition") == "gpu"]
    assert sorted(job["rule"] for job in on_gpu) == ["check_study"] + ["extract_features"] * 2
    assert {job["threads"] for job in on_gpu} == {8}
    assert {job["resources"]["gpu"] for job in on_gpu} == {"1"}
    assert not any("gpu" in job["resources"] for job in jobs if job not in on_gpu)
