"""Trainings beyond the study's own start from what it made, and leave it as it is."""

import pandas as pd
import pytest

from reruns import OF_AN_ENCODER, concerned

OVERLAY = {
    "tuning": {"folds": 2},  # no choice of the study's own, which is tuned on test patients
    "further": {"variance_seeds": 2, "learning_curve": [0.75]},
    "multiverse": {
        **dict.fromkeys(["learning_rate", "loss", "sequence_rule", "threshold", "scheme"], []),
        "tuning": ["test", "train"],
        "frames": [2],
    },
}
TABLES = [
    f"results/small/comparison/further/{name}.csv" for name in ("variance_parts", "learning_curve")
]
PAGE = {"write_multiverse", "multiverse"}  # the target, too
# Section, what changes in it, and the rules that run again once all of this is there.
CHANGES = [
    ("comparison", {"alpha": 0.1}, {"compare_fewer", "compare_protocols"} | PAGE),
    ("comparison", {"thresholds": [0.2]}, PAGE),
    ("further", {"variance_seeds": 3}, {"train_seeds", "compare_seeds"} | PAGE),
    ("further", {"learning_curve": [0.5]}, {"train_fewer", "compare_fewer"} | PAGE),
    ("multiverse", {"loss": ["weighted"]}, {"train_protocols", "compare_protocols"} | PAGE),
    ("report", {"example_slices": False}, PAGE),
]
# Of the study, whose frozen encoders' features are there, only the variant's are made.
OF_THE_VARIANT = set(OF_AN_ENCODER)


@pytest.fixture(scope="module")
def finished(study, tmp_path_factory):
    """A copy of the finished study that was asked for all further analyses."""
    copy = study.copy.copy(tmp_path_factory.mktemp("further") / "copy")
    before = copy.tree("results/small/runs")
    outcome = copy.snakemake("multiverse", *TABLES, overlay=OVERLAY)
    assert outcome.status == 0, outcome.text[-8000:]
    return copy, outcome, before


@pytest.fixture(scope="module")
def plans(finished):
    """What would run again: after nothing, after each change, with a model that is fine-tuned."""
    copy, _, _ = finished
    overlays = {
        str(change): OVERLAY | {section: OVERLAY.get(section, {}) | change}
        for section, change, _ in CHANGES
    }
    overlays["nothing"] = OVERLAY
    overlays["fine-tuning"] = {"models": {"convnext": {"training": {"trainable": "all"}}}}
    targets = ["multiverse", *TABLES]
    return copy.plans(
        {name: {"overlay": overlay, "targets": targets} for name, overlay in overlays.items()}
    )


def values_of(copy):
    rows = pd.read_csv(copy.results / "metrics.csv")
    return rows.set_index(["model", "replicate", "metric"])["value"]


def test_nothing_of_the_study_runs_again(finished):
    copy, outcome, before = finished
    own = {"seeds", "fewer", "protocols"}
    trained = {f"{does}_{kind}" for does in ("train", "compare") for kind in own}
    assert outcome.rules == trained | {"write_multiverse", "multiverse"} | OF_THE_VARIANT
    encoded = [job for job in outcome.jobs if job.split()[0] in OF_THE_VARIANT]
    assert concerned(encoded) == {"vivit-frames-2"}
    assert copy.tree("results/small/runs") == before


def test_a_second_run_has_nothing_to_do(plans):
    assert plans["nothing"].idle, plans["nothing"].text[-3000:]


@pytest.mark.parametrize(
    ("change", "rules"),
    [pytest.param(change, rules, id=str(change)) for _, change, rules in CHANGES],
)
def test_a_key_re_runs_what_it_decides_and_no_more(plans, change, rules):
    plan = plans[str(change)]
    assert plan.rules == rules, plan.text[-3000:]


def test_the_multiverse_says_before_it_starts_what_it_will_take(finished):
    _, outcome, _ = finished
    # Two models with two replicates, and two numbers of frames of the sequence: 3 x 2 x 2.
    said = "multiverse: 4 protocols (0 combinations that no study may have are left out), 12 train"
    assert said in outcome.text
    assert outcome.text.index("by the study's own trainings") < outcome.text.index("rule train_")


def test_the_studys_own_protocol_has_the_studys_difference(finished):
    copy, _, _ = finished
    table = pd.read_csv(copy.results / "multiverse/specification.csv")
    assert table["cell"].tolist() == [1, 2, 3, 4]
    assert table["frames"].tolist() == [4, 2, 4, 2]
    accuracy = values_of(copy).xs("accuracy", level="metric").unstack("model")  # noqa: PD010
    [own] = table[table["own"] == 1].itertuples()
    assert own.estimate == pytest.approx((accuracy["vivit"] - accuracy["convnext"]).mean())
    assert "of 4 protocols" in (copy.results / "multiverse.html").read_text("utf-8")


def test_runs_with_the_studys_seeds_are_the_studys(finished):
    copy, _, _ = finished
    files = (copy.results / "further/variance").glob("*.csv")
    rows = pd.concat([pd.read_csv(path) for path in files])
    own = rows[rows["seed"] == rows["replicate"]]
    found = own.set_index(["model", "replicate", "metric"])["value"].sort_index()
    expected = values_of(copy).loc[lambda values: values.index.isin(found.index)].sort_index()
    pd.testing.assert_series_equal(found, expected)
    assert len(found) == 2 * 2 * 2


def test_the_learning_curve_ends_in_the_study(finished):
    copy, _, _ = finished
    table = pd.read_csv(copy.results / "comparison/further/learning_curve.csv")
    last = table[table["share"] == 1].set_index(["model", "metric"])["estimate"]
    means = values_of(copy).groupby(["model", "metric"]).mean()
    for (model, metric), value in last.items():
        assert value == pytest.approx(means[model, metric], nan_ok=True)
    assert set(table["share"]) == {0.75, 1}


def test_models_that_are_fine_tuned_are_named(plans):
    assert "models.convnext is trained from pixels" in plans["fine-tuning"].text
    assert not plans["fine-tuning"].jobs
