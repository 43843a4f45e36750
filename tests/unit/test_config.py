"""The configuration: what is refused, and in which words."""

import copy
from pathlib import Path

import pytest
import yaml

from ctseq.core.errors import InputError
from ctseq.evidence.metrics import comparable_metrics
from ctseq.study.comparison import comparison_settings, contrasts_of
from ctseq.study.config import check_config, in_order_of

ROOT = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
METRICS = comparable_metrics()
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())


def changed(changes):
    """Return the default configuration with dotted keys set; None deletes."""
    config = copy.deepcopy(CONFIG)
    for key, value in changes.items():
        *path, last = key.split(".")
        section = config
        for part in path:
            section = section.setdefault(part, {})
        if value is None:
            del section[last]
        else:
            section[last] = value
    return config


def merge(base, overlay):
    both = base.keys() & overlay.keys()
    nested = {key: merge(base[key], overlay[key]) for key in both if isinstance(base[key], dict)}
    return base | overlay | nested


@pytest.mark.parametrize("overlay", sorted((ROOT / "config").glob("*.yaml")), ids=lambda p: p.stem)
def test_overlays_fit_the_schema(overlay):
    check_config(merge(CONFIG, yaml.safe_load(overlay.read_text())), SCHEMA, metrics=METRICS)


def test_the_default_fits_the_schema():
    check_config(CONFIG, SCHEMA, metrics=METRICS)


@pytest.mark.parametrize(
    "changes",
    [
        {"dataset.format": "dicom", "dataset.labels": "reads.csv", "dataset.window": "bone"},
        {"dataset.format": "ct-ich-nifti", "dataset.window": ["40/80", "subdural", "bone"]},
        {"dataset.format": "auto", "dataset.window": {"level": 50, "width": 130}},
        {"dataset.window": "40/120"},  # brain, in numbers
    ],
)
def test_windows_and_label_tables_of_other_formats(changes):
    check_config(changed(changes), SCHEMA, metrics=METRICS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"replicats": 3}, "replicats is not a key; did you mean replicates?"),
        ({"selection": {"patients": "inner"}}, "it is now tuning, with patients: train"),
        ({"splits.validation_proportion": 0.3}, "it is now splits.test_proportion"),
        ({"dataset.pth": "x"}, "dataset.pth is not a key; did you mean path?"),
        ({"models.vivit.frame": 3}, "models.vivit.frame is not a key; did you mean frames?"),
        ({"models.vivit.sequence_rule": "any"}, "models.vivit.sequence_rule is not a key"),
        ({"models.vivit.frames": None}, "models.vivit.frames is missing"),
        ({"models.vivit.kind": "vidio"}, "must be one of video, image; did you mean video?"),
        ({"models.vivit": None}, "models: "),
        ({"training.learning_rate": "5e-6"}, "it was read as text: write it without quotes"),
        ({"comparison.alpha": 0.9}, "comparison.alpha: 0.9 is greater than the maximum of 0.5"),
        ({"training.epochs": 2.5}, "training.epochs is 2.5 but must be of type integer"),
        ({"training.epochs": True}, "training.epochs is True but must be of type integer"),
        ({"models.vivit.training": {"lr": 1}}, "models.vivit.training.lr is not a key"),
        (
            {"training.trainable": "everything"},
            "training.trainable is 'everything', which it cannot be",
        ),
        ({"training.trainable": {"last_blocks": 0}}, "`head`, `all` or `{last_blocks: n}`"),
        ({"training.augmentation.rotate": 3}, "rotate is not a key; did you mean rotate_degrees?"),
        ({"models.vivit.position_embeddings": "new"}, "must be one of interpolate, fresh"),
        ({"replicates": 1}, "replicates: 1 is less than the minimum of 2"),
        ({"splits.test_proportion": 1.0}, "splits.test_proportion: 1.0"),
        ({"splits.scheme": "kfold"}, "must be one of random, repeated_kfold"),
        ({"splits.folds": 1}, "splits.folds: 1 is less than the minimum of 2"),
        ({"study": "published"}, "choose another name"),
        (
            {"comparison.metrics": ["recall", "acuracy"]},
            "comparison.metrics.1 is 'acuracy' but must be one of accuracy, precision, recall",
        ),
        ({"comparison.metrics": ["acuracy"]}, "did you mean accuracy?"),
        ({"comparison.metrics": ["tp"]}, "comparison.metrics.0 is 'tp' but must be one of"),
        ({"comparison.undefined": "skip"}, "must be one of exclude, zero, error"),
        ({"comparison.primary": "f1"}, "is 'f1', which comparison.metrics does not list"),
        (
            {"comparison.primary": "kappa"},
            "comparison.primary is 'kappa' but must be one of accura",
        ),
        ({"comparison.margins": {"f1": 0.1}}, "comparison.margins.f1 is of a metric that comparis"),
        ({"comparison.primary": None}, "comparison.primary is missing"),
        (
            {"comparison.contrasts": [["vivit", "convnex"]]},
            "comparison.contrasts.0 names a model, which is 'convnex' but must be one of vivit, "
            "convnext; did you mean convnext?",
        ),
        (
            {"comparison.contrasts": [["vivit", "vivit"]]},
            "is ['vivit', 'vivit'], but a contrast has two different models",
        ),
        (
            {"comparison.contrasts": [["vivit"]]},
            "comparison.contrasts.0 is ['vivit'], but a contrast has two different models",
        ),
        (
            {"comparison.contrasts": [["vivit", "convnext"], ["convnext", "vivit"]]},
            "comparison.contrasts has convnext and vivit twice: name the pair once",
        ),
        (
            {"comparison.margins": {"acuracy": 0.1}},
            "comparison.margins names a metric, which is 'acuracy' but must be one of accuracy",
        ),
        ({"comparison.margins": {"recall": 0}}, "comparison.margins.recall: 0 is less than or"),
        ({"comparison.margins": {"recall": 2}}, "comparison.margins.recall: 2 is greater than"),
        ({"comparison.rope": 0.02}, "it is now comparison.margins, one a metric"),
        ({"comparison.bootstrap_resamples": 9}, "nothing is resampled any more: remove it"),
        ({"study": "../x"}, "study: '../x' does not match"),
        ({"dataset.phantom.positive": 81}, "at most patients - 2 (80)"),
        ({"dataset.window": "brian"}, "dataset.window is 'brian'; give one of brain, bone"),
        ({"dataset.window": 40}, "dataset.window is 40 but must be of type"),
        ({"dataset.window": "bone"}, "the pictures of ct-ich-jpg have their window already"),
        ({"dataset.window": ["brain"] * 2}, "lists 2 windows; give one, or three"),
        ({"dataset.labels": "x.csv"}, "ct-ich-jpg has tables of its own: set it to auto"),
        ({"dataset.format": "nifti"}, "must be one of auto, ct-ich-jpg, ct-ich-nifti, dicom"),
        ({"models.convnext.label": "ViViT"}, "the label 'ViViT' is used twice"),
        ({"dataset": None}, "dataset is missing"),
        ({"replicates": {"a": 1}}, "replicates is {'a': 1} but must be of type integer"),
        ({"models.convnext.labels": None}, "models.convnext.labels is missing"),
        ({"models.vivit.head": {"type": "attention"}}, "which sees them together already"),
        ({"models.convnext.shuffle_slices": True}, "sees one slice at a time and no order"),
        ({"models.vivit.head": {"type": "lstn"}}, "did you mean lstm?"),
        ({"training.loss": "focal", "models.vivit.head": {"type": "svm"}}, "models.vivit.training"),
        ({"training.learning_rate": [1e-4, 1e-3]}, "only inner folds may choose"),
        ({"training.learning_rate": []}, "training.learning_rate: [] should be non-empty"),
        ({"evaluation.threshold": "chosen"}, "would flatter the model"),
        ({"evaluation.threshold": "best"}, "must be one of chosen"),
        ({"evaluation.threshold": 1.5}, "evaluation.threshold: 1.5"),
        ({"further.variance_seeds": 1}, "further.variance_seeds is 1, but one seed does not vary"),
        ({"further.learning_curve": [1.0]}, "further.learning_curve.0: 1.0"),
        (
            {"further.variance_seeds": 3, "models.convnext.training": {"trainable": "all"}},
            "further.variance_seeds: models.convnext is trained from pixels",
        ),
        (
            {"further.learning_curve": [0.5], "models.vivit.shuffle_slices": True},
            "further.learning_curve: models.vivit sees its slices in a new order each replicate",
        ),
        ({"multiverse.threshold": ["best"]}, "must be one of chosen"),
        ({"multiverse.learning_rate": [[1.0e-3]]}, "multiverse.learning_rate.0: [0.001]"),
        (
            {"multiverse.frames": [16], "models.vivit-frames-16": CONFIG["models"]["convnext"]},
            "has the name that multiverse.frames gives vivit with 16 frames",
        ),
    ],
)
def test_mistakes_are_named(changes, message):
    with pytest.raises(InputError) as caught:
        check_config(changed(changes), SCHEMA, metrics=METRICS)
    assert message in str(caught.value)


def test_contrasts_are_by_default_all_with_the_first():
    models = dict.fromkeys("abc", {})
    config = {"models": models, "comparison": CONFIG["comparison"]}
    assert contrasts_of(config) == [["a", "b"], ["a", "c"]]
    declared = CONFIG["comparison"] | {"contrasts": [["c", "b"]]}
    settings = comparison_settings(config | {"comparison": declared})
    assert settings["contrasts"] == [["c", "b"]]
    assert settings["models"] == ["a", "b", "c"]
    assert set(settings) == {
        "models", "contrasts", "primary", "metrics", "alpha", "undefined", "margins"
    }  # fmt: skip


def test_overlays_do_not_change_the_order():
    merged = {"models": {"b": {"y": 1, "x": [2]}, "c": 3, "a": {}}, "new": 0, "seed": 1}
    defaults = {"seed": 9, "models": {"a": {}, "b": {"x": 0, "z": 0}}}
    assert in_order_of({"replicates": {"b": 1}}, {"replicates": 3}) == {"replicates": {"b": 1}}
    ordered = in_order_of(merged, defaults)
    assert ordered == merged
    assert list(ordered) == ["seed", "models", "new"]
    assert list(ordered["models"]) == ["a", "b", "c"]
    assert list(ordered["models"]["b"]) == ["x", "y"]


def test_all_mistakes_are_listed_at_once():
    with pytest.raises(InputError, match=r"\(3 problems\)"):
        check_config(
            changed({"seed": -1, "replicates": "x", "dataset.x": 1}), SCHEMA, metrics=METRICS
        )
