"""Every key of the configuration: what runs again when it changes, and nothing else."""

import re

import pytest
import yaml

from reruns import (
    BOTH,
    COMPARED,
    DESCRIBED,
    DRAWN,
    EVALUATED,
    EXTRACTED,
    INDEXED,
    PATIENTS,
    PLOTTED,
    REPORT,
    SCORED,
    SLICES,
    SPLIT,
    TRAINED,
    concerned,
    nested,
)
from studies import ROOT

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
# What no study uses of the catalogues is no part of it.
UNUSED_DATASET = {"path": "elsewhere", "format": "dicom", "target": "subdural"}
UNUSED_MODELS = {
    "gru": {"label": "LSTM", "encoder": "convnext", "family": "lstm"},
    "logistic": {"label": "Forest", "encoder": "convnext", "family": "forest", "pool": "mean"},
}

# Key, another value, the rules that run again, and of which encoders and models.
CHANGES = [
    # Another study's data, pixels and features are there.
    ("study", "other", SPLIT | {"plot_examples"}, BOTH),
    ("seed", 7, SPLIT, BOTH),
    ("compare_studies", ["small", "other"], set(), set()),
    ("registered", {"sha256": 64 * "0", "date": "2026-02-28"}, REPORT, set()),
    ("datasets.ct-ich", UNUSED_DATASET, set(), set()),
    ("datasets.phantom.path", "elsewhere", set(), set()),  # it is drawn
    # The studies' pictures have their own window: it may be spelled otherwise, and be no other.
    ("datasets.phantom.window", "40/120", REPORT, set()),
    ("datasets.phantom.target", "epidural", INDEXED, BOTH),
    ("datasets.phantom.links_into", ["elsewhere"], REPORT, set()),  # it is drawn, without links
    ("datasets.phantom.on_problem", "exclude", INDEXED, BOTH),
    ("datasets.phantom.phantom.patients", 15, DRAWN, BOTH),
    ("datasets.phantom.phantom.positive", 7, DRAWN, BOTH),
    ("datasets.phantom.phantom.image_size", 60, DRAWN, BOTH),
    ("datasets.phantom.phantom.layout", "dicom", DRAWN, BOTH),
    ("datasets.phantom.phantom.seed", 7, DRAWN, BOTH),
    ("container", "ctseq.sif", REPORT, set()),
    ("shards", 2, {"pack_pixels"} | EXTRACTED, BOTH),
    ("splits.scheme", "repeated_kfold", SPLIT, BOTH),
    ("splits.folds", 3, REPORT, set()),  # of another scheme than the study's
    ("splits.test_proportion", 0.4, SPLIT, BOTH),
    ("splits.stratify", True, SPLIT, BOTH),
    ("encoders.vivit.frames", 2, DESCRIBED, {"vivit"}),
    ("encoders.vivit.frame_sampling", "first", DESCRIBED, {"vivit"}),
    ("encoders.vivit.position_embeddings", "fresh", DESCRIBED, {"vivit"}),
    ("encoders.vivit.subfolder", "encoder", DESCRIBED, {"vivit"}),
    ("encoders.vivit.window", "40/120", REPORT, set()),
    ("encoders.vivit.extraction", {"precision": "bfloat16"}, DESCRIBED, {"vivit"}),
    ("encoders.convnext.pooling", "mean", DESCRIBED, {"convnext"}),
    ("encoders.convnext.first_slices", 9, DESCRIBED, {"convnext"}),
    ("encoders.convnext.size", 96, DESCRIBED, {"convnext"}),
    # Features of overridden encoders stand beside the others.
    ("override.sequence", {"frames": 2}, DESCRIBED, {"vivit", "vivit-frames-2"}),
    ("override.slice.first_slices", 9, DESCRIBED, {"convnext", "convnext-first-slices-9"}),
    ("extraction.precision", "bfloat16", DESCRIBED, BOTH),
    ("extraction.speedups", False, DESCRIBED, BOTH),
    ("models.gru", UNUSED_MODELS["gru"], set(), set()),
    ("models.logistic", UNUSED_MODELS["logistic"], set(), set()),
    # The order of tables and figures, and what is the first of a difference.
    ("compare", ["convnext", "vivit"], SCORED | SLICES, set()),
    # A label is words alone: figures and pages are made anew, and no statistic.
    ("models.convnext.label", "Image", PLOTTED, set()),
    ("models.convnext.labels", "scan", TRAINED, {"convnext"}),
    # The epoch that is kept is the one whose scans, by this rule, are right most often.
    ("models.convnext.sequence_rule", "mean", TRAINED, {"convnext"}),
    ("models.convnext.family", "logistic", TRAINED, {"convnext"}),
    ("models.vivit.encoder", "convnext", TRAINED, {"vivit"}),
    ("models.vivit.family", "svm", TRAINED, {"vivit"}),
    ("models.vivit.training", {"epochs": 2}, TRAINED, {"vivit"}),
    ("models.vivit.shuffle_slices", True, EXTRACTED, {"vivit"}),
    ("training.trainable", "all", EVALUATED | {"finetune"}, BOTH),
    ("training.learning_rate", 1.0e-4, TRAINED, BOTH),
    ("training.weight_decay", 0.0, TRAINED, BOTH),
    ("training.standardise", True, TRAINED, BOTH),
    ("training.components", 2, TRAINED, BOTH),
    ("training.seeds", 2, TRAINED, BOTH),
    ("training.dropout", 0.5, REPORT, set()),  # of heads with a hidden layer
    ("training.size", 8, REPORT, set()),
    ("training.batch_size", 4, TRAINED, BOTH),
    ("training.slices", {"batch_size": 4}, TRAINED, {"convnext"}),
    ("training.epochs", 4, TRAINED, BOTH),
    ("training.warmup_steps", 0, TRAINED, BOTH),
    ("training.patience", 1, TRAINED, BOTH),
    ("training.loss", "weighted", TRAINED, BOTH),
    ("training.focal_gamma", 1.0, REPORT, set()),  # of another loss than the study's
    ("training.sampling", "balanced", TRAINED, BOTH),
    ("training.augmentation.mirror", True, TRAINED | {"extract_mirrored_features"}, BOTH),
    # Of no use to what learns from cached features, all together.
    ("training", OF_FINETUNING, REPORT, set()),
    ("tuning.patients", "train", TRAINED, BOTH),
    ("tuning.folds", 3, REPORT, set()),  # nothing is chosen on inner folds
    ("tuning.repeats", 2, REPORT, set()),
    ("tuning.halving", True, REPORT, set()),
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
    ("report.example_slices", False, REPORT, set()),
]
# A check is told of data, encoders and splits, and of a training what makes it long or needs data.
CHECKED_AGAIN = {"study", "seed", "shards", "extraction", "override", "tuning.patients"}
CHECKED_AGAIN |= {f"datasets.phantom.{key}" for key in ("target", "on_problem", "phantom")}
CHECKED_AGAIN |= {f"splits.{key}" for key in ("scheme", "test_proportion", "stratify")}
CHECKED_AGAIN |= {f"encoders.{name}" for name in BOTH}
CHECKED_AGAIN |= {f"models.convnext.{key}" for key in ("labels", "family")}
CHECKED_AGAIN |= {f"models.vivit.{key}" for key in ("encoder", "family", "training")}
CHECKED_AGAIN |= {"models.vivit.shuffle_slices"}
CHECKED_AGAIN |= {f"training.{key}" for key in ("trainable", "epochs", "augmentation.mirror")}
CHECKED_AGAIN |= {"training.seeds"}
# Not in the table: `replicates`, `external` and further models are tested below or beside, the
# others name other files or have one value.
ELSEWHERE = {"replicates", "dataset", "external", "datasets.*.format", "datasets.*.labels"}
ELSEWHERE |= {"datasets.*.columns"}  # of drawn patients it is refused
ELSEWHERE |= {"encoders.*.revision"}  # of folders, which the tests have, it is refused
ELSEWHERE |= {"training.solver"}  # `exact` is refused where the test patients choose
ELSEWHERE |= {"encoders.*.type", "encoders.*.sees", "encoders.*.checkpoint", "models.*.pool"}
ELSEWHERE |= {"models.*.members"}  # other families have none; tests of ensembles plan with it


def leaves(section, path=()):
    """Yield the dotted keys of a configuration, with * for the names of catalogues."""
    for key, value in section.items():
        name = "*" if path in (("datasets",), ("encoders",), ("models",)) else key
        if isinstance(value, dict):
            yield from leaves(value, (*path, name))
        else:
            yield ".".join((*path, name))


@pytest.fixture(scope="module")
def changed(planned):
    """The plan after each change of a key."""
    return planned("changed-keys", {key: {"overlay": nested(key, v)} for key, v, *_ in CHANGES})


@pytest.mark.parametrize(
    ("key", "rules", "names"),
    [pytest.param(key, rules, names, id=key) for key, _, rules, names in CHANGES],
)
def test_a_key_re_runs_what_it_decides_and_no_more(changed, key, rules, names):
    plan = changed[key]
    assert plan.rules == rules, plan.text[-3000:]
    assert concerned(plan.jobs) == names


def test_a_study_is_checked_again_where_what_a_check_is_told_changes(changed):
    """And where nothing else does: another threshold costs no check."""
    again = {key for key, plan in changed.items() if plan.checked}
    assert again == {key for key in changed if key.startswith(tuple(CHECKED_AGAIN))}


def test_every_key_is_in_the_table():
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    keys = set(leaves(config))
    for entry in ("dataset", "encoder", "model"):  # of the catalogues, shipped or not
        keys |= {f"{entry}s.*.{key}" for key in schema["$defs"][entry]["properties"]}
    stated = {leaf for key, value, *_ in CHANGES for leaf in leaves(nested(key, value))}
    stated |= {leaf[: dot.start()] for leaf in stated for dot in re.finditer(r"\.", leaf)}
    missing = keys - stated - ELSEWHERE
    assert missing == set(), "add these keys to CHANGES, with the rules that they re-run"


def test_each_replicate_has_features_of_its_own_order(changed):
    plan = changed["models.vivit.shuffle_slices"]
    orders = [f"-shuffled-2024-replicate-{n}" for n in ("01", "02")]
    assert [job for job in plan.jobs if job.startswith("extract_features")] == [
        f"extract_features dataset=phantom, encoder=vivit, order={order}" for order in orders
    ]
    inputs = re.findall(r"^rule fit:\n    input: (\S+), ", plan.text, re.M)
    assert sorted(inputs) == [
        f"results/data/phantom/features/vivit{order}.safetensors" for order in orders
    ]
