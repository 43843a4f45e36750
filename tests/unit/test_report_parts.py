"""Parts of the report: numbers, footnotes, captions, and the facts of a run."""

import inspect
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ctseq.core.tables import write_table
from ctseq.evidence.notes import Code, note, write_notes
from ctseq.families.tables import HISTORY
from ctseq.report import facts
from ctseq.report.figures import read_figures
from ctseq.report.notes import WORDS, note_words, words_of
from ctseq.report.numbers import count, interval, memory, number, p_value, size
from ctseq.report.tables import table_of
from plot_figures import read_histories

ROOT = Path(__file__).parents[2]


def test_captions_are_shared_with_snakemakes_report_and_escaped_on_the_page(tmp_path):
    caption = "{{ snakemake.wildcards.metric }}\nof each at {{ snakemake.params.alpha }}.\n"
    (tmp_path / "metric.rst").write_text(caption)
    (tmp_path / "metric-recall.svg").write_text("<svg/>")
    config = {"models": {}, "compare": [], "comparison": {"alpha": 0.1}}
    (figure,) = read_figures(
        [tmp_path / "metric-recall.svg"], [tmp_path / "metric.rst"], config, shared_splits=True
    )
    assert (figure.name, figure.caption) == (
        "metric-recall",
        "Recall (sensitivity) of each at 0.1.",
    )
    assert figure.data_uri == "data:image/svg+xml;base64,PHN2Zy8+"


@pytest.mark.parametrize("path", sorted((ROOT / "workflow/report").glob("*.rst")), ids=str)
def test_captions_speak_of_the_target_and_of_what_is_counted(path, tmp_path):
    picture = tmp_path / f"{path.stem}.svg"
    picture.write_text("<svg/>")
    config = {"models": {}, "compare": [], "comparison": {"alpha": 0.1}}
    words = {"target": "fracture", "unit": "patient"}
    [own] = read_figures([picture], [path], config, shared_splits=True, **words)
    [other] = read_figures([picture], [path], config, shared_splits=True)
    for caption in (own.caption, other.caption):
        assert "hemorrhage" not in caption.lower()
        assert "bleed" not in caption
    assert ("fracture" in own.caption) == ("the target" in other.caption)


def test_notes_become_footnotes():
    shared, other = '[{"code": "no_value"}]', '{"code": "values_equal"}'
    frame = pd.DataFrame(
        {"metric": ["accuracy", "f1"], "p": [0.00001, np.nan], "low": [0.1, np.nan],
         "high": [0.2, np.nan], "notes": [shared, f"[{shared[1:-1]}, {other}]"], "empty": np.nan}
    )  # fmt: skip
    table = table_of(frame, title="T", labels={}, alpha=0.1, headings={})
    assert table.header == ["Metric", "p", "90 % interval"]
    assert table.rows == [["Accuracy", "< .001", "[0.10, 0.20]"], ["F1", "undefined", "– ᵃ"]]
    assert table.notes == ["All rows: No defined value.", "ᵃ All values are equal."]


VALUES = {
    "needed": 2, "n": 1, "n_a": 1, "n_b": 4, "of": 82, "of_10": 0.377, "of_30": 0.569,
    "target": 0.8, "ceiling": 0.1234, "most": 10**6,
}  # fmt: skip


@pytest.mark.parametrize("code", sorted(set(Code) - {Code.CUT_AT_RANGE}))
def test_every_code_of_a_note_has_words(code):
    words = WORDS[code]
    values = VALUES
    if inspect.isfunction(words):  # takes its own values alone; `str.format` leaves others out
        values = {name: VALUES[name] for name in inspect.signature(words).parameters}
    [said] = words_of(write_notes([note(code, **values)]))
    assert said
    assert "{" not in said


def test_notes_with_values_are_spelled_out():
    assert set(WORDS) == set(Code) - {Code.CUT_AT_RANGE}  # which is a mark in the interval
    alarms = note(Code.FALSE_ALARMS, of_10=0.377, of_30=0.569)
    assert "one in 38 % of simulated studies of 10 replicates and in 57 % of 30" in note_words(
        alarms
    )
    assert words_of("") == words_of(np.nan) == []


def test_numbers_carry_no_noise():
    assert [p_value(p) for p in (0.0, 0.00099, 0.04567, 0.35, 0.996, 1.0, np.nan)] == [
        "< .001", "< .001", ".046", ".35", "1", "1", "undefined"
    ]  # fmt: skip
    assert number(-0.0001) == "0.00"
    assert number(-0.5, 1) == "−0.5"
    assert [size(v) for v in (0.124, -0.0049, -1e-17, -0.0351)] == [
        "0.12", "−0.005", "0.00", "−0.04"
    ]  # fmt: skip
    assert number(float("inf")) == "unbounded"
    assert count(2501.0) == "2\N{NARROW NO-BREAK SPACE}501"
    assert interval(-0.1, np.nan) == "undefined"
    assert [memory(m) for m in (200, 2048, np.nan)] == ["200 MiB", "2.0 GiB", "not measured"]


def test_benchmarks_are_added_up_by_rule(tmp_path):
    header = "s\th:m:s\tmax_rss\n"
    study, data = tmp_path / "study", tmp_path / "data"
    (study / "fit/vivit").mkdir(parents=True)
    (study / "fit/vivit/replicate-01.tsv").write_text(header + "2.5\t0:00:02\t100.0\n")
    (study / "fit/vivit/replicate-02.tsv").write_text(header + "3.5\t0:00:03\t-\n")
    data.mkdir()
    (data / "index.tsv").write_text(header + "1\t0:00:01\t0.00\n")
    (data / "broken.tsv").write_text("")
    first, second = facts.costs([study, data])
    assert first == facts.Cost("fit", 2, 6.0, 100.0)
    assert (second.rule, second.jobs, np.isnan(second.memory_mib)) == ("index", 1, True)
    assert facts.costs([tmp_path / "nothing"]) == []


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


def test_histories_are_told_apart_by_their_folders(tmp_path):
    paths = []
    for loss, run in zip((0.1, 0.2, 0.3, 0.4), product("ab", (1, 2)), strict=True):
        paths.append(tmp_path / "runs/{}/replicate-{:02d}/history.csv".format(*run))
        row = [[1, 1e-4, 0.01, 0, None, 1, loss, 0.5, 0.5, 1e-4, np.nan, 1]]
        write_table(pd.DataFrame(row, columns=list(HISTORY.columns)), paths[-1], HISTORY)
    rows = read_histories(paths)
    assert list(zip(rows["model"], rows["replicate"], rows["train_loss"], strict=True)) == [
        ("a", 1, 0.1), ("a", 2, 0.2), ("b", 1, 0.3), ("b", 2, 0.4)
    ]  # fmt: skip
