"""The report: complete, self-contained, safe against any text, plain about what is undefined."""

import dataclasses
import html
import html.parser

import pytest

from ctseq.report.figures import Figure
from ctseq.report.page import render, render_published
from ctseq.report.replicates import Remark, remarks_of, replicate_tables
from published import PUBLISHED
from reports import TWO, study_of, summaries_of

EVIL = '<script>alert("x")</script><img src="http://evil.example/x.png">'


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
    order = ["<h1>Does ViViT, which sees", "Not shown: ViViT",
             '<table class="short performance">', "<strong>Next.", "every model kept",
             "Missed patients with hemorrhage", "are synthetic", "<nav", "The data</h2>",
             "Models and recipe</h2>", "Primary evidence</h2>", "Verdicts by metric;",
             "Discrimination</h2>", "Calibration</h2>", "Benefit where it is used</h2>",
             "All metrics and pairs</h2>",
             "The paper's own tests</summary>", "<caption>Means", "<caption>Differences between",
             "What each replicate did</h2>",
             "Limits of the conclusion</h2>", "Time and memory</h3>", "Versions</h3>",
             "Configuration</h3>"]  # fmt: skip
    text = page.replace("&#39;", "'")
    places = [text.find(part) for part in order]
    assert -1 not in places, order[places.index(-1)]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("replicates", "words"),
    [(5, "the figure's ticks are too few to show it either"), (6, "look at the ticks")],
)
def test_few_ticks_are_not_pointed_at(replicates, words):
    study = study_of(TWO)
    study.config["replicates"] = replicates
    assert f"has little power: {words}" in render(study).replace("&#39;", "'")


def test_a_place_is_kept_for_a_notice_at_the_top(page):
    body = page.partition("<body>")[2]
    assert body.startswith('\n<div id="standing" class="notice"></div>\n')
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert ".notice:empty { display: none; }" in style


def test_the_page_names_its_dataset_and_not_where_it_lies():
    study = study_of(TWO, dataset="dicom", given={"datasets": {"small": {"path": "/secret/place"}}})
    page = render(study).partition("<h3>Configuration</h3>")[0]
    assert "Every file of the dataset small stands in inventory.csv" in page
    assert "<code>results/data/small</code>" in page
    assert "secret" not in page
    assert "scores cq500" not in page


def test_external_datasets_are_said_to_be_scored_alone():
    other = {"datasets": {"cq500": {"format": "dicom", "path": "x"}}, "external": ["cq500"]}
    page = render(study_of(TWO, given=other))
    assert "The fitted models also score cq500, which no choice has seen; nothing on this" in page
    assert "elsewhere may differ; cq500 is scored, and not analysed here.</li>" in page


def test_scans_are_counted_where_patients_have_several():
    page = html.unescape(render(study_of(TWO, twice=True)))
    assert "<caption>Patients, scans and slices</caption>" in page
    assert '<th scope="row">Scans with hemorrhage</th><td>30</td>' in page
    assert page.count("Scans of one patient are never in both subsets, and every interval") == 1
    assert "Counts are of test scans:" in page
    assert "ConvNeXt calls every scan negative in 1 of 3 replicates (2)." in page
    assert "About 19 scans are tested on in a replicate, so one scan more or less" in page
    assert "of 31 patients is in no test subset" in page  # people are drawn and tested
    assert "a rule combines the slices into a result for the scan" in page
    assert '<th scope="row">Slices a scan</th>' in page


def test_patients_stand_for_their_scans_where_each_has_one(page):
    text = page.partition("<h3>Configuration</h3>")[0]
    for word in ("Scans with", "Slices a scan", "test scans", "Scans of one patient"):
        assert word not in text, word
    assert "Counts are of test patients:" in page


@pytest.mark.parametrize(
    ("target", "words"), [("subdural", "subdural hemorrhage"), ("fracture", "fracture")]
)
def test_the_target_is_named_wherever_it_is_meant(target, words):
    given = {"datasets": {"small": {"target": target}}}
    page = html.unescape(render(study_of(TWO, dataset="ct-ich-jpg", given=given)))
    own, _, configuration = page.partition("<h3>Configuration</h3>")
    question = (
        f"Does ViViT, which sees the whole sequence, find {words} better than ConvNeXt, which sees "
        "single slices?"
    )
    assert f"<h1>{question}</h1>" in page
    assert f"<title>{question} Study small</title>" in page
    for part in ("Patients with {}<", "Patients without {}<", "With {}<"):
        assert part.format(words) in page, part
    left = own.replace(words, "")
    assert "hemorrhage" not in left.lower()
    assert "This study beside the paper" not in page


def test_the_limits_name_the_way_to_other_protocols(page):
    assert "<code>snakemake multiverse</code> shows under how many." in page


def test_contents_lead_somewhere(page):
    tags = Tags(page).tags
    anchors = {attrs["id"] for _, attrs in tags if "id" in attrs}
    links = [attrs["href"] for tag, attrs in tags if tag == "a"]
    inside = [link for link in links if link.startswith("#")]
    assert inside
    assert all(link[1:] in anchors for link in inside)
    assert [link for link in links if link not in inside] == ["predictions.csv"]  # beside the page


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
    study.config["datasets"]["small"] |= {"path": EVIL, "labels": EVIL, "target": EVIL}
    study.figures.append(Figure("training", EVIL, "data:image/png;base64,"))
    tags = Tags(render(study)).tags
    assert not any(tag == "script" for tag, _ in tags)
    assert all(attrs["src"].startswith("data:") for tag, attrs in tags if tag == "img")


def test_synthetic_patients_are_said_and_not_set_beside_the_papers(page):
    assert "All patients of this study are synthetic" in page
    assert "2\N{NARROW NO-BREAK SPACE}501" not in page


def test_only_the_papers_own_data_stand_beside_its_counts():
    papers = {"patients": 82, "scans": 82, "positive_patients": 36, "positive_scans": 36}
    papers |= {"brain_slices": 2501, "positive_slices": 318}
    for changed, beside in (({}, True), ({"positive_slices": 317}, False)):
        study = study_of(TWO, dataset="ct-ich-jpg")
        study.summary.update(papers | changed)
        page = render(study)
        assert ("The paper&#39;s data" in page) == beside
        assert ("By their counts, these are the paper" in page) == beside
        assert "of this study are synthetic" not in page


def test_undefined_values_are_called_so(page):
    assert ">undefined<" in page
    assert ">nan<" not in page.lower()
    assert "ConvNeXt calls every patient negative in 1 of 3 replicates (2)." in page


def test_a_head_that_barely_changed_is_remarked_on():
    summaries = summaries_of(TWO, relative_weight_change=0.03)
    remarks = remarks_of(study_of(TWO, summaries=summaries))
    assert Remark("vivit", "barely changes its initial head", ("1", "2", "3"), 3) in remarks
    assert not any("barely" in one.words for one in remarks_of(study_of(TWO)))


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
    assert table.header[5:] == [
        "Accuracy", "Recall", "Specificity", "Precision", "AUC", "Remark"
    ]  # fmt: skip
    assert table.rows[1][-1] == "calls all negative"


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
