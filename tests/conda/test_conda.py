"""A small study with one conda environment per rule, from a real conda and a local channel.

`make test-conda` runs it. It cannot show that conda-forge has these packages together:
docs/environments.md says how to see that.
"""

import os
import re
import sys

import pytest

from rules import rule_environments
from slurm.cluster import ClusterCopy
from studies import ROOT

pytestmark = [
    pytest.mark.skipif(
        "CTSEQ_TEST_CONDA" not in os.environ, reason="it makes a conda: make test-conda"
    ),
    pytest.mark.skipif(
        sys.version_info[:2] != (3, 11),
        reason="envs/ asks for Python 3.11, and the channel repackages the Python that runs this",
    ),
]


def test_every_rule_ran_in_its_own_environment(study, conda):
    expected = rule_environments()
    ran = study.run.ran - {"all"}
    assert len(ran) >= 15
    assert conda.used("study") == {rule: {expected[rule]} for rule in ran}


def test_outputs_are_those_of_a_plain_run(study):
    assert len(study.plain) > 100
    assert study.copy.differing(study.plain) == []


def test_a_missing_package_fails_the_rules_of_its_environment(study, conda, tmp_path):
    """Without pandas in torch.yaml, its rules that read tables fail and no others."""
    copy = study.copy.twin(tmp_path / "copy")
    yaml = copy.folder / "envs/torch.yaml"
    yaml.write_text(re.sub(r".*pandas.*\n", "", yaml.read_text()))

    def run(*arguments):
        options = (*conda.options, "--keep-going", *arguments)
        return copy.run(*options, environment=conda.environment("broken")).end(status=1)

    last = ("--forcerun", "fit", "--until", "fit", "--rerun-triggers", "mtime")
    # The other way round, nothing would be there to train; by --forceall, all waits for the check.
    runs = [run(*last), run("--forcerun", "draw_phantom", "describe_encoder")]
    failed, ran = (set().union(*(getattr(one, name) for one in runs)) for name in ("failed", "ran"))
    environments = rule_environments()
    of_torch = {rule for rule in study.run.ran if environments.get(rule) == "torch"}
    assert failed == of_torch - {"describe_encoder"}  # which reads no table
    assert {environments[rule] for rule in ran - failed} == {"imaging", "stats", "torch"}
    assert "No module named 'pandas'" in runs[0].text


def test_jobs_on_slurm_run_in_their_environments(study, conda, cluster, tmp_path):
    copy = ClusterCopy(study.copy.twin(tmp_path / "copy").folder, cluster)
    target = "results/small/runs/vivit/replicate-02/metrics.json"
    environment = conda.environment("slurm", cluster.environment)
    options = (*conda.options, "--forcerun", "fit", "--", target)
    copy.slurm(*options, environment=environment).end()
    (job,) = cluster.jobs(copy.folder)
    assert job["JobState"] == "COMPLETED"
    assert conda.used("slurm") == {"fit": {"torch"}, "evaluate": {"stats"}}
    assert copy.differing(study.plain) == []


def test_the_container_file_is_what_snakemake_writes(study, conda):
    """But for what docs/generate.py says about the image."""
    written = (ROOT / "envs/Containerfile").read_text().splitlines()
    steps = [line for line in written if not re.match("# (An|Written|conda)|ARG", line)]
    run = study.copy.run("--containerize", environment=conda.environment("image")).end()
    said = re.sub("Your conda installation is not .*\n", "", run.text)  # Snakemake's advice
    assert said.splitlines()[-len(steps) :] == steps
