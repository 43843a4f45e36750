"""Datasets that no choice has seen: what is fitted scores their scans, and is not fitted again."""

import pytest

from ctseq.core.tables import read_table
from ctseq.intake.tables import SCANS
from ctseq.replicates.tables import SCORES
from reruns import OF_AN_ENCODER, OF_THE_DATASET
from studies import STUDY

# The study's own patients once more, under another name: what is said of them is known.
AGAIN = {
    "external": ["again"],
    "datasets": {"again": STUDY["datasets"]["phantom"]},
    "models": {"pooled": {"encoder": "convnext", "family": "logistic", "pool": "max"}},
    "compare": ["vivit", "convnext", "gru", "pooled"],
    "tuning": {"folds": 2},  # of what always chooses on inner folds
}
MODELS = AGAIN["compare"]


@pytest.fixture(scope="module")
def external(study, tmp_path_factory):
    """Score another dataset by the first replicate of each model."""
    copy = study.copy.copy(tmp_path_factory.mktemp("external") / "copy")
    runs = [f"results/small/runs/{model}/replicate-01" for model in MODELS]
    before = copy.tree("results/small/runs")
    outcome = copy.snakemake("--", *(f"{run}/external/again.csv" for run in runs), overlay=AGAIN)
    assert outcome.status == 0, outcome.text[-8000:]
    return copy, outcome, before


def test_it_is_indexed_and_encoded_and_nothing_is_fitted_again(external):
    copy, outcome, before = external
    fits = {f"fit model={model}, replicate=01" for model in ("gru", "pooled")}
    assert set(outcome.jobs) == (
        {f"{rule} dataset=again" for rule in OF_THE_DATASET}
        | {f"{rule} dataset=again, encoder={one}" for rule in OF_AN_ENCODER for one in MODELS[:2]}
        | {f"predict model={model}, replicate=01, dataset=again" for model in MODELS}
        | fits  # of models that the finished study lacks
    )
    after = copy.tree("results/small/runs")
    assert {path: after[path] for path in before} == before


@pytest.mark.parametrize("model", MODELS)
def test_every_scan_is_scored_once(external, model):
    copy, *_ = external
    scores = scores_of(copy, model, "external/again.csv")
    assert set(scores["subset"]) == {"external"}
    scans = read_table(copy.folder / "results/data/again/scans.csv", SCANS)
    assert list(dict.fromkeys(scores["scan_id"])) == scans["scan_id"].tolist()
    if model == "convnext":  # a row a slice
        scans = scans.loc[scans.index.repeat(scans["n_slices"])]
    assert len(scores) == len(scans)


@pytest.mark.parametrize("model", MODELS)
def test_what_was_tested_has_the_same_scores_to_the_last_digit(external, model):
    copy, *_ = external
    tested = scores_of(copy, model, "scores.csv").query("subset == 'test'").reset_index(drop=True)
    again = scores_of(copy, model, "external/again.csv")
    again = again[again["scan_id"].isin(tested["scan_id"])].reset_index(drop=True)
    assert again.drop(columns="subset").equals(tested.drop(columns="subset"))


def test_a_whole_study_scores_it_in_every_run(planned):
    plan = planned("external", {"all": {"overlay": AGAIN}})["all"]
    jobs = [job for job in plan.jobs if job.startswith("predict ")]
    assert jobs == sorted(
        f"predict model={model}, replicate={n}, dataset=again"
        for model in MODELS
        for n in ("01", "02")
    )
    assert not [job for job in plan.jobs if job.startswith("fit") and "convnext" in job]


def scores_of(copy, model, name):
    path = copy.results / f"runs/{model}/replicate-01/{name}"
    return read_table(path, SCORES)
