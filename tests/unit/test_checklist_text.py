"""Markdown of checklists: every text shows as it is, whatever it holds."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ctseq.report.checklists.files import reporting_files
from ctseq.report.checklists.markdown import escaped, paragraph, table_text
from ctseq.report.tables import Table
from reports import study_of

RENDERED = MarkdownIt("commonmark").enable(["table", "strikethrough"])
EVIL = '<img src=x onerror="alert(1)"> ![a](http://evil.example/x.png) | `b` **c** _d_ [e][f] ~~g~~'


def shown(markdown):
    """Return the text of a paragraph as a reader sees it, and the tags that it has inside."""
    found = RENDERED.render(markdown).strip()
    inside = re.fullmatch(r"<p>(.*)</p>", found, re.DOTALL)
    assert inside, found
    return html.unescape(re.sub("<[^>]*>", "", inside[1])), re.findall("<[^>]*>", inside[1])


@given(st.text(alphabet=r"ab1 \`*_<>[](){}#+-=.!|~$&;:/'" + '"\n\t', min_size=1))
def test_any_text_shows_as_it_is(text):
    plain = " ".join(text.split())
    if plain:
        assert shown(paragraph(text)) == (plain, [])
        assert shown(f"x {escaped(text)}") == (f"x {plain}", [])


@pytest.mark.parametrize("text", ["0.812 [0.700, 0.901]", "roc_auc", "30 % of 82; 5e-6", "p = .04"])
def test_numbers_and_names_need_no_escapes(text):
    assert escaped(text) == text
    assert paragraph(text) == text


def test_tables_keep_their_cells():
    table = Table("T_ *", ["a|b", ""], [["`1`", "x | y\nz"], [EVIL, ""]], ["# note"])
    text = RENDERED.render(table_text(table))
    cells = [html.unescape(cell) for cell in re.findall(r"<t[dh]>(.*?)</t[dh]>", text)]
    assert cells == ["a|b", "", "`1`", "x | y z", EVIL, ""]
    assert "<em>T_ *</em>" in text
    assert "<p># note</p>" in text


def test_a_label_adds_no_markup_to_any_file():
    for text in reporting_files(study_of({"vivit": EVIL, "convnext": "ConvNeXt"})).values():
        page = RENDERED.render(text)
        assert "<img" not in page
        assert "<code>" not in page
        assert all(target.startswith("../") for target in re.findall('href="([^"]*)"', page))
