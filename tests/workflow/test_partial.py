"""What runs again: one replicate alone, more replicates, another model, any changed key."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RUN = "results/small/runs/vivit/replicate-02"
OF_RUN = {"train_head model=vivit, replicate=02", "evaluate model=vivit, replicate=02"}

# What follows from a change, from the report backwards.
REPORT = {"write_report", "write_reporting", "all"}
PLOTTED = {"plot_figures"} | REPORT
COMPARED = {"compare_models"} | PLOTTED
PATIENTS = {"compare_patients"} | PLOTTED
SCORED = {"collect_metrics"} | COMPARED | PATIENTS
SLICES = {"compare_slices"} | PLOTTED
EVALUATED = {"evaluate"} | SCORED | SLICES
TRAINED = {"train_head"} | EVALUATED
EXTRACTED = {"extract_features"} | TRAINED
DESCRIBED = {"describe_checkpoint", "pack_pixels"} | EXTRACTED
SPLIT = {"split_patients"} | TRAINED
INDEXED = {"index_dataset", "select_slices", "plot_examples", "pack_pixels"} | SPLIT | EXTRACTED
DRAWN = {"draw_phantom"} | INDEXED
RETRAINED = TRAINED - {"train_head"}
OF_A_MODEL = ("describe_checkpoint", "pack_pixels", "extract_features", "train_head", "evaluate")
OTHER_TRAININGS = ("extract_mirrored_features", "train_sequence_head", "fit_classical", "finetune")
OTHER_TRAININGS += ("train_seeds", "train_fewer")
BOTH = {"vivit", "convnext"}

OF_FINETUNING = {
    "augmentation": {"rotate_degrees": 5, "scale": 0.1, "shift": 0.1, "intensity": 0.1},
    "precision": "bfloat16",
    "micro_batch": 1,
    "gradient_checkpointing": True,
    "compile": True,
}

OF_THE_MULTIVERSE = {
    "learning_rate": [1.0e-4],
    "loss": ["focal"],
    "tuning": ["train"],
    "sequence_rule": ["majority"],
    "threshold": ["chosen"],
    "scheme": ["random"],
    "frames": [2],
}

# Key, another value, the rules that run again, and of which models.
CHANGES = [
    ("study", "other", DRAWN | DESCRIBED, BOTH),
    ("seed", 7, DRAWN, BOTH),
    ("compare_studies", ["small", "other"], set(), set()),
    ("dataset.path", "elsewhere", REPORT, set()),
    # The studies' pictures have their own labels and window: no other values are allowed.
    ("dataset.labels", "elsewhere.csv", REPORT, set()),
    ("dataset.window", "40/120", REPORT, set()),
    ("dataset.on_problem", "exclude", INDEXED, BOTH),
    ("dataset.phantom.patients", 15, DRAWN, BOTH),
    ("dataset.phantom.positive", 7, DRAWN, BOTH),
    ("dataset.phantom.image_size", 60, DRAWN, BOTH),
    ("dataset.phantom.layout", "dicom", DRAWN, BOTH),
    ("container", "ctseq.sif", REPORT, set()),
    ("shards", 2, {"pack_pixels"} | EXTRACTED, BOTH),
    ("splits.scheme", "repeated_kfold", SPLIT, BOTH),
    ("splits.folds", 3, REPORT, set()),  # of another scheme than the study's
    ("splits.test_proportion", 0.4, SPLIT, BOTH),
    ("splits.stratify", True, SPLIT, BOTH),
    ("models.vivit.frames", 2, DESCRIBED, {"vivit"}),
    ("models.vivit.frame_sampling", "first", DESCRIBED, {"vivit"}),
    ("models.vivit.position_embeddings", "fresh", DESCRIBED, {"vivit"}),
    ("models.vivit.training", {"epochs": 2}, TRAINED, {"vivit"}),
    # A label is words alone: figures and pages are made anew, and no statistic.
    ("models.convnext.label", "Image", PLOTTED, set()),
    ("models.convnext.labels", "patient", TRAINED, {"convnext"}),
    # The epoch that is kept is the one whose scans, by this rule, are right most often.
    ("models.convnext.sequence_rule", "mean", TRAINED, {"convnext"}),
    ("models.vivit.extraction", {"precision": "bfloat16"}, EXTRACTED, {"vivit"}),
    ("extraction.precision", "bfloat16", EXTRACTED, BOTH),
    ("extraction.speedups", False, EXTRACTED, BOTH),
    ("training.trainable", "all", RETRAINED | {"finetune"}, BOTH),
    ("training.learning_rate", 1.0e-4, TRAINED, BOTH),
    ("training.weight_decay", 0.0, TRAINED, BOTH),
    ("training.batch_size", 4, TRAINED, BOTH),
    ("training.epochs", 4, TRAINED, BOTH),
    ("training.warmup_steps", 0, TRAINED, BOTH),
    ("training.patience", 1, TRAINED, BOTH),
    ("training.loss", "weighted", TRAINED, BOTH),
    ("training.focal_gamma", 1.0, TRAINED, BOTH),
    ("training.sampling", "balanced", TRAINED, BOTH),
    ("training.augmentation.mirror", True, TRAINED | {"extract_mirrored_features"}, BOTH),
    ("tuning.patients", "train", TRAINED, BOTH),
    ("tuning.folds", 3, REPORT, set()),  # nothing is chosen on inner folds
    ("models.convnext.head", {"type": "gru"}, RETRAINED | {"train_sequence_head"}, {"convnext"}),
    ("models.vivit.head", {"type": "svm"}, RETRAINED | {"fit_classical"}, {"vivit"}),
    ("models.vivit.shuffle_slices", True, EXTRACTED, {"vivit"}),
    # Of no use to heads on cached features, all together.
    ("training", OF_FINETUNING, REPORT, set()),
    ("evaluation.threshold", 0.6, EVALUATED, BOTH),
    ("comparison.metrics", ["accuracy"], COMPARED | PATIENTS, set()),
    ("comparison.alpha", 0.01, COMPARED | PATIENTS | SLICES, set()),
    ("comparison.undefined", "zero", COMPARED | PATIENTS, set()),
    ("comparison.primary", "precision", COMPARED | PATIENTS, set()),
    ("comparison.contrasts", [["convnext", "vivit"]], COMPARED | PATIENTS, set()),
    ("comparison.margins", {"accuracy": 0.1}, COMPARED | PATIENTS, set()),
    ("comparison.thresholds", [0.2], PATIENTS, set()),
    ("comparison.prevalence", [0.1], PATIENTS, set()),
    ("further.variance_seeds", 2, {"train_seeds", "compare_seeds"} | REPORT, BOTH),
    ("further.learning_curve", [0.5], {"train_fewer", "compare_fewer"} | PLOTTED, BOTH),
    # Of `snakemake multiverse`, all together: the page has the configuration as it was run.
    ("multiverse", OF_THE_MULTIVERSE, REPORT, set()),
    ("registered", {"sha256": 64 * "0", "date": "2026-02-28"}, REPORT, set()),
    ("report.example_slices", False, REPORT, set()),
]
# Not in the table: `replicates` and further models are tested below, the others choose other files.
ELSEWHERE = {
    "replicates",
    "dataset.format",
    *(f"models.{model}.{key}" for model in BOTH for key in ("kind", "checkpoint", "revision")),
    "models.vivit.label",
}


# Other ways of training a video model than its final layer, and their rules.
WAYS = {
    "fit_classical": {"head": {"type": "svm"}},
    "finetune": {"training": {"trainable": "all"}},
}


def nested(key, value):
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


def leaves(section, path=()):
    for key, value in section.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield ".".join((*path, key))


@pytest.fixture(scope="module")
def changed(planned):
    """The plan after each change of a key."""
    return planned("changed-keys", {key: {"overlay": nested(key, v)} for key, v, *_ in CHANGES})


@pytest.fixture(scope="module")
def grown(planned, checkpoints):
    """Plans for parts of the study and for more of it."""
    image = {"kind": "image", "label": "Other", "checkpoint": checkpoints["image"]}
    image |= {"revision": "main", "labels": "slice", "sequence_rule": "any"}
    cases = {
        "one replicate of a new study": {
            "overlay": {"study": "new"},
            "targets": ["results/new/runs/vivit/replicate-02/metrics.json"],
        },
        "one training forced": {"options": ["--forcerun", f"{RUN}/head.safetensors"]},
        "three replicates": {"overlay": {"replicates": 3}},
        "another model": {"overlay": {"models": {"other": image | {"first_slices": 9}}}},
        "another head": {"overlay": {"models": {"other": image | {"head": {"type": "gru"}}}}},
        **{
            f"{way} metrics": {
                "overlay": {"models": {"vivit": changes}},
                "targets": [f"{RUN}/metrics.json"],
            }
            for way, changes in WAYS.items()
        },
    }
    return planned("grown", cases)


@pytest.mark.parametrize(
    ("key", "rules", "models"),
    [pytest.param(key, rules, models, id=key) for key, _, rules, models in CHANGES],
)
def test_a_key_re_runs_what_it_decides_and_no_more(changed, key, rules, models):
    plan = changed[key]
    assert plan.rules == rules, plan.text[-3000:]
    concerned = [job.split("model=")[1].split(",")[0] for job in _of_a_model(plan.jobs)]
    assert set(concerned) == models


def test_every_key_is_in_the_table():
    keys = set(leaves(yaml.safe_load((ROOT / "config.yaml").read_text())))
    stated = {leaf for key, value, *_ in CHANGES for leaf in leaves(nested(key, value))} | ELSEWHERE
    assert keys - stated == set(), "add these keys to CHANGES, with the rules that they re-run"


def test_one_replicate_needs_its_own_split_model_and_run_only(grown):
    assert grown["one replicate of a new study"].jobs == sorted(
        {"draw_phantom", "index_dataset", "select_slices", "split_patients replicate=02"}
        | {f"{rule} model=vivit" for rule in OF_A_MODEL[:3]}
        | OF_RUN
    )


def test_forcing_a_training_re_runs_it_and_what_is_downstream(grown):
    jobs = grown["one training forced"].jobs
    assert set(_of_runs(jobs)) == OF_RUN
    assert {job.split()[0] for job in jobs} == TRAINED


def test_each_replicate_has_features_of_its_own_order(changed):
    plan = changed["models.vivit.shuffle_slices"]
    assert [job for job in plan.jobs if job.startswith("extract_features")] == [
        f"extract_features model=vivit, order=-replicate-{n}" for n in ("01", "02")
    ]
    inputs = re.findall(r"^rule train_head:\n    input: (\S+), ", plan.text, re.M)
    assert sorted(inputs) == [
        f"results/small/features/vivit-replicate-{n}.safetensors" for n in ("01", "02")
    ]


def test_more_replicates_run_only_the_new(grown):
    jobs = grown["three replicates"].jobs
    assert {job for job in jobs if "replicate=" in job} == {
        "split_patients replicate=03",
        *(f"train_head model={model}, replicate=03" for model in BOTH),
        *(f"evaluate model={model}, replicate=03" for model in BOTH),
    }
    assert {job.split()[0] for job in jobs} == SPLIT


def test_another_model_leaves_the_files_of_the_first_alone(grown):
    jobs = grown["another model"].jobs
    assert sorted(_of_a_model(jobs)) == sorted(
        [f"{rule} model=other" for rule in OF_A_MODEL[:3]]
        + [f"{rule} model=other, replicate={n}" for rule in OF_A_MODEL[3:] for n in ("01", "02")]
    )
    assert {job.split()[0] for job in jobs} == DESCRIBED


def test_another_head_on_the_same_encoder_is_trained_and_no_more(grown):
    jobs = grown["another head"].jobs
    assert sorted(_of_a_model(jobs)) == sorted(
        f"{rule} model=other, replicate={n}"
        for rule in ("train_sequence_head", "evaluate")
        for n in ("01", "02")
    )


@pytest.mark.parametrize("way", WAYS)
def test_another_way_of_training_takes_no_scores_of_the_first(grown, way):
    assert set(_of_runs(grown[f"{way} metrics"].jobs)) == {
        f"{way} model=vivit, replicate=02",
        "evaluate model=vivit, replicate=02",
    }


def test_a_forced_replicate_alone_gives_the_same_bytes(study_copy):
    before = study_copy.tree("results")
    outcome = study_copy.snakemake(
        "--forcerun", f"{RUN}/head.safetensors", "--", f"{RUN}/metrics.json"
    )
    assert outcome.status == 0, outcome.text[-4000:]
    assert set(outcome.jobs) == OF_RUN
    _check_touched(before, study_copy.tree("results"), {RUN})
    assert study_copy.tree(RUN).keys() == {path for path in before if path.startswith(RUN)}


def test_a_third_replicate_leaves_the_first_two_untouched(study_copy):
    before = study_copy.tree("results")
    outcome = study_copy.snakemake(
        "--", "results/small/runs/vivit/replicate-03/metrics.json", overlay={"replicates": 3}
    )
    assert outcome.status == 0, outcome.text[-4000:]
    after = study_copy.tree("results")
    assert {path: after[path] for path in before} == before
    new = {path for path in after if path not in before and "/logs/" not in path}
    new = {path for path in new if "/benchmarks/" not in path}
    assert new == {
        "results/small/splits/replicate-03.csv",
        *(path.replace("replicate-02", "replicate-03") for path in before if path.startswith(RUN)),
    }


def _of_a_model(jobs):
    return [job for job in jobs if job.split()[0] in OF_A_MODEL + OTHER_TRAININGS]


def _of_runs(jobs):
    return [job for job in jobs if "replicate=" in job]


def _check_touched(before, after, folders):
    """Assert that only files in these folders, logs and benchmarks were written, same bytes."""
    assert before.keys() == after.keys()
    timed = ("results/small/logs/", "results/small/benchmarks/")
    results = [path for path in before if not path.startswith(timed)]
    assert [path for path in results if before[path][1] != after[path][1]] == []
    written = {path for path in results if before[path][0] != after[path][0]}
    assert {str(Path(path).parent) for path in written} == folders
