"""What the report says of models, how they learn and where choices are made."""

import html
import re

import pytest

from ctseq.encoders.registry import ENCODER_TYPES, SIGHTS, EncoderType, Sight
from ctseq.families.registry import FAMILIES, Family
from ctseq.report.checklists.files import reporting_files
from ctseq.report.checklists.recipe import category
from ctseq.report.described import models
from ctseq.report.page import render
from ctseq.report.short_tables.models import encoder_table, overview
from reports import DESCRIPTION, TWO, study_of

WHOLE = {"training": {"trainable": "all"}}
GRU = {"encoder": "image", "family": "gru"}


def models_of(training=(), tuning=(), encoders=(), **own):
    """Return a study of two models, with keys of sections, encoders and models changed."""
    sections = {"training": dict(training), "tuning": dict(tuning), "encoders": dict(encoders)}
    return study_of(TWO, given={**sections, "models": own})


def paragraphs(study):
    """Return how models learn, as the page says it: labels to text."""
    section = render(study).partition("Models and recipe</h2>")[2].partition("<h2")[0]
    _, *texts = re.findall(r"<p>(.*?)</p>", html.unescape(section), re.DOTALL)
    return dict(" ".join(text.split()).split(": ", 1) for text in texts)


def test_models_that_learn_alike_share_a_paragraph():
    said = paragraphs(models_of(convnext={"training": {"batch_size": 4}}))
    assert said == {
        "ViViT and ConvNeXt": "the encoder is frozen, and turns each slice or sequence into "
        "features once. Training is by AdamW, on "
        "cross-entropy. The learning rate rises over 2 steps and then falls linearly to zero. "
        "Training stops after 5 epochs without a better accuracy on the scans of the test "
        "patients, and the best epoch is kept."
    }


def test_classical_models_have_no_optimiser_epochs_or_loss_of_their_own():
    svm = {"family": "svm", "training": {"loss": "weighted"}}
    study = models_of(vivit=svm, convnext={"family": "mlp"})
    said = paragraphs(study)
    assert "once. Classes are weighed inversely to their frequency. The" in said["ViViT"]
    assert "features once. The training" in said["ConvNeXt"]
    learned = {row[0]: row[3] for row in overview(study).rows}
    assert learned == {"ViViT": "support vector machine", "ConvNeXt": "multilayer perceptron"}
    assert "Test patients are looked at once." in said["ConvNeXt"]
    page = render(study).split("<pre>")[0]  # what follows is the configuration
    for word in ("AdamW", "epoch is", "Patience", "Learning rate"):
        assert word not in page, word
    assert "Every hyperparameter is chosen anew inside each replicate" in page


def test_a_models_own_loss_patience_and_rates_are_told_of_it_alone():
    own = {"training": {"loss": "focal", "patience": 3, "learning_rate": [1e-4, 1e-3]}}
    study = models_of(training={"focal_gamma": 1.5}, tuning={"patients": "train"}, convnext=own)
    said = paragraphs(study)
    assert "on cross-entropy." in said["ViViT"]
    assert "after 5 epochs without a lower one, and which epoch to take" in said["ViViT"]
    assert "on the focal loss." in said["ConvNeXt"]
    assert "after 3 epochs without a lower one, and which epoch and learning" in said["ConvNeXt"]
    table = models.training_table(study)
    assert table.header == ["", "ViViT", "ConvNeXt"]
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["Patience"] == ["5", "3"]
    assert rows["Focal gamma"] == ["–", "1.5"]
    assert "The epoch and the learning rate are chosen anew" in render(study)


def test_what_is_chosen_from_is_a_list_of_several_and_no_shape():
    lists = {"learning_rate": [1e-3], "weight_decay": [0, 1], "size": [32, 128]}
    gru = {"convnext": GRU | {"training": lists}}
    study = models_of(tuning={"patients": "train"}, **gru)
    rows = {row[0]: row[2] for row in models.training_table(study).rows}
    shown = [rows[key] for key in ("Size", "Weight decay", "Learning rate")]
    assert shown == ["32, 128", "0, 1", "0.001"]
    assert "and which epoch, weight decay and size" in paragraphs(study)["ConvNeXt"]
    chosen = models.limits(study)["chosen_inside"]
    assert chosen == ["the epoch", "the weight decay", "the size"]


def test_fine_tuning_chooses_by_loss():
    study = models_of(tuning={"patients": "train"}, vivit=WHOLE)
    said = paragraphs(study)
    assert said["ViViT"].startswith("the model is trained from pixels, in all its weights.")
    assert "without a lower loss on it, and the epoch with the lowest is kept" in said["ViViT"]
    assert "the loss on those held out says" in said["ConvNeXt"]
    rows = {row[0]: row[1:] for row in models.training_table(study).rows}
    folds = "5 inner folds of the training patients"
    assert rows["Choices are made on"] == [f"one of {folds}", folds]
    assert rows["Micro batch"] == ["2", "–"]
    assert "Where only heads are trained" in render(study)


def test_blocks_that_are_trained_are_counted():
    one, two = ({"training": {"trainable": {"last_blocks": n}}} for n in (1, 2))
    said = paragraphs(models_of(vivit=one, convnext=two))
    assert said["ViViT"].startswith("the model's last block and what follows")
    assert said["ConvNeXt"].startswith("the model's last 2 blocks and what follows")


def test_low_rank_adapters_are_described():
    own = {"lora": 4, "alpha": 6, "layers": ["q_proj", "fc1"]}
    by_name, usual = ({"training": {"trainable": one}} for one in (own, {"lora": 8}))
    study = models_of(vivit=by_name, convnext=usual)
    said = paragraphs(study)
    assert said["ViViT"].startswith(
        "low-rank adapters (LoRA, Hu et al. 2022) of rank 4, scaled by 1.5, beside its "
        "layers q_proj and fc1, are trained from pixels with a new final layer, and all "
        "other weights stay as they are. Training is by AdamW"
    )
    assert (
        "of rank 8, scaled by 2, beside its layers of attention's queries and" in said["ConvNeXt"]
    )
    assert study.resolved.models["convnext"].parts == {"lora": 8}
    rows = {row[0]: row[1:] for row in models.training_table(study).rows}
    assert rows["Trainable"] == ["lora 4, alpha 6, layers q_proj, fc1", "lora 8"]
    assert "with low-rank adapters, trained from pixels" in category(study).text


def test_where_features_come_from_is_said():
    study = models_of(encoders={"image": {"extraction": {"precision": "bfloat16"}}})
    assert encoder_table(study).header[-1] == "Computed in"
    assert [row[-1] for row in encoder_table(study).rows] == ["float32", "bfloat16"]
    assert rows_of(study, "convnext")["Features are computed in"] == "bfloat16"
    page = render(models_of(vivit=WHOLE, convnext=WHOLE))
    assert "rozen" not in page
    assert "Computed in" not in page


def test_heads_on_one_encoder_differ_in_what_they_see_alone():
    study = models_of(vivit=GRU)
    assert list(paragraphs(study)) == ["ViViT and ConvNeXt"]
    assert "More than the view differs" not in render(study)
    assert "More than the view differs" in render(study_of(TWO))


def test_what_models_see_is_said():
    page = render(study_of(TWO))
    assert "ViViT\nsees the sequence of slices at once." in page
    assert "ConvNeXt\nsees one slice at a time, and a rule" in page
    text = render(models_of(vivit=GRU, convnext=GRU))
    assert "ViViT and ConvNeXt\nhave features of one slice at a time, which are learned" in text
    assert "a sequence at once" not in text
    pooled = {"family": "logistic", "pool": "max"}
    text = html.unescape(render(models_of(convnext=pooled)))
    assert (
        "ConvNeXt\nhas features of one slice at a time, which are pooled (max) into one row" in text
    )


def test_slices_that_are_scored_in_context_are_said_to_be_read_together_and_combined():
    own = {"labels": "slice", "sequence_rule": "top_mean"}
    study = models_of(convnext=GRU | own)
    text = html.unescape(render(study))
    assert (
        "which are learned from together, for a result a slice, and a rule combines the slices"
        in text
    )
    assert rows_of(study, "convnext")["Trained on the label of"] == "the slice"
    assert rows_of(study, "convnext")["Slices are combined by"].startswith("top mean")


def rows_of(study, name):
    """Return the rows of a model's table, title to cell."""
    return dict(models.model_table(study, name).rows)


def test_the_table_of_a_model_has_its_encoder_and_its_family():
    study = models_of(convnext={"labels": "scan", "sequence_rule": "mean"})
    rows = rows_of(study, "convnext")
    assert rows["Encoder"] == f"image: {ENCODER_TYPES['transformers'].words}"
    assert rows["Sees"] == "one slice at a time"
    assert rows["Pooling"] == "cls"  # as its description resolves it
    assert rows["Slices seen"] == "all"
    assert rows["Window, level/width"] == "40/120"
    assert rows["Learned by"] == "final linear layer"
    assert rows["Trained on the label of"] == "the patient"
    assert rows["Slices are combined by"].startswith("mean")
    assert rows_of(study, "vivit")["Slices seen"] == "32 (uniform)"
    assert "Slices are combined by" not in rows_of(study, "vivit")
    first = models_of(encoders={"image": {"first_slices": 9}})
    assert rows_of(first, "convnext")["Slices seen"] == "the first 9"
    assert "Size" not in rows
    larger = models_of(encoders={"image": {"size": 448}})
    assert rows_of(larger, "convnext")["Size"] == "448 x 448 pixels, not its own"


def test_joined_encoders_stand_one_by_one():
    wide = {"sees": "slice", "checkpoint": "tiny", "window": "80/200"}
    joined = {"convnext": {"encoder": ["image", "wide"]}}
    given = {"encoders": {"wide": wide}, "models": joined}
    study = study_of(TWO, dataset="dicom", given=given)
    rows = {row[0]: row[1:] for row in models.model_table(study, "convnext").rows}
    assert [cell.partition(":")[0] for cell in rows["Encoder"]] == ["image", "wide"]
    assert rows["Window, level/width"] == ["40/120", "80/200"]
    assert rows["Learned by"] == ["final linear layer", ""]
    said = paragraphs(study)["ConvNeXt"]
    assert "these are standardised inside the training patients and joined. Training" in said
    text = reporting_files(study)["claim.md"]
    assert "the joined features of 2 frozen deep networks that see one slice at a time" in text


def test_a_family_an_encoder_type_and_a_sight_are_told_by_their_words(monkeypatch):
    monkeypatch.setitem(FAMILIES, "guess", Family("toys.guess", "a toss of a coin", ("volume",)))
    sight = Sight("the volume in three dimensions", "scan", (), "volume")
    monkeypatch.setitem(SIGHTS, "volume", sight)
    toy = EncoderType("toys.voxels", "a count of voxels", ("volume",), checkpoint=False)
    monkeypatch.setitem(ENCODER_TYPES, "voxels", toy)
    described = DESCRIPTION | {"architecture": None, "weights_sha256": None, "pooling": None}
    study = models_of(
        encoders={"counted": {"type": "voxels", "sees": "volume"}},
        convnext={"encoder": "counted", "family": "guess"},
    )
    study.encoders["counted"] = described
    rows = rows_of(study, "convnext")
    assert (rows["Encoder"], rows["Sees"], rows["Learned by"]) == (
        "counted: a count of voxels", "the volume in three dimensions", "a toss of a coin"
    )  # fmt: skip
    assert not {"Architecture", "Revision", "Pooling", "Slices are combined by"} & set(rows)
    assert encoder_table(study).rows[1][1] == "a count of voxels"
    study.encoders["counted"] = described | {"architecture": "Voxels"}
    assert encoder_table(study).rows[1][1] == "Voxels: a count of voxels"
    assert overview(study).rows[1][:4] == ["ConvNeXt", "none", "all", "a toss of a coin"]
    assert "ConvNeXt\nsees the volume in three dimensions at once." in render(study)
    claim = reporting_files(study)["claim.md"]
    assert "a toss of a coin on the features of a frozen deep network that sees the volume" in claim


@pytest.mark.parametrize(("patients", "said"), [
    ("test", "kept the epoch that did best on the very patients reported"),
    ("train", "Test patients are looked at once."),
])  # fmt: skip
def test_where_choices_are_made_is_said(patients, said):
    study = study_of(TWO)
    study.config["tuning"]["patients"] = patients
    page = render(study)
    others = {"kept the epoch that did best", "Test patients are looked at once"}
    assert said in page
    assert sum(text in page for text in others) == 1


def test_an_ensemble_is_told_by_its_members():
    both = {"family": "stacking", "members": ["vivit", "convnext"]}
    three = TWO | {"both": "Both"}
    study = study_of(three, given={"models": {"both": both}, "tuning": {"patients": "train"}})
    said = paragraphs(study)["Both"]
    assert said.startswith("the logistic regression on its members' logits. The members, ViViT and")
    assert "whom all members held out" in said
    assert "frozen" not in said
    page = render(study)
    assert "combines the probabilities of ViViT and ConvNeXt, which it never trains again" in page
    rows = {row[0]: row for row in overview(study).rows}
    assert "ViViT and ConvNeXt" in rows["Both"]
    assert "no model is combined with another" not in str(reporting_files(study))
