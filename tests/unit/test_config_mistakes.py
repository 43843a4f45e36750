"""The configuration: what is refused, and in which words."""

import pytest

from configs import changed, resolved
from ctseq.core.errors import InputError

VIDEO = {"sees": "sequence", "checkpoint": "owner/video"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"replicats": 3}, "replicats is not a key; did you mean replicates?"),
        ({"selection": {"patients": "inner"}}, "it is now tuning, with patients: train"),
        ({"splits.validation_proportion": 0.3}, "it is now splits.test_proportion"),
        ({"datasets.ct-ich.pth": "x"}, "datasets.ct-ich.pth is not a key; did you mean path?"),
        ({"encoders.vivit.frame": 3}, "encoders.vivit.frame is not a key; did you mean frames?"),
        ({"models.vivit.sequence_rule": "any"}, "has no effect: the model sees its scans whole"),
        (
            {"models.gru.sequence_rule": "mean", "compare": ["vivit", "gru"]},
            "models.gru.sequence_rule has no effect: the model sees its scans whole and has one",
        ),
        ({"models.vivit.pool": "max"}, "models.vivit.pool has no effect: the model has no"),
        ({"encoders.convnext.frames": 3}, "only one that sees a sequence has it; remove it"),
        ({"encoders.vivit.sees": "sequense"}, "difference; did you mean sequence?"),
        ({"encoders.vivit.sees": None}, "encoders.vivit.sees is missing"),
        ({"encoders.vivit.checkpoint": None}, "encoders.vivit.checkpoint is missing: a Hugging"),
        (
            {"encoders.vivit": {"sees": "sequence", "checkpoint": "tiny"}},
            "frames is missing: a tiny",
        ),
        ({"encoders.a b": VIDEO}, "the name 'a b' may have a-z, 0-9, _ and - only"),
        ({"models.vivit.family": "lstn"}, "did you mean lstm?"),
        ({"compare": ["vivit", "vivit"]}, "compare names vivit twice"),
        ({"compare": ["vivit"]}, "compare names 1 model, but a comparison needs two or more"),
        ({"compare": ["vivit", "gruu"]}, "compare names 'gruu', but `models` has vivit, convnext"),
        ({"dataset": "ct-ihc"}, "dataset is 'ct-ihc' but must be one of ct-ich; did you mean ct-i"),
        ({"external": ["cq500"]}, "external names 'cq500', but `datasets` has ct-ich"),
        ({"external": ["ct-ich"]}, "external names ct-ich, the dataset that the study develops on"),
        (
            {"models.gru.encoder": "vivit", "compare": ["vivit", "gru"]},
            "vivit sees a sequence: choo",
        ),
        ({"models.vivit.encoder": "vivot"}, "encoder names vivot, but `encoders` has vivit, conv"),
        (
            {"models.vivit.encoder": ["vivit", "convnext"]},
            "joins vivit, which sees a sequence and convnext, which sees a slice: only features of",
        ),
        (
            {
                "encoders.flow": {"sees": "difference", "checkpoint": "x"},
                "models.convnext.encoder": ["flow", "vivit"],
            },
            "choose encoders whose features are all of slices, or all of scans",
        ),
        (
            {"encoders.flow": {"sees": "difference", "checkpoint": "x", "frames": 4}},
            "flow.frames has no effect: the encoder sees a difference, and only one that sees",
        ),
        (
            {
                "encoders.b": {"sees": "slice", "checkpoint": "x", "first_slices": 3},
                "models.convnext.encoder": ["convnext", "b"],
            },
            "joins convnext and b, whose first_slices differ",
        ),
        (
            {
                "encoders.b": {"sees": "slice", "checkpoint": "x"},
                "models.convnext.encoder": ["convnext", "b"],
                "training.trainable": "all",
            },
            "joins several encoders, which stay frozen, but training.trainable is 'all'",
        ),
        ({"encoders.vivit.size": 448}, "encoders.vivit.size has no effect: the encoder sees a seq"),
        ({"encoders.convnext.size": 16}, "encoders.convnext.size: 16 is less than the minimum of"),
        ({"encoders.convnext.window": "bone"}, "encoders.convnext.window is 'bone', but the pict"),
        ({"dataset": {"path": "x", "window": "bone"}}, "datasets: {NAME: {path: x, window: bone}}"),
        ({"models.vivit.kind": "video"}, "kind is not a key; it is now `sees` of its encoder"),
        ({"models.vivit.head": {"type": "svm"}}, "head is not a key; its type is now the model's"),
        ({"models.vivit.frames": 8}, "frames is not a key; it moved to the model's encoder in"),
        ({"models.convnext.labels": "patient"}, "one of slice, scan; patient is now called scan"),
        ({"training.learning_rate": "5e-6"}, "it was read as text: write it without quotes"),
        ({"comparison.alpha": 0.9}, "comparison.alpha: 0.9 is greater than the maximum of 0.5"),
        ({"training.epochs": 2.5}, "training.epochs is 2.5 but must be of type integer"),
        ({"training.epochs": True}, "training.epochs is True but must be of type integer"),
        ({"models.vivit.training": {"lr": 1}}, "models.vivit.training.lr is not a key"),
        (
            {"training.trainable": "everything"},
            "training.trainable is 'everything', which it cannot be",
        ),
        (
            {"training.trainable": {"last_blocks": 0}},
            "`head`, `all`, `{last_blocks: n}` or `{lora: r",
        ),
        ({"training.trainable": {"lora": 0}}, "is {'lora': 0}, which it cannot be"),
        ({"training.trainable": {"lora": 4, "rank": 2}}, "is {'lora': 4, 'rank': 2}, which it can"),
        ({"training.trainable": {"lora": 4, "layers": []}}, "'layers': []}, which it cannot be"),
        ({"training.augmentation.rotate": 3}, "rotate is not a key; did you mean rotate_degrees?"),
        ({"encoders.vivit.position_embeddings": "new"}, "must be one of interpolate, fresh"),
        ({"replicates": 1}, "replicates: 1 is less than the minimum of 2"),
        ({"splits.test_proportion": 1.0}, "splits.test_proportion: 1.0"),
        ({"splits.scheme": "kfold"}, "must be one of random, repeated_kfold"),
        ({"splits.folds": 1}, "splits.folds: 1 is less than the minimum of 2"),
        ({"study": "published"}, "choose another name"),
        ({"study": "data"}, "the folder of shared data; choose another name"),
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
        (
            {"comparison.contrasts": [["vivit", "convnex"]]},
            "comparison.contrasts.0 names 'convnex', but `compare` has vivit, convnext; "
            "did you mean convnext?",
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
            "comparison.margins is 'acuracy' but must be one of accuracy",
        ),
        ({"comparison.margins": {"recall": 0}}, "comparison.margins.recall: 0 is less than or"),
        ({"comparison.margins": {"recall": 2}}, "comparison.margins.recall: 2 is greater than"),
        ({"comparison.rope": 0.02}, "it is now comparison.margins, one a metric"),
        ({"comparison.bootstrap_resamples": 9}, "nothing is resampled any more: remove it"),
        ({"study": "../x"}, "study is '../x'; a name has letters, digits"),
        (
            {"datasets.ct-ich": {"format": "phantom", "phantom": {"positive": 81}}},
            "at most patients - 2 (80)",
        ),
        ({"datasets.ct-ich.window": "brian"}, "'brian'; give one of brain, bone"),
        ({"datasets.ct-ich.window": 40}, "datasets.ct-ich.window is 40 but must be of type"),
        (
            {"datasets.ct-ich.window": "bone"},
            "the pictures of ct-ich-jpg have their window already",
        ),
        ({"datasets.ct-ich.window": ["brain"] * 2}, "lists 2 windows; give one, or three"),
        ({"datasets.ct-ich.labels": "x.csv"}, "ct-ich-jpg has tables of its own: set it to auto"),
        (
            {"datasets.ct-ich.format": "nifti"},
            "must be one of auto, ct-ich-jpg, ct-ich-nifti, dicom",
        ),
        (
            {
                "datasets.ct-ich": {"path": "x", "format": "dicom", "window": "brain80"},
                "datasets.other": {"path": "y", "format": "dicom"},
                "external": ["other"],
                "encoders.convnext.window": "brain",
            },
            "datasets.other.window is 'brain', but models learn from ct-ich in 'brain80', which is "
            "all that they can read: set both alike, or encoders.<name>.window for vivit",
        ),
        ({"encoders.x-mirrored": VIDEO}, "names that end in -mirrored are those of other encoders"),
        ({"encoders.x-1-of-2": VIDEO}, "names that end in -1-of-2 are those of other encoders'"),
        (
            {
                "encoders.vivit-frames-18": VIDEO | {"frames": 18},
                "override.sequence": {"frames": 18},
                "models.other": {"encoder": "vivit-frames-18", "family": "linear"},
                "compare": ["vivit", "other"],
            },
            "encoders.vivit-frames-18 and encoders.vivit differ, but with `override` the files of "
            "both are called vivit-frames-18: rename vivit-frames-18",
        ),
        ({"models.convnext.label": "ViViT"}, "the label 'ViViT' is used twice"),
        ({"dataset": None}, "dataset is missing"),
        ({"replicates": {"a": 1}}, "replicates is {'a': 1} but must be of type integer"),
        (
            {"models.convnext.shuffle_slices": True},
            "sees one slice at a time, or their pool, and no",
        ),
        ({"training.loss": "focal", "models.vivit.family": "svm"}, "models.vivit.training"),
        (
            {"models.vivit": {"family": "svm", "training": {"trainable": "all"}}},
            "or the family to linear",
        ),
        ({"training.learning_rate": [1e-4, 1e-3]}, "only inner folds may choose"),
        ({"training.weight_decay": [0.1]}, "weight_decay is to be chosen from a list, and only"),
        (
            {"training.size": [32, 64], "models.vivit": {"family": "gru"}},
            "models.vivit: training.size is to be chosen from a list, and only inner folds may",
        ),
        (
            {
                "training.learning_rate": [1e-3, 1e-2],
                "tuning.patients": "train",
                "models.vivit.training": {"trainable": "all", "weight_decay": [0.1, 1]},
            },
            "(1 problem):\n  - models.vivit: training.learning_rate and training.weight_decay are "
            "to be chosen from a list, which is for cached features",
        ),
        (
            {"models.vivit.training": {"trainable": "all", "seeds": 3}},
            "models.vivit.training.seeds has no effect beside models.vivit.training.trainable",
        ),
        (
            {"models.vivit": {"family": "logistic", "training": {"solver": "adamw"}}},
            "models.vivit.training.solver is adamw, but logistic is always solved: remove it, or",
        ),
        ({"training.solver": "newton"}, "must be one of adamw, exact"),
        (
            {"training.solver": "exact"},
            "models.vivit: training.solver is exact, whose strength only inner folds may choose: "
            "set tuning.patients to train",
        ),
        (
            {"training.solver": "exact", "training.loss": "focal", "tuning.patients": "train"},
            "exact, which solves no focal loss: set models.vivit.training.loss to cross_entropy",
        ),
        (
            {"training.solver": "exact", "training.trainable": "all", "tuning.patients": "train"},
            "exact, for frozen encoders, but training.trainable is 'all'",
        ),
        (
            {"models.vivit.training": {"dropout": 0.5}},
            "models.vivit.training.dropout has no effect: only attention, smooth, lstm, gru, "
            "transformer and transmil have it",
        ),
        (
            {"models.gru.training": {"solver": "exact"}, "compare": ["vivit", "gru"]},
            "models.gru.training.solver has no effect: only linear, mean, max and logistic have it",
        ),
        (
            {
                "models.convnext.pool": "max",
                "models.convnext.sequence_rule": None,
                "models.convnext.labels": None,
                "training.trainable": "all",
            },
            "models.convnext.pool is 'max', which pools a frozen encoder's features",
        ),
        ({"training.dropout": 1}, "training.dropout: 1 is greater than or equal to"),
        ({"training.dropout": [0, 1]}, "training.dropout.1: 1 is greater than or equal to"),
        ({"training.size": 0}, "training.size: 0 is less than the minimum of 1"),
        ({"training.size": [32, 0]}, "training.size.1: 0 is less than the minimum of 1"),
        ({"training.size": [32, 32]}, "training.size names 32 twice"),
        ({"training.seeds": 0}, "training.seeds: 0 is less than the minimum of 1"),
        ({"training.components": 0}, "training.components: 0 is less than the minimum"),
        ({"training.components": [8, 64]}, "components is [8, 64] but must be of type integer or"),
        ({"tuning.repeats": 0}, "tuning.repeats: 0 is less than the minimum"),
        ({"tuning.halving": 1}, "tuning.halving is 1 but must be of type boolean"),
        ({"training.learning_rate": []}, "training.learning_rate: [] should be non-empty"),
        ({"training.learning_rate": [1e-3, 1e-3]}, "training.learning_rate names 0.001 twice"),
        ({"extraction.precision": "bf16"}, "float32, bfloat16, auto; did you mean bfloat16?"),
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
            "further.learning_curve: models.vivit shows vivit its slices in a new order each",
        ),
        ({"multiverse.threshold": ["best"]}, "must be one of chosen"),
        ({"multiverse.learning_rate": [[1.0e-3]]}, "multiverse.learning_rate.0: [0.001]"),
    ],
)
def test_mistakes_are_named(changes, message):
    with pytest.raises(InputError) as caught:
        resolved(changed(changes))
    assert message in str(caught.value)


def test_all_mistakes_are_listed_at_once():
    with pytest.raises(InputError, match=r"\(3 problems\)"):
        resolved(changed({"seed": -1, "replicates": "x", "datasets.ct-ich.x": 1}))


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("training.epochs", "write it nested: training: {epochs: ...}"),
        ("encoders.vivit.frames", "write it nested: encoders: {vivit: {frames: ...}}"),
        ("trainin.epochs", "did you mean training?"),
    ],
)
def test_a_dotted_key_is_shown_as_it_is_written(key, written):
    with pytest.raises(InputError) as refused:
        resolved(changed({}) | {key: 3})
    assert f"{key} is not a key; {written}" in str(refused.value)
