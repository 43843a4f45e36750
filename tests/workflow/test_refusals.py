"""What a user reads when a study cannot be: one clear message, and no traceback."""

import re

import pytest

from ct_ich import write_ct_ich

PYTHONS = "Traceback (most recent call last)"
# Where a key was read, such as " (case-1.yaml, line 3)".
ORIGIN = re.compile(r" \((case-\d+|config|study)\.yaml, line \d+\)")
OLD = {
    "dataset": {"format": "dicom", "path": "scans"},
    "models": {"vivit": {"kind": "video", "checkpoint": "owner/x", "head": {"type": "gru"}}},
}
OLD_MODEL = {"kind": "image", "checkpoint": "owner/x", "head": {"type": "gru"}, "labels": "patient"}

# What is configured, and the words that are said of it.
REFUSED = {
    "a family that cannot use the encoder": (
        {"models": {"gru": {"encoder": "vivit"}}, "compare": ["vivit", "gru"]},
        ["models.gru.family is 'gru', which takes an encoder that sees a slice"],
    ),
    "an unknown model": (
        {"compare": ["vivit", "convnet"]},
        ["compare names 'convnet', but `models` has vivit, ", "did you mean convnext?"],
    ),
    "a fusion of slices with sequences": (
        {"models": {"vivit": {"encoder": ["vivit", "convnext"]}}},
        [
            "models.vivit.encoder joins vivit, which sees a sequence",
            "only features of the same rows",
        ],
    ),
    "an external dataset that is the development's": (
        {"external": ["ct-ich"]},
        ["external names ct-ich, the dataset that the study develops on"],
    ),
    "an unknown encoder": (
        {"models": {"convnext": {"encoder": "swin"}}},
        ["models.convnext.encoder names swin, but `encoders` has vivit, convnext"],
    ),
    "a dataset of the old shape": (
        OLD,
        [
            "dataset is now the name of one of `datasets`",
            "datasets: {NAME: {format: dicom, path: sc",
        ],
    ),
    "a model of the old shape": (
        {"models": {"convnext": OLD_MODEL}},
        [
            "models.convnext.kind is not a key; it is now `sees` of its encoder in `encoders`",
            "models.convnext.checkpoint is not a key; it moved to the model's encoder",
            "models.convnext.head is not a key; its type is now the model's `family`",
            "patient is now called scan",
        ],
    ),
    "keys that nothing is called": (
        {"replicats": 3, "training": {"learning_rat": 1.0}},
        [
            "replicats is not a key; did you mean replicates?",
            "training.learning_rat is not a key; did you mean learning_rate?",
        ],
    ),
    "no data": (
        {},
        [
            "datasets.ct-ich.path is data/ct-ich, which does not exist",
            "https://physionet.org/content/ct-ich",
            "snakemake --config 'datasets={ct-ich: {path: /where/it/is}}'",
            "make demo",
        ],
    ),
    "no data of another layout": (
        {"datasets": {"ct-ich": {"format": "dicom", "path": "nowhere"}}},
        ["datasets.ct-ich.path is nowhere, which does not exist", "Unpack the dataset"],
    ),
    "no data of a dataset of one's own": (
        {
            "datasets": {"ours": {"format": "auto", "path": "/nowhere", "target": "hemorrhage"}},
            "dataset": "ours",
        },
        [
            "datasets.ours.path is /nowhere, which does not exist",
            "snakemake --config 'datasets={ours: {path: /where/it/is}}'",
        ],
    ),
}


@pytest.fixture(scope="module")
def refused(modules_copy, local_encoders):
    """What Snakemake says of each of the studies that cannot be."""
    copy = modules_copy({"study": "x", "replicates": 2, "encoders": local_encoders})
    return copy.plans({name: {"overlay": overlay} for name, (overlay, _) in REFUSED.items()})


@pytest.mark.parametrize("name", REFUSED)
def test_a_study_that_cannot_be_ends_in_a_message(refused, name):
    outcome = refused[name]
    assert not outcome.jobs
    assert PYTHONS not in outcome.text
    assert ORIGIN.search(outcome.text)
    for words in REFUSED[name][1]:
        assert words in ORIGIN.sub("", outcome.text)


# What is asked for by name, and what is said of it.
TARGETS = {
    "results/x/runs/vivit/replicate-07/metrics.json": "it is of replicate 7 of a study with 2: "
    "raise `replicates`, now 2.",
    "results/y/report.html": "the study of this configuration is x, whose files are in results/x/.",
    "results/x/runs/vivt/replicate-01/metrics.json": "it names 'vivt', but `compare` has vivit, "
    "convnext; did you mean vivit?",
}


def test_what_no_study_has_is_not_planned(modules_copy, local_encoders):
    copy = modules_copy({"study": "x", "replicates": 2, "encoders": local_encoders})
    drawn = {"datasets": {"ct-ich": {"format": "phantom"}}}
    plans = copy.plans({name: {"overlay": drawn, "targets": [name]} for name in TARGETS})
    for name, words in TARGETS.items():
        assert not plans[name].jobs
        assert f"Error: {name} cannot be made: {words}" in plans[name].text
        assert "No rule to produce" not in plans[name].text
        assert PYTHONS not in plans[name].text


def test_only_ct_ich_comes_from_physionet(refused):
    assert "physionet" in refused["no data"].text
    for name in ("no data of another layout", "no data of a dataset of one's own"):
        assert "physionet" not in refused[name].text.casefold()


@pytest.fixture
def copy(working_copy, local_encoders):
    return working_copy({"study": "x", "replicates": 2, "encoders": local_encoders})


def shown_by(copy, target, overlay, **keywords):
    outcome = copy.snakemake("--", f"results/data/ct-ich/{target}", overlay=overlay, **keywords)
    assert outcome.status != 0
    assert PYTHONS not in outcome.text
    return outcome.text


def of_dataset(path, **own):
    return {"datasets": {"ct-ich": {"path": str(path)} | own}}


def test_a_failed_rule_shows_its_message_on_the_terminal_and_in_its_log(copy, tmp_path):
    dataset = write_ct_ich(tmp_path / "data", {"049": "-b-", "050": "---"}, side=16)
    damaged = "Patients_CT/050/brain/2.jpg"
    (dataset / damaged).write_bytes(b"")
    (dataset / "Patients_CT/049/brain/3.jpg").unlink()
    shown = shown_by(copy, "slices.csv", of_dataset(dataset))
    for words in ("(2 problems)", damaged, "row 4", "datasets.ct-ich.on_problem: exclude"):
        assert words in shown
        assert words in (copy.folder / "results/data/ct-ich/logs/index_dataset.log").read_text()


def test_a_target_that_no_scan_has(copy, tmp_path):
    patients = {"049": "-b-", "050": "---", "051": "bb", "052": "-"}
    dataset = write_ct_ich(tmp_path / "data", patients, side=16)
    shown = shown_by(copy, "scans.csv", of_dataset(dataset, target="fracture"))
    assert "All 4 scans are without fracture, the target" in shown


def test_a_target_that_nothing_is_called(copy, tmp_path):
    dataset = write_ct_ich(tmp_path / "data", {"049": "-b-", "050": "---"}, side=16)
    shown = shown_by(copy, "scans.csv", of_dataset(dataset, target="midline shift"))
    assert "midline shift" in shown


def test_a_local_checkpoint_that_does_not_exist(copy):
    shown = shown_by(
        copy, "encoders/vivit.json", {"encoders": {"vivit": {"checkpoint": "./nowhere"}}}
    )
    assert "nowhere" in shown


def test_a_checkpoint_that_cannot_be_had(copy):
    encoders = {"vivit": {"checkpoint": "owner/none", "revision": "v1"}}
    shown = shown_by(
        copy,
        "encoders/vivit.json",
        {"encoders": encoders},
        environment={"HF_ENDPOINT": "http://127.0.0.1:9"},
    )
    for words in (
        "Checkpoint owner/none, revision v1, cannot be fetched",
        "Asked: http://127.0.0.1:9",
        "hf download owner/none --revision v1",
        "set the encoder's `checkpoint` to its path",
    ):
        assert words in shown
    assert not list((copy.folder / "resources").rglob("owner--none*"))
