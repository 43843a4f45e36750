"""What is added to the report in one place: a metric, an analysis, a section, a figure."""

import pandas as pd

from ctseq.core.contracts import Table
from ctseq.core.tables import write_table
from ctseq.evidence.analyses import ANALYSES
from ctseq.evidence.metrics import METRICS, Metric
from ctseq.evidence.reading import read_analyses
from ctseq.evidence.tables import Analysis
from ctseq.figures import registry
from ctseq.figures.replicates import metric_boxplot
from ctseq.report import sections
from ctseq.report.figures import Figure
from ctseq.report.page import render
from ctseq.report.sections import Section
from reports import TWO, numbers_of, study_of


def toy_analysis(name, section):
    """Return an analysis that counts each model's replicates."""

    def compute(replicates):
        return pd.DataFrame({"model": replicates.models, "beads": len(replicates.numbers)})

    contract = Table({"model": "text", "beads": "int"}, key=("model",))
    return Analysis(name, "replicates", compute, contract, section)


def test_names_of_models_that_pandas_takes_for_values_are_kept(tmp_path):
    names = ("01", "none", "null")
    _, tables = numbers_of(tuple((name, f"Model {name}") for name in names))
    made = [one for one in ANALYSES.values() if one.stem in tables]
    paths = [tmp_path / f"{one.name}.csv" for one in made]
    for path, one in zip(paths, made, strict=True):
        write_table(tables[one.stem], path, one.table)
    read = read_analyses(paths)
    assert set(read["model_means"]["model"]) == set(names)
    page = render(study_of({name: f"Model {name}" for name in names}, comparison=read))
    assert "Model 01 − Model none" in page
    assert ">nan" not in page.lower()


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
    study = study_of(TWO, metrics=metrics, comparison=tables)
    study.config["comparison"]["metrics"] = ["accuracy", "called"]
    page = render(study)
    verdicts, _, others = page.partition('<h2 id="discrimination">')
    assert '<th scope="row">Called positive</th><td>' in verdicts
    assert '<th scope="row">Called positive</th>' in others
    assert '<li><a href="#toys">A section of toys</a></li>' in page
    body = page[page.index('<h2 id="toys">A section of toys</h2>') :]
    assert "<caption>Beads</caption>" in body
    assert '<th scope="row">ViViT</th><td>3</td>' in body
    real = study_of(TWO, "ct-ich-jpg", metrics=metrics, comparison=tables)
    real.config["comparison"]["metrics"] = ["accuracy", "called"]
    assert "A section of toys" not in render(real)
    figure = metric_boxplot(metrics, metric="called", labels=TWO)
    assert figure.axes[0].get_ylabel() == "Called positive, test subset"


def test_an_analysis_that_no_template_knows_follows_those_of_its_section(monkeypatch):
    monkeypatch.setitem(ANALYSES, "beads", toy_analysis("beads", section="primary"))
    study = study_of(TWO)
    study.comparison["beads"] = pd.DataFrame({"model": ["vivit"], "beads": [12]})
    page = render(study)
    parts = [
        "All models of a replicate",
        "<caption>Beads</caption>",
        '<h2 id="discrimination">',
    ]
    assert sorted(map(page.index, parts)) == [page.index(part) for part in parts]


def test_a_figure_that_no_template_knows_follows_those_of_its_section(monkeypatch):
    toy = registry.Figure("toy", "replicates", "ctseq.figures.comparison:toy", ("metrics",))
    monkeypatch.setattr(registry, "FIGURES", [*registry.FIGURES, toy])
    study = study_of(TWO)
    study.figures.append(Figure("toy-vivit", "A toy.", "data:image/png;base64,"))
    page = render(study)
    assert page.count("<figcaption>A toy.</figcaption>") == 1
    parts = ['<h2 id="replicates">', "<figcaption>A toy.", '<h2 id="limits">']
    assert sorted(map(page.index, parts)) == [page.index(part) for part in parts]
