"""What the report says of models, how they learn and where choices are made."""

import html
import re

import pytest

from ctseq.families.classical import CLASSIFIERS
from ctseq.report import models
from ctseq.report.page import render
from reports import TWO, study_of


def models_of(**changed):
    """Return a study of two models, with keys of sections and of models changed."""
    study = study_of(TWO)
    for section in ("training", "tuning"):
        study.config[section] |= changed.get(section, {})
    for model in TWO:
        study.config["models"][model] |= changed.get(model, {})
    return study


def paragraphs(study):
    """Return how models learn, as the page says it: labels to text."""
    section = render(study).partition("Models and recipe</h2>")[2].partition("<details")[0]
    _, *texts = re.findall(r"<p>(.*?)</p>", html.unescape(section), re.DOTALL)
    return dict(" ".join(text.split()).split(": ", 1) for text in texts)


def test_models_that_learn_alike_share_a_paragraph():
    said = paragraphs(models_of(convnext={"training": {"batch_size": 4}}))
    assert said == {
        "ViViT and ConvNeXt": "the encoder is frozen and turns each slice or sequence into "
        "features once, to which a final linear layer is fitted. Training is by AdamW, on "
        "cross-entropy. The learning rate rises over 2 steps and then falls linearly to zero. "
        "Training stops after 5 epochs without a better accuracy on the scans of the test "
        "patients, and the best epoch is kept."
    }


def test_classical_models_have_no_optimiser_epochs_or_loss_of_their_own():
    svm, mlp = ({"head": {"type": name}} for name in ("svm", "mlp"))
    study = models_of(training={"loss": "weighted"}, vivit=svm, convnext=mlp)
    said = paragraphs(study)
    assert "its classes weighed inversely" in said["ViViT"]
    assert "weighed" not in said["ConvNeXt"]  # this classifier knows no weights
    assert "Test patients are looked at once." in said["ConvNeXt"]
    page = render(study).split("<pre>")[0]  # what follows is the configuration
    for word in ("AdamW", "epoch is", "Patience", "Learning rate"):
        assert word not in page, word
    assert "The regularisation is chosen anew inside each replicate" in page


def test_classifiers_that_weigh_classes_are_known():
    weighing = {
        name
        for name, head in CLASSIFIERS.items()
        if "class_weight" in head.classifier.get_params()
    }
    assert weighing == models.WEIGHING


def test_a_models_own_loss_patience_and_rates_are_told_of_it_alone():
    own = {"training": {"loss": "focal", "patience": 3, "learning_rate": [1e-4, 1e-3]}}
    study = models_of(training={"focal_gamma": 1.5}, tuning={"patients": "train"}, convnext=own)
    said = paragraphs(study)
    assert "on cross-entropy." in said["ViViT"]
    assert "after 5 epochs without a lower one, and which epoch to take" in said["ViViT"]
    assert "on the focal loss." in said["ConvNeXt"]
    assert "after 3 epochs without a lower one, and which epoch and learning" in said["ConvNeXt"]
    table = models.training_table(study.config)
    assert table.header == ["", "ViViT", "ConvNeXt"]
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["Patience"] == ["5", "3"]
    assert rows["Focal gamma"] == ["–", "1.5"]
    assert "The epoch and the learning rate are chosen anew" in render(study)


def test_fine_tuning_chooses_by_loss():
    whole = {"training": {"trainable": "all"}}
    study = models_of(tuning={"patients": "train"}, vivit=whole)
    said = paragraphs(study)
    assert said["ViViT"].startswith("the model is trained from pixels, in all its weights.")
    assert "without a lower loss on it, and the epoch with the lowest is kept" in said["ViViT"]
    assert "the loss on those held out says" in said["ConvNeXt"]
    rows = {row[0]: row[1:] for row in models.training_table(study.config).rows}
    folds = "5 inner folds of the training patients"
    assert rows["Choices are made on"] == [f"one of {folds}", folds]
    assert rows["Micro batch"] == ["2", "–"]
    assert "Where only heads are trained" in render(study)


def test_blocks_that_are_trained_are_counted():
    one, two = ({"training": {"trainable": {"last_blocks": n}}} for n in (1, 2))
    said = paragraphs(models_of(vivit=one, convnext=two))
    assert said["ViViT"].startswith("the model's last block and what follows")
    assert said["ConvNeXt"].startswith("the model's last 2 blocks and what follows")


def test_where_features_come_from_is_said():
    study = models_of(convnext={"extraction": {"precision": "bfloat16"}})
    page = render(study)
    for precision in ("float32", "bfloat16"):
        assert f"Features are computed in</th><td>{precision}" in page
    everything = {"training": {"trainable": "all"}}
    page = render(models_of(vivit=everything, convnext=everything))
    assert "rozen" not in page
    assert "Features are computed in" not in page


def test_heads_on_one_encoder_differ_in_what_they_see_alone():
    own = {"kind": "image", "checkpoint": "tiny", "revision": "main"}
    study = models_of(vivit=own | {"head": {"type": "gru"}}, convnext=own)
    assert "ViViT" in paragraphs(study)
    assert "More than the view differs" not in render(study)
    assert "More than the view differs" in render(study_of(TWO))


def test_what_models_see_is_said():
    page = render(study_of(TWO))
    assert "ViViT\nsees a sequence at once." in page
    assert "ConvNeXt\nsees one slice at a time, and a rule" in page
    heads = {"kind": "image", "head": {"type": "gru"}}
    text = render(models_of(vivit=heads, convnext=heads))
    assert "ViViT and ConvNeXt\nhave features of one slice at a time, and a head" in text
    assert "a sequence at once" not in text


@pytest.mark.parametrize(("patients", "said"), [
    ("test", "The epoch is chosen on the patients that are reported."),
    ("train", "Test patients are looked at once."),
])  # fmt: skip
def test_where_choices_are_made_is_said(patients, said):
    study = study_of(TWO)
    study.config["tuning"]["patients"] = patients
    page = render(study)
    others = {"The epoch is chosen on the patients", "Test patients are looked at once"}
    assert said in page
    assert sum(text in page for text in others) == 1
