"""The scripts that write the report and the checklists: from files to files."""

import json
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml

from ctseq.core.tables import write_table
from ctseq.evidence.analyses import ANALYSES
from ctseq.evidence.tables import METRICS
from ctseq.replicates.tables import SPLIT
from ctseq.study.made.standing import digests
from published import PUBLISHED, RESOURCES
from reports import ROOT, TWO, study_of
from write_report import main as write_report
from write_reporting import main as write_reporting


def written(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


@pytest.fixture(scope="module")
def study():
    return study_of(TWO, dataset="dicom")


@pytest.fixture
def inputs(tmp_path, study):
    """Return what a study has on disk, by the names of the rules' inputs."""
    ids = [f"{number:03d}" for number in range(31)]
    splits = []
    for number in (1, 2, 3):
        tested = [patient for place, patient in enumerate(ids) if place % 3 == number % 3]
        subset = ["test" if patient in tested else "train" for patient in ids]
        splits.append(tmp_path / f"splits/replicate-0{number}.csv")
        write_table(pd.DataFrame({"patient_id": ids, "subset": subset}), splits[-1], SPLIT)
    made = [one for one in ANALYSES.values() if one.stem in study.comparison]
    for one in made:
        path = tmp_path / f"comparison/{one.name}.csv"
        write_table(study.comparison[one.stem], path, one.table)
    write_table(study.metrics, tmp_path / "metrics.csv", METRICS)
    return SimpleNamespace(
        summary=written(tmp_path, "summary.json", json.dumps(study.summary)),
        encoders=[
            written(tmp_path, f"encoders/{name}.json", json.dumps(known))
            for name, known in study.encoders.items()
        ],
        indexed=[
            written(tmp_path, f"data/{name}.json", json.dumps(known))
            for name, known in study.indexed.items()
        ],
        metrics=tmp_path / "metrics.csv",
        summaries=[
            written(tmp_path, f"runs/{model}/{number}.json", json.dumps(summary))
            for model, own in study.summaries.items()
            for number, summary in enumerate(own)
        ],
        fitted=[
            written(
                tmp_path,
                f"runs/{model}/fitted/fitted.json",
                json.dumps({"encoders": [{"precision": "bfloat16"} for _ in its.encoders]}),
            ).parent
            for model, its in study.resolved.models.items()
        ],
        splits=splits,
        comparison=[tmp_path / f"comparison/{one.name}.csv" for one in made],
        levels=ROOT / "resources/levels.csv",
        environments=[ROOT / "envs/stats.yaml"],
        figures=[written(tmp_path, "figures/precision_recall.svg", "<svg/>")],
        captions=sorted((ROOT / "workflow/report").glob("*.rst")),
        shared=[written(tmp_path, "data/scans.csv", "scan_id,patient_id\n")],
        printed=RESOURCES / "tables.csv",
        runs=RESOURCES / "replicates.csv",
    )


def test_the_report_is_written_with_its_configuration(inputs, study, tmp_path):
    names = {"report": "report.html", "config": "config.yaml", "standing": "standing.json"}
    outputs = SimpleNamespace(**{key: tmp_path / name for key, name in names.items()})
    header = "s\th:m:s\tmax_rss\n"
    written(tmp_path, "study/fit.tsv", f"{header}2.5\t0:00:02\t100.0\n")
    written(tmp_path, "data/extract_features.tsv", f"{header}9\t0:00:09\t100.0\n")
    write_report(
        inputs,
        outputs,
        config=study.config,
        registered={},
        published=PUBLISHED.config,
        benchmarks=[str(tmp_path / "study"), str(tmp_path / "data")],
    )
    page = outputs.report.read_text("utf-8")
    assert "the share of test patients with hemorrhage.</figcaption>" in page
    assert '<th scope="row">extract_features</th><td>1</td>' in page
    assert '<th scope="row">fit</th><td>1</td>' in page
    assert "32 (uniform)" in page
    # Whatever the configuration asks for, what was taken.
    assert page.count(">bfloat16</td>") == 2
    assert ">float32</td>" not in page
    assert yaml.safe_load(outputs.config.read_text("utf-8")) == study.config
    assert json.loads(outputs.standing.read_text("utf-8")) == digests(inputs.shared)


def test_the_checklists_are_written(inputs, study, tmp_path):
    names = ("claim.md", "tripod-ai.md", "model-card-vivit.md", "model-card-convnext.md")
    paths = [tmp_path / "reporting" / name for name in names]
    Path(paths[0]).parent.mkdir()
    write_reporting(inputs, [str(path) for path in paths], config=study.config, registered={})
    assert "frozen deep network that sees one slice at a time" in paths[3].read_text("utf-8")
