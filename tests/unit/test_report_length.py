"""The page stays short: depth is folded, long tables are cut, and 20 models need no more of a kind.

The configuration, which ends the page, is not counted: it is as long as the user made it.
"""

import html.parser
import re
from dataclasses import replace

import pytest

from ctseq.evidence.notes import write_notes
from ctseq.report.numbers import CUT, CUT_MEANS
from ctseq.report.page import render
from ctseq.report.short_tables.analyses import page_tables
from ctseq.report.short_tables.pairs import pairs_table
from ctseq.report.short_tables.replicates import replicates_shown
from ctseq.report.short_tables.rows import MOST_ROWS, narrowed
from reports import TWO, study_of

TWENTY = {f"m{n}": f"Model-{n}" for n in range(20)}


class Words(html.parser.HTMLParser):
    """Words of a page: of all of it, and of what stands in the open."""

    def __init__(self, page):
        super().__init__()
        self.every, self.open, self.depth, self.summary = 0, 0, 0, False
        self.feed(re.sub(r"<(style|pre)>.*?</\1>", "", page, flags=re.DOTALL))

    def handle_starttag(self, tag, attrs):
        self.depth += tag == "details"
        self.summary = self.summary or tag == "summary"

    def handle_endtag(self, tag):
        self.depth -= tag == "details"
        self.summary = self.summary and tag != "summary"

    def handle_data(self, data):
        self.every += len(data.split())
        self.open += len(data.split()) * (self.depth == 0 or self.summary)


@pytest.fixture(scope="module")
def twenty():
    return study_of(TWENTY)


def test_a_page_of_two_models_is_read_in_minutes():
    words = Words(render(study_of(TWO)))
    assert words.every <= 3200
    assert words.open <= 1500


def test_a_page_of_twenty_models_is_twice_as_long(twenty):
    words = Words(render(twenty))
    assert words.every <= 6000
    assert words.open <= 3000


def test_folds_say_what_is_in_them_and_are_closed():
    page = render(study_of(TWO))
    summaries = re.findall(r"<details>\s*<summary>(.*?)</summary>", page)
    assert len(summaries) == page.count("<details") == page.count("<summary>")
    assert "Net benefit; Differences in net benefit, p not adjusted; Predictive values" in summaries
    assert all(summaries)


def test_folded_parts_are_printed_where_a_box_without_a_script_is_ticked():
    page = render(study_of(TWO))
    contents = page.partition("<nav")[2].partition("</nav>")[0]
    assert '<p class="print"><label><input type="checkbox"> Print the folded parts' in contents
    printed = page.partition("@media print")[2].partition("</style>")[0]
    assert "body:has(.print :checked) details::details-content { content-visibility: visible;" in (
        printed
    )


def test_a_long_table_is_cut_to_what_the_answer_is_about(twenty):
    tests = twenty.comparison["resampled_t"]
    assert len(tests) == 6 * 190
    notes, rows = narrowed(tests, twenty, "comparison/resampled_t.csv")
    assert notes == [
        "Accuracy, the study's contrasts alone; all 1\N{NARROW NO-BREAK SPACE}140 rows are in "
        "comparison/resampled_t.csv."
    ]
    assert len(rows) == 19
    assert set(rows["model_a"]) == {"m0"}
    notes, rows = narrowed(tests, twenty, "x.csv", most=10)
    assert notes == ["Too long for this page: all 1\N{NARROW NO-BREAK SPACE}140 rows are in x.csv."]
    assert rows.empty


def test_a_short_table_is_left_as_it_is():
    study = study_of(TWO)
    tests = study.comparison["resampled_t"]
    notes, rows = narrowed(tests, study, "x.csv")
    assert (notes, len(rows)) == ([], len(tests))


def test_own_decisions_are_left_of_many_operating_points(twenty):
    table = page_tables(twenty, "discrimination")["operating_points"]
    assert {row[1] for row in table.rows} == {"decisions"}
    assert table.notes[0].startswith("The study's own decisions alone; all 80 rows are in")


def test_a_model_is_a_row_of_its_estimates():
    study = study_of(TWO)
    table = page_tables(study, "discrimination")["discrimination"]
    assert table.header == ["", "ROC AUC", "Average precision"]
    own = study.comparison["discrimination"].set_index(["metric", "model"]).loc["roc_auc", "vivit"]
    # It would reach past 1, and so its upper end is marked.
    assert own["high"] == 1
    shown = f"{own['estimate']:.2f} [{own['low']:.2f}, 1.00{CUT}]"
    assert table.rows[0][:2] == ["ViViT", shown]
    assert CUT_MEANS in table.notes
    treated = page_tables(study, "benefit")["net_benefit"]
    assert [row[0] for row in treated.rows] == ["ViViT", "ConvNeXt", "Treating all"]
    assert treated.header == ["", "At 0.2"]


def test_pairs_stand_once_with_all_that_is_tested_of_them():
    study = study_of(TWO)
    table = pairs_table(study)
    assert table.header == [
        "Metric", "Difference [95 % interval]", "p", "P(first better)", "P(equivalent)",
        "P(second better)", "Cohen's d", "Patients",
    ]  # fmt: skip
    assert len(table.rows) == 6
    assert table.rows[0][:2] == ["Accuracy", f"0.04 [−0.99, 1.00{CUT}]"]
    assert CUT_MEANS in table.notes
    assert not {"effect_sizes", "power", "bayesian_t"} & set(page_tables(study, "appendix"))


def test_what_is_cut_is_marked_where_it_stands_and_explained_below():
    study, note = study_of(TWO), write_notes([{"code": "cut_at_range", "low": 0, "high": 1}])
    names = ("model_means", "resampled_t", "discrimination")
    cut = {name: study.comparison[name].assign(notes=note) for name in names}
    study = replace(study, comparison={**study.comparison, **cut})
    tables = [page_tables(study, part)[name] for part, name in (
        ("appendix", "model_means"), ("appendix", "pairs"), ("discrimination", "discrimination"),
    )]  # fmt: skip
    for table in tables:
        intervals = [cell for row in table.rows for cell in row if "[" in cell]
        assert intervals
        assert all(f"{CUT}]" in cell for cell in intervals)
        assert table.notes.count(CUT_MEANS) == 1


def test_many_replicates_are_told_together(twenty):
    assert [table.title for table in replicates_shown(study_of(TWO))] == ["ViViT", "ConvNeXt"]
    [table] = replicates_shown(twenty)
    assert 3 * len(TWENTY) > MOST_ROWS
    values = twenty.metrics.query("metric == 'accuracy' and model == 'm0'")["value"]
    ends = [f"{values.agg(end):.2f}" for end in ("min", "median", "max")]
    assert table.rows[0] == ["Model-0", "3", *ends]


def test_the_papers_sections_are_of_its_data_alone():
    papers = {"patients": 82, "scans": 82, "positive_patients": 36, "positive_scans": 36}
    papers |= {"brain_slices": 2501, "positive_slices": 318}
    own = study_of(TWO, dataset="ct-ich-jpg")
    theirs = replace(own, summary={**own.summary, **papers})
    for study, shown in ((own, False), (theirs, True)):
        page = render(study)
        for part in ('<h2 id="paper">', '<h2 id="published">', "Table I. ", "Table VI. "):
            assert (part in page) == shown, part
        assert ("<summary>The paper's own tests</summary>" in page) != shown
