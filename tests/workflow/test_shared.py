"""What studies share: data, pixels and features are made once, and never mixed."""

import collections
import re
import shutil

import pytest
import yaml

from reruns import OF_AN_ENCODER, OF_THE_DATASET
from studies import ROOT, contents, differing

MADE_ONCE = {*OF_THE_DATASET, *OF_AN_ENCODER}
OUTDATED = "This page no longer matches the shared data that it was made from"
# What another study changes of the data that the finished one stands on.
OTHER = {"study": "other", "encoders": {"convnext": {"first_slices": 9}}}


@pytest.fixture(scope="module")
def plans(planned):
    """Plans of other studies where one is finished."""
    recommended = yaml.safe_load((ROOT / "config/recommended.yaml").read_text())
    index = {"datasets": {"phantom": {"on_problem": "exclude"}}}
    patients = {"datasets": {"phantom": {"phantom": {"seed": 7}}}}
    return planned(
        "shared",
        {
            "recommended": {"overlay": recommended},
            "from the command line": {"options": ["--config", "compare=[vivit,gru]"]},
            "another encoder": {"overlay": OTHER},
            "another index": {"overlay": {"study": "other"} | index},
            "other patients": {"overlay": {"study": "other"} | patients},
            "the same": {},
        },
    )


def test_the_recommended_study_runs_no_encoder(plans):
    counts = collections.Counter(job.split()[0] for job in plans["recommended"].jobs)
    assert MADE_ONCE & set(counts) == set()
    # Twenty replicates of two models.
    assert (counts["split_patients"], counts["fit"], counts["evaluate"]) == (20, 40, 40)


def test_compare_on_the_command_line_adds_what_it_names(plans):
    plan = plans["from the command line"]
    runs = [f"model=gru, replicate={n}" for n in ("01", "02")]
    jobs = [job for job in plan.jobs if job.startswith(("fit", "evaluate"))]
    assert jobs == [f"{rule} {run}" for rule in ("evaluate", "fit") for run in runs]
    assert not MADE_ONCE & plan.rules


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (
            "another encoder",
            "results/data/phantom: features of convnext are made again, since first_slices "
            "null -> 9.",
        ),
        (
            "another index",
            "results/data/phantom: its index and all features are made again, since on_problem "
            "error -> exclude.",
        ),
        ("other patients", "results/data/phantom: its index and all features are made again"),
    ],
)
def test_a_plan_says_what_is_made_again_and_who_stands_on_it(plans, case, said):
    text = plans[case].text
    assert said in text
    assert "Finished studies that stand on them: small" in text
    assert text.index(said) < text.index("Building DAG")


def test_a_plan_that_makes_nothing_again_says_nothing(plans):
    for case in ("the same", "recommended"):
        assert "made again" not in plans[case].text


def said_of_itself(copy):
    page = (copy.results / "report.html").read_text("utf-8")
    (text,) = re.findall(r'<div id="standing"[^>]*>(.*?)</div>', page, re.DOTALL)
    return text


def test_a_finished_study_says_that_it_no_longer_matches_until_it_does(study, study_copy):
    assert said_of_itself(study_copy) == ""
    features = "results/data/phantom/features/convnext.safetensors"
    outcome = study_copy.snakemake("--", features, overlay=OTHER)
    assert outcome.status == 0, outcome.text[-4000:]
    assert outcome.rules == set(OF_AN_ENCODER)
    assert OUTDATED in said_of_itself(study_copy)
    assert "results/data/phantom/encoders/convnext.json" in said_of_itself(study_copy)

    outcome = study_copy.snakemake()
    assert outcome.status == 0, outcome.text[-4000:]
    assert set(OF_AN_ENCODER) | {"fit", "write_report"} <= outcome.rules
    assert not set(OF_THE_DATASET) & outcome.rules
    assert said_of_itself(study_copy) == ""
    results = [contents(copy.folder / "results") for copy in (study.copy, study_copy)]
    assert differing(*results) == []
    assert study_copy.snakemake("--dry-run").idle


def test_deleting_a_study_leaves_what_others_share(study_copy):
    shutil.rmtree(study_copy.results)
    shared = study_copy.tree("results/data")
    plan = study_copy.snakemake("--dry-run")
    assert plan.status == 0, plan.text[-4000:]
    assert "fit" in plan.rules
    assert not MADE_ONCE & plan.rules
    assert study_copy.tree("results/data") == shared


def test_results_of_an_earlier_version_are_neither_read_nor_touched(study_copy):
    results = study_copy.folder / "results"
    for name in ("x/features/vivit.safetensors", "x/dataset/slices.csv", "x/models/vivit.json"):
        (results / name).parent.mkdir(parents=True, exist_ok=True)
        (results / name).write_text("of an earlier version")
    before = study_copy.tree("results/x")
    assert study_copy.snakemake("--dry-run").idle
    outcome = study_copy.snakemake("--dry-run", overlay={"study": "x"})
    assert outcome.status != 0
    assert "mv results/x results/x-before" in outcome.text
    assert study_copy.tree("results/x") == before
    (results / "x").rename(results / "x-before")
    plan = study_copy.snakemake("--dry-run", overlay={"study": "x"})
    assert plan.status == 0
    assert "fit" in plan.rules
    assert not MADE_ONCE & plan.rules
