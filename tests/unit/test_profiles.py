"""Profiles speak of the workflow's rules, and of all that go to a cluster."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rules import local_rules, rules

ROOT = Path(__file__).parents[2]
PROFILES = sorted((ROOT / "profiles").glob("*/config.yaml"))
# Options whose values, or whose values' keys, are names of rules.
OF_RULES = ("allowed-rules", "forcerun", "groups", "omit-from", "prioritize", "set-resources")
OF_RULES += ("set-threads", "until")
# Submissions of their own, with the reason; all other jobs take seconds and share one.
ALONE = {
    "pretrain_tiny": "minutes of a node, once for all studies",
    "pack_pixels": "reads every slice, with several threads",
    "check_study": "the study waits for it, and it times a row on a GPU",
    "extract_features": "needs a GPU",
    "extract_mirrored_features": "needs a GPU",
    "finetune": "needs a GPU for hours",
    "predict_finetuned": "needs a GPU",
}


def names_of_rules(settings):
    """Return every name of a rule in a profile, in the parts that hold on conditions too."""
    found = set()
    for key, value in settings.items():
        if key in OF_RULES:
            found |= set(value)
        elif isinstance(value, dict):
            found |= names_of_rules(value)
    return found


@pytest.fixture(scope="module")
def slurm():
    return yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text("utf-8"))


def test_rules_are_those_that_snakemake_lists(new_copy, tmp_path):
    listed = subprocess.check_output(
        [sys.executable, "-m", "snakemake", "--configfile", "study.yaml", "--list-rules"],
        cwd=new_copy(tmp_path).folder,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert sorted(rules()) == sorted(re.findall(r"^(\w+)", listed, re.M))


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.parent.name)
def test_a_profile_names_only_rules_of_the_workflow(profile):
    named = names_of_rules(yaml.safe_load(profile.read_text("utf-8")))
    assert named - set(rules()) == set()


def test_names_of_rules_are_found_wherever_they_stand():
    settings = {
        "cores": 8,
        "set-threads": {"a": 1},
        "prioritize": ["b"],
        "?if condition": {"groups": {"c": "runs"}},
    }
    assert names_of_rules(settings) == {"a", "b", "c"}


def test_every_submitted_rule_asks_for_what_it_needs(slurm):
    """A rule that is not listed would not ask for more when it is tried again."""
    asked = slurm["set-resources"]
    assert set(asked) == set(rules()) - local_rules()
    for rule, resources in asked.items():
        assert {"slurm_partition", "mem_mb", "runtime"} <= set(resources), rule
        assert all("attempt" in str(resources[name]) for name in ("mem_mb", "runtime")), rule


def test_gpu_rules_and_no_others_go_where_gpus_are(slurm):
    on_gpu = {rule for rule, asked in slurm["set-resources"].items() if "gpu" in asked}
    assert on_gpu == {rule for rule, text in rules().items() if "gpu=1" in text}
    gpu, cpu = (slurm["site"][kind]["slurm_partition"] for kind in ("gpu", "cpu"))
    for rule, asked in slurm["set-resources"].items():
        assert asked["slurm_partition"] == (gpu if rule in on_gpu else cpu), rule


def test_every_submitted_rule_shares_a_submission_or_stands_alone_for_a_reason(slurm):
    assert set(slurm["groups"]) | set(ALONE) == set(rules()) - local_rules()
    assert set(slurm["groups"]) & set(ALONE) == set()
    assert set(slurm["group-components"]) <= set(slurm["groups"].values())
    taking_turns = {rule for rule, asked in slurm["set-resources"].items() if "turn" in asked}
    assert taking_turns == set(slurm["groups"])
