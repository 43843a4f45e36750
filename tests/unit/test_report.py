"""The report: complete, self-contained, safe against any text, plain about what is undefined."""

import dataclasses
import html.parser
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from ctseq.comparison.design import design_of_splits
from ctseq.comparison.published import compare_published
from ctseq.comparison.study import compare_over_patients, compare_over_replicates
from ctseq.metrics import classification_metrics
from ctseq.published import published_metrics
from ctseq.report import facts
from ctseq.report.claims import Published, claims, recomputed
from ctseq.report.figures import Figure, read_figure
from ctseq.report.histories import read_histories
from ctseq.report.numbers import count, duration, interval, memory, number, p_value
from ctseq.report.page import Study, render, render_published
from ctseq.report.published import against_paper
from ctseq.report.runs import replicate_tables, warnings
from ctseq.report.tables import table_of
from ctseq.tables import HISTORY, write_table

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
            "scheme": "random", "validation_proportion": 0.3, "stratify": False, "folds": 5,
        },
        "models": {
            name: {"label": label, "checkpoint": "tiny", "revision": "main"}
            | (image if place else video)
            for place, (name, label) in enumerate(models.items())
        },
        "training": {"learning_rate": 5e-6, "warmup_steps": 2, "patience": 5},
        "selection": {"patients": "validation", "folds": 5},
        "evaluation": {"threshold": 0.5},
        "comparison": {
            "metrics": ["accuracy", "recall", "precision"], "alpha": 0.05, "rope": 0.02,
            "undefined": "exclude",
        },
    }  # fmt: skip


def summaries_of(models, movement=0.8):
    summary = {"peak_rate": 1e-4, "epoch": 7, "movement": movement}
    return {model: [summary] * 3 for model in models}


RESOURCES = Path(__file__).parents[2] / "resources/published"


def published_study():
    study = yaml.safe_load((RESOURCES / "study.yaml").read_text())
    metrics = published_metrics(pd.read_csv(RESOURCES / "replicates.csv"), n_validation=25)
    printed = pd.read_csv(RESOURCES / "tables.csv")
    return Published(study, printed, metrics, compare_published(metrics, study))


PUBLISHED = published_study()


def study_of(models, dataset="phantom", **changed):
    predictions = predictions_of(models)
    metrics = metrics_of(predictions)
    patients = pd.DataFrame({"patient_id": [f"{n:03d}" for n in range(31)]})
    split = patients.assign(subset=["validation"] * 10 + ["train"] * 21)
    settings = {
        "models": list(models), "labels": models, "metrics": ["accuracy", "recall", "precision"],
        "alpha": 0.05, "undefined": "exclude", "rope": 0.02, "bootstrap_resamples": 100, "seed": 1,
    }  # fmt: skip
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
        "comparison": compare_over_replicates(metrics, design_of_splits([split] * 3), settings)
        | compare_over_patients(predictions, patients, settings),
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


def test_captions_are_shared_with_snakemakes_report_and_escaped_on_the_page(tmp_path):
    caption = "The {{ snakemake.wildcards.metric }}\nof each at {{ snakemake.params.alpha }}.\n"
    (tmp_path / "metric.rst").write_text(caption)
    (tmp_path / "metric-recall.svg").write_text("<svg/>")
    names = {"labels": {}, "params": {"alpha": 0.1}}
    figure = read_figure(tmp_path / "metric-recall.svg", captions=tmp_path, **names)
    assert (figure.name, figure.caption) == ("metric-recall", "The recall of each at 0.1.")
    assert figure.data_uri == "data:image/svg+xml;base64,PHN2Zy8+"


def test_synthetic_patients_are_said_and_not_set_beside_the_papers(page):
    assert "All patients of this study are synthetic" in page
    assert "2\N{NARROW NO-BREAK SPACE}501" not in page


def test_real_patients_stand_beside_the_papers_counts():
    page = render(study_of(TWO, dataset="ct-ich-jpg"))
    assert "2\N{NARROW NO-BREAK SPACE}501" in page
    assert "of this study are synthetic" not in page


def test_undefined_values_are_called_so(page):
    assert ">undefined<" in page
    assert ">nan<" not in page.lower()
    assert "ConvNeXt calls every patient negative in 1 of 3 replicates (2)." in page


def test_a_head_that_barely_moved_is_warned_of():
    metrics = metrics_of(predictions_of(TWO))
    said = warnings(metrics, summaries_of(TWO, movement=0.03), labels=TWO)
    assert "ViViT barely moves from its initial head in all 3 replicates." in said
    assert not any("barely" in line for line in warnings(metrics, summaries_of(TWO), labels=TWO))


def test_what_was_chosen_stands_beside_each_replicate():
    metrics = metrics_of(predictions_of(TWO))
    table = replicate_tables(metrics, summaries_of(TWO), labels=TWO)[0]
    assert table.header[-2] == "Chosen"
    assert table.rows[0][-2] == "rate 0.0001, epoch 7"
    classical = {model: [{"min_samples_leaf": 4}] * 3 for model in TWO}
    table = replicate_tables(metrics, classical, labels=TWO)[0]
    assert table.rows[0][-2:] == ["min samples leaf 4", ""]


def test_replicates_of_a_study_that_only_compares_have_a_table():
    table = replicate_tables(metrics_of(predictions_of(TWO)), {}, labels=TWO)[1]
    assert table.header[-2:] == ["Precision", "Remark"]
    assert table.rows[1][-1] == "calls all negative"


@pytest.mark.parametrize(("patients", "said"), [
    ("validation", "The epoch is chosen on the patients that are reported."),
    ("inner", "Validation patients are looked at once."),
])  # fmt: skip
def test_where_choices_are_made_is_said(patients, said):
    study = study_of(TWO)
    study.config["selection"]["patients"] = patients
    page = render(study)
    others = {"The epoch is chosen on the patients", "Validation patients are looked at once"}
    assert said in page
    assert sum(text in page for text in others) == 1


def test_three_models_have_ranks():
    page = render(study_of(TWO | {"third": "Third"}))
    assert "Mean ranks" in page
    assert "ViViT − Third" in page


def test_own_values_stand_beside_those_of_the_same_name_or_kind():
    metrics = pd.DataFrame(
        [(model, r, metric, v) for model in ("vivit", "swin") for metric in
         ("accuracy", "recall", "precision") for r, v in ((1, 0.5), (2, np.nan), (3, 0.7))],
        columns=["model", "replicate", "metric", "value"],
    )  # fmt: skip
    labels, kinds = {"vivit": "ViViT", "swin": "Swin"}, {"vivit": "video", "swin": "image"}
    table = against_paper(metrics, PUBLISHED, labels=labels, kinds=kinds)
    own = ["0.40", "0.72", "0.00", "0.64", "0.70", "0.84"]
    assert table.rows[0] == ["ViViT", "ViViT", "Accuracy", *own]
    assert table.rows[4][:5] == ["Swin", "ConvNeXt", "Recall (sensitivity)", "0.40", "0.13"]


def test_what_does_not_follow_is_computed():
    cells = recomputed(PUBLISHED)
    stray = cells[cells["follows"] == 0]
    assert stray["quantity"].tolist() == ["t", "power", "power"]
    said = {claim.title: claim.text for claim in claims(PUBLISHED).claims}
    assert (
        "1.00, 1.00 and 0.54 (accuracy, recall, precision) follow only with alpha = 0.5"
        in (said["Power"])
    )
    assert "0.978, 1.000 and 0.069: for precision" in said["Power"]
    assert "4.2054, which rounds to 4.21; 4.20 is printed" in said["A rounding"]
    assert "replicates 3 and 8" in said["“Corrupted” precisions"]
    assert "Without them it is 0.84, above ViViT's 0.73" in said["“Corrupted” precisions"]
    assert "in accuracy the difference is no longer significant" in said["Significance"]
    assert "p = .087" in said["Significance"]
    assert (
        "in recall the difference is still significant (p < .001 becomes p = .003"
        in (said["Significance"])
    )
    assert said["Pairing"].startswith("In 6 of 10 replicates")


def test_a_study_whose_tables_follow_is_not_accused():
    follows = recomputed(PUBLISHED)
    honest = dataclasses.replace(PUBLISHED, printed=follows.assign(printed=follows["recomputed"]))
    found = claims(honest)
    assert found.n_follow == found.n_printed == 42
    assert not {"Power", "A rounding"} & {claim.title for claim in found.claims}


def test_the_published_page_has_its_sections_and_no_others():
    figures = [Figure("metric-recall", "Recall.", "data:image/svg+xml;base64,")]
    page = render_published(PUBLISHED, figures)
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
    assert "About 10 patients validate" in render(study)


def test_notes_become_footnotes():
    frame = pd.DataFrame(
        {"metric": ["accuracy", "f1"], "p": [0.00001, np.nan], "low": [0.1, np.nan],
         "high": [0.2, np.nan], "note": ["shared", "shared; too few values"], "empty": np.nan}
    )  # fmt: skip
    table = table_of(frame, title="T", labels={}, alpha=0.1)
    assert table.header == ["Metric", "p", "90 % interval"]
    assert table.rows == [["Accuracy", "< .001", "[0.100, 0.200]"], ["F1", "undefined", " ᵃ"]]
    assert table.notes == ["All rows: Shared.", "ᵃ Too few values."]


def test_numbers_carry_no_noise():
    assert [p_value(p) for p in (0.0, 0.00099, 0.04567, 0.5, 1.0, np.nan, None)] == [
        "< .001", "< .001", ".046", ".500", "1", "undefined", "undefined"
    ]  # fmt: skip
    assert number(-0.0001) == "0.000"
    assert number(-0.5, 1) == "−0.5"
    assert number(float("inf")) == "unbounded"
    assert count(2501.0) == "2\N{NARROW NO-BREAK SPACE}501"
    assert interval(-0.1, np.nan) == "undefined"
    assert [duration(s) for s in (0.5, 61, 7260)] == ["0.5 s", "1 min 1 s", "2 h 1 min"]
    assert [memory(m) for m in (200, 2048, np.nan)] == ["200 MiB", "2.0 GiB", "undefined"]


def test_benchmarks_are_added_up_by_rule(tmp_path):
    header = "s\th:m:s\tmax_rss\n"
    (tmp_path / "train/vivit").mkdir(parents=True)
    (tmp_path / "train/vivit/replicate-01.tsv").write_text(header + "2.5\t0:00:02\t100.0\n")
    (tmp_path / "train/vivit/replicate-02.tsv").write_text(header + "3.5\t0:00:03\t-\n")
    (tmp_path / "index.tsv").write_text(header + "1\t0:00:01\t0.00\n")
    (tmp_path / "broken.tsv").write_text("")
    first, second = facts.costs(tmp_path)
    assert first == facts.Cost("train", 2, 6.0, 100.0)
    assert (second.rule, second.jobs, np.isnan(second.memory_mib)) == ("index", 1, True)
    assert facts.costs(tmp_path / "nothing") == []


def test_versions_fall_back_on_what_an_environment_pins(tmp_path, monkeypatch):
    pins = tmp_path / "torch.yaml"
    pins.write_text("dependencies:\n  - pytorch=2.13\n")
    monkeypatch.setattr(facts, "PACKAGES", ("numpy", "torch", "nosuchpackage"))

    def version(name):
        if name == "numpy":
            return "2.4.6"
        raise facts.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(facts.importlib.metadata, "version", version)
    found = facts.versions([pins])
    assert found["torch"] == "2.13 (from torch.yaml)"
    assert found["nosuchpackage"] == "not installed"


def test_a_folder_without_git_is_said_to_be_one(tmp_path):
    assert facts.git_revision(tmp_path) == "not a git checkout"


def test_histories_are_told_apart_by_order(tmp_path):
    paths = []
    for number_, loss in enumerate((0.1, 0.2, 0.3, 0.4)):
        paths.append(tmp_path / f"{number_}.csv")
        row = [[1e-4, 1, loss, 0.5, 0.5, 1e-4, np.nan, 1]]
        write_table(pd.DataFrame(row, columns=list(HISTORY.columns)), paths[-1], HISTORY)
    rows = read_histories(paths, models=["a", "b"])
    assert list(zip(rows["model"], rows["replicate"], rows["train_loss"], strict=True)) == [
        ("a", 1, 0.1), ("a", 2, 0.2), ("b", 1, 0.3), ("b", 2, 0.4)
    ]  # fmt: skip
