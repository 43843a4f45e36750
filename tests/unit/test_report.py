"""The report: complete, self-contained, safe against any text, plain about what is undefined."""

import dataclasses
import functools
import html
import html.parser
import itertools
import re

import numpy as np
import pandas as pd
import pytest
from ctseq.evidence.over_patients.pooling import pooled_study

from ctseq.core.contracts import Table
from ctseq.core.tables import write_table
from ctseq.evidence.analyses import ANALYSES
from ctseq.evidence.metrics import METRICS, Metric, classification_metrics
from ctseq.evidence.over_replicates.design import design_of_splits
from ctseq.evidence.over_replicates.samples import replicates_of
from ctseq.evidence.reading import read_analyses
from ctseq.evidence.tables import Analysis
from ctseq.families.classical import CLASSICAL_HEADS
from ctseq.figures import registry
from ctseq.figures.replicates import metric_boxplot
from ctseq.report import facts, models, sections
from ctseq.report.figures import Figure
from ctseq.report.page import render, render_published
from ctseq.report.replicates import replicate_tables, warnings
from ctseq.report.sections import Section
from ctseq.report.study import Study
from published import PUBLISHED

EVIL = '<script>alert("x")</script><img src="http://evil.example/x.png">'


def predictions_of(models, n_replicates=3, n_patients=30):
    rng = np.random.default_rng(5)
    truth = np.arange(n_patients) % 2
    rows = []
    for (place, model), replicate in itertools.product(
        enumerate(models), range(1, n_replicates + 1)
    ):
        for patient in range(replicate, n_patients, 3):
            probability = float(np.clip(0.3 + 0.3 * truth[patient] + rng.normal(0, 0.2), 0, 1))
            if place == 1 and replicate == 2:
                probability = 0.1  # calls nobody positive: its precision is 0/0
            row = (f"{patient:03d}", truth[patient], probability, int(probability >= 0.5))
            rows.append((model, replicate, *row))
    columns = ["model", "replicate", "patient_id", "hemorrhage", "probability", "predicted"]
    return pd.DataFrame(rows, columns=columns)


def metrics_of(predictions):
    rows = [
        (model, replicate, *item)
        for (model, replicate), run in predictions.groupby(["model", "replicate"], sort=False)
        for item in classification_metrics(
            run["hemorrhage"], run["probability"], run["predicted"]
        ).items()
    ]
    return pd.DataFrame(rows, columns=["model", "replicate", "metric", "value"])


def config_of(models, dataset="phantom"):
    video = {"kind": "video", "frames": 32, "frame_sampling": "uniform"}
    image = {"kind": "image", "labels": "slice", "sequence_rule": "any"}
    return {
        "study": "small",
        "dataset": {"format": dataset, "path": "data"},
        "replicates": 3,
        "splits": {
            "scheme": "random", "test_proportion": 0.3, "stratify": False, "folds": 5,
        },
        "models": {
            name: {"label": label, "checkpoint": "tiny", "revision": "main"}
            | (image if place else video)
            for place, (name, label) in enumerate(models.items())
        },
        "extraction": {"precision": "float32", "speedups": True},
        "training": {
            "trainable": "head", "learning_rate": 5e-6, "warmup_steps": 2, "patience": 5,
            "loss": "cross_entropy", "micro_batch": 2, "augmentation": {"mirror": False},
        },
        "tuning": {"patients": "test", "folds": 5},
        "evaluation": {"threshold": 0.5},
        "comparison": {
            "metrics": ["accuracy", "recall", "precision"], "alpha": 0.05, "rope": 0.02,
            "undefined": "exclude", "bootstrap_resamples": 100,
        },
    }  # fmt: skip


def summaries_of(models, relative_weight_change=0.8):
    summary = {"peak_rate": 1e-4, "epoch": 7, "relative_weight_change": relative_weight_change}
    return {model: [summary] * 3 for model in models}


@functools.cache  # the tests change what is said of a study, not its numbers
def numbers_of(models, names=("accuracy", "recall", "precision")):
    """Return the metrics and the comparison of models: pairs of name and label."""
    models = dict(models)
    predictions = predictions_of(models)
    metrics = metrics_of(predictions)
    patients = pd.DataFrame({"patient_id": [f"{n:03d}" for n in range(31)]})
    split = patients.assign(subset=["test"] * 10 + ["train"] * 21)
    settings = {
        "models": list(models), "metrics": list(names),
        "alpha": 0.05, "undefined": "exclude", "rope": 0.02, "bootstrap_resamples": 100, "seed": 1,
    }  # fmt: skip
    inputs = {
        "replicates": replicates_of(metrics, design_of_splits([split] * 3), settings),
        "predictions": pooled_study(predictions, patients, settings),
    }
    return metrics, {one.stem: one.compute(inputs[one.inputs]) for one in ANALYSES.values()}


def study_of(models, dataset="phantom", **changed):
    metrics, comparison = numbers_of(tuple(models.items()))
    description = {
        "architecture": "VivitForVideoClassification", "commit": None, "weights_sha256": "ab" * 32,
        "preprocessing": {"resize": 224, "resample": 2, "mean": [0.5, 0.5, 0.5]},
    }  # fmt: skip
    parts = {
        "config": config_of(models, dataset),
        "summary": {
            "patients": 31, "positive_patients": 15, "brain_slices": 900, "positive_slices": 100,
            "flow": {"files": {"seen": 1000, "used": 900, "excluded_by_reason": {"mask": 100}}},
        },
        "models": dict.fromkeys(models, description),
        "metrics": metrics,
        "summaries": summaries_of(models),
        "comparison": dict(comparison),
        "published": PUBLISHED,
        "figures": [Figure("metric-accuracy", "Accuracy of each model.", "data:image/png;base64,")],
        "costs": [facts.Cost("evaluate", 6, 12.5, 210.0)],
        "versions": {"python": "3.11"},
        "revision": "not a git checkout",
    }  # fmt: skip
    return Study(**(parts | changed))


TWO = {"vivit": "ViViT", "convnext": "ConvNeXt"}


@pytest.fixture(scope="module")
def page():
    return render(study_of(TWO))


class Tags(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_every_part_is_there_in_order(page):
    order = ["Does a model that sees", "The question</h2>", "The data</h2>",
             "Models and recipe</h2>", "Primary analysis</h2>",
             "<caption>Corrected resampled t test", "<caption>Bayesian correlated t test",
             "Evidence over patients</h2>", "The paper's analysis</h2>", "Table I. ", "Table II. ",
             "Table III. ", "Table IV. ", "Table V. ", "Table VI. ",
             "What the published figures do not support</h2>", "What each replicate did</h2>",
             "Limits of the conclusion</h2>", "Time and memory</h3>", "Versions</h3>",
             "Configuration</h3>"]  # fmt: skip
    text = page.replace("&#39;", "'")
    places = [text.find(part) for part in order]
    assert -1 not in places, order[places.index(-1)]
    assert places == sorted(places)


def test_contents_lead_somewhere(page):
    tags = Tags(page).tags
    anchors = {attrs["id"] for _, attrs in tags if "id" in attrs}
    links = [attrs["href"] for tag, attrs in tags if tag == "a"]
    assert links
    assert all(link.startswith("#") and link[1:] in anchors for link in links)


def test_page_loads_and_runs_nothing(page):
    tags = Tags(page).tags
    policy = next(a["content"] for t, a in tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert not {"script", "link", "iframe", "object", "embed"} & {tag for tag, _ in tags}
    assert all(a["src"].startswith("data:") and a["alt"] for t, a in tags if t == "img")
    assert not any(name.startswith("on") for _, attrs in tags for name in attrs)
    assert "http:" not in page
    assert "https:" not in page
    assert "url(" not in page


def test_text_from_config_and_dataset_is_escaped():
    study = study_of({"vivit": EVIL, "convnext": "ConvNeXt"})
    study.config["dataset"] |= {"path": EVIL, "labels": EVIL}
    study.figures.append(Figure("training", EVIL, "data:image/png;base64,"))
    tags = Tags(render(study)).tags
    assert not any(tag == "script" for tag, _ in tags)
    assert all(attrs["src"].startswith("data:") for tag, attrs in tags if tag == "img")


def test_synthetic_patients_are_said_and_not_set_beside_the_papers(page):
    assert "All patients of this study are synthetic" in page
    assert "2\N{NARROW NO-BREAK SPACE}501" not in page


def test_only_the_papers_own_data_stand_beside_its_counts():
    papers = {"patients": 82, "positive_patients": 36, "brain_slices": 2501, "positive_slices": 318}
    for changed, beside in (({}, True), ({"positive_slices": 317}, False)):
        study = study_of(TWO, dataset="ct-ich-jpg")
        study.summary.update(papers | changed)
        page = render(study)
        assert ("The paper&#39;s data" in page) == beside
        assert ("By their counts, these are the paper" in page) == beside
        assert "of this study are synthetic" not in page


def test_the_answer_stands_once(page):
    assert page.count("This study does not show that") == 3  # one a metric


def test_undefined_values_are_called_so(page):
    assert ">undefined<" in page
    assert ">nan<" not in page.lower()
    assert "ConvNeXt calls every patient negative in 1 of 3 replicates (2)." in page


def test_a_head_that_barely_changed_is_warned_of():
    summaries = summaries_of(TWO, relative_weight_change=0.03)
    said = warnings(study_of(TWO, summaries=summaries))
    assert "ViViT barely changes its initial head in all 3 replicates." in said
    assert not any("barely" in line for line in warnings(study_of(TWO)))


def test_what_barely_changed_means_is_said_where_it_happens(page):
    assert "Barely changed" not in page
    summaries = summaries_of(TWO, relative_weight_change=0.03)
    summaries["vivit"] = [{"C": 0.1}] * 3
    notes = [table.notes for table in replicate_tables(study_of(TWO, summaries=summaries))]
    assert notes[0] == []
    assert "random layer" in notes[1][0]


def test_what_was_chosen_stands_beside_each_replicate():
    table = replicate_tables(study_of(TWO))[0]
    assert table.header[-2] == "Chosen"
    assert table.rows[0][-2] == "rate 0.0001, epoch 7"
    classical = {model: [{"min_samples_leaf": 4}] * 3 for model in TWO}
    table = replicate_tables(study_of(TWO, summaries=classical))[0]
    assert table.rows[0][-2:] == ["min samples leaf 4", ""]


def test_replicates_of_a_study_that_only_compares_have_a_table():
    table = replicate_tables(study_of(TWO, summaries={}))[1]
    assert table.header[-2:] == ["Precision", "Remark"]
    assert table.rows[1][-1] == "calls all negative"


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
    section = render(study).partition("Models and recipe</h2>")[2].partition("<div")[0]
    texts = re.findall(r"<p>(.*?)</p>", html.unescape(section), re.DOTALL)
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
        for name, head in CLASSICAL_HEADS.items()
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


def test_the_question_is_of_the_studys_own_models(page):
    assert "ViViT\nsees a sequence at once." in page
    assert "ConvNeXt\nsees one slice at a time, and a rule" in page
    assert "This study asks again, on synthetic data" in page
    heads = {"kind": "image", "head": {"type": "gru"}}
    text = render(models_of(vivit=heads, convnext=heads))
    assert "<h1>Which model finds intracranial hemorrhage best?</h1>" in text
    assert "ViViT and ConvNeXt\nhave features of one slice at a time, and a head" in text
    assert "a sequence at once" not in text
    assert "This study compares these models" in text


def test_names_of_models_that_pandas_takes_for_values_are_kept(tmp_path):
    names = ("01", "none", "null")
    _, tables = numbers_of(tuple((name, f"Model {name}") for name in names))
    paths = [tmp_path / f"{one.name}.csv" for one in ANALYSES.values()]
    for path, one in zip(paths, ANALYSES.values(), strict=True):
        write_table(tables[one.stem], path, one.table)
    read = read_analyses(paths)
    assert set(read["auc"]["model"]) == set(names)
    page = render(study_of({name: f"Model {name}" for name in names}, comparison=read))
    assert "Model 01 − Model none" in page
    assert ">nan" not in page.lower()


def share_called_positive(truth, probability, predicted):
    return predicted.mean()


def toy_analysis(name, section):
    """Return an analysis that counts each model's replicates."""

    def compute(replicates):
        return pd.DataFrame({"model": replicates.models, "beads": len(replicates.numbers)})

    contract = Table({"model": "text", "beads": "int"}, key=("model",))
    return Analysis(name, "replicates", compute, contract, section)


def test_a_metric_an_analysis_and_a_section_are_added_in_one_place_each(monkeypatch):
    called = Metric(
        "called",
        "Called positive",
        "share called positive",
        lambda t, p, predicted: predicted.mean(),
    )
    monkeypatch.setitem(METRICS, called.name, called)
    monkeypatch.setitem(ANALYSES, "toys/beads", toy_analysis("toys/beads", section="toys"))
    toys = Section("toys", "A section of toys", lambda study: study.synthetic, lambda study: {}, "")
    monkeypatch.setattr(sections, "SECTIONS", [*sections.SECTIONS, toys])
    metrics, tables = numbers_of(tuple(TWO.items()), ("accuracy", "called"))
    page = render(study_of(TWO, metrics=metrics, comparison=tables))
    assert "differ in share called positive:" in page  # the answer
    assert '<th scope="row">Called positive</th>' in page  # its tables
    assert '<li><a href="#toys">A section of toys</a></li>' in page
    body = page[page.index('<h2 id="toys">A section of toys</h2>') :]
    assert "<caption>Beads</caption>" in body
    assert '<th scope="row">ViViT</th><td>3</td>' in body
    real = study_of(TWO, "ct-ich-jpg", metrics=metrics, comparison=tables)
    assert "A section of toys" not in render(real)
    figure = metric_boxplot(metrics, metric="called", labels=TWO)
    assert figure.axes[0].get_ylabel() == "Called positive, test patients"


def test_an_analysis_that_no_template_knows_follows_those_of_its_section(monkeypatch):
    monkeypatch.setitem(ANALYSES, "beads", toy_analysis("beads", section="primary"))
    study = study_of(TWO)
    study.comparison["beads"] = pd.DataFrame({"model": ["vivit"], "beads": [12]})
    page = render(study)
    parts = ["<caption>Power", "<caption>Beads</caption>", '<h2 id="patients">']
    assert sorted(map(page.index, parts)) == [page.index(part) for part in parts]


def test_a_figure_that_no_template_knows_follows_those_of_its_section(monkeypatch):
    toy = registry.Figure("toy", "paper", "ctseq.figures.comparison:toy", ("metrics",))
    monkeypatch.setattr(registry, "FIGURES", [*registry.FIGURES, toy])
    study = study_of(TWO)
    study.figures.append(Figure("toy-vivit", "A toy.", "data:image/png;base64,"))
    page = render(study)
    assert page.count("<figcaption>A toy.</figcaption>") == 1
    parts = ["<figcaption>Accuracy of each", "<figcaption>A toy.", '<h2 id="published">']
    assert sorted(map(page.index, parts)) == [page.index(part) for part in parts]


def test_three_models_have_ranks():
    page = render(study_of(TWO | {"third": "Third"}))
    assert "Mean ranks" in page
    assert "ViViT − Third" in page


def test_the_published_page_has_its_sections_and_no_others():
    figures = [Figure("metric-recall", "Recall.", "data:image/svg+xml;base64,")]
    page = render_published(dataclasses.replace(PUBLISHED, figures=figures))
    tags = Tags(page).tags
    anchors = {attrs["id"] for _, attrs in tags if "id" in attrs}
    links = [attrs["href"] for tag, attrs in tags if tag == "a"]
    assert sorted(links) == sorted(f"#{anchor}" for anchor in anchors)
    assert "Evidence over patients" not in page
    assert "corrected resampled t, unpaired" in page
    assert "share of splits" not in page
    assert "25/57 = 0.44" in page


def test_folds_are_described():
    study = study_of(TWO)
    study.config["splits"]["scheme"] = "repeated_kfold"
    assert "divided into 5 folds" in render(study)
    assert "About 10 patients are tested on" in render(study)
