"""`snakemake published`: the paper's tables from its replicates, in a clone without any dataset."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from ctseq.core.tables import read_table
from ctseq.evidence.over_replicates.analyses import OVER_REPLICATES
from ctseq.evidence.over_replicates.power import two_sample_power

ROOT = Path(__file__).parents[2]
NEEDED = ["Snakefile", "config.yaml", "config", "envs", "profiles", "resources/published"]
NEEDED += ["resources/levels.csv", "workflow"]
METRICS = ["accuracy", "recall", "precision", "specificity", "balanced_accuracy"]
FIGURES = ["answer", "differences", *(f"metric-{metric}" for metric in METRICS)]
FIGURES += ["confusion-vivit", "confusion-convnext"]

with (ROOT / "resources/published/tables.csv").open(encoding="utf-8") as file:
    PRINTED = list(csv.DictReader(file))
# Quantity as printed to file in comparison/paper/ and column.
COLUMNS = {
    "shapiro_p": ("normality", "p"),
    "levene_p": ("variances", "p"),
    "t_p": ("t_test", "p"),
    "t": ("t_test", "statistic"),
    "power": ("t_test", "power"),
    "mann_whitney_p": ("mann_whitney", "p"),
    "mann_whitney_u": ("mann_whitney", "statistic"),
    "min": ("ranges", "minimum"),
    "max": ("ranges", "maximum"),
    "mean": ("means", "mean"),
}
# 4.2054 is printed as 4.20; powers follow with alpha = 0.5 only, though 0.05 is stated.
DIFFERENCES = {("accuracy", "t"): "4.21", ("accuracy", "power"): "0.98"}
DIFFERENCES |= {("precision", "power"): "0.07"}


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Run the target in a copy of the workflow and give its results folder."""
    clone = tmp_path_factory.mktemp("clone")
    for name in NEEDED:
        source = ROOT / name
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, clone / name)
    run = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", "published"],
        cwd=clone,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert sorted(path.name for path in (clone / "results").iterdir()) == ["published"]
    return clone / "results/published"


@pytest.mark.parametrize("cell", PRINTED, ids=lambda cell: "-".join(cell.values()))
def test_every_printed_number(published, cell):
    name, column = COLUMNS[cell["quantity"]]
    name = f"paper/{name}"
    rows = read_table(published / f"comparison/{name}.csv", OVER_REPLICATES[name].table)
    rows = rows[rows["metric"] == cell["metric"]]
    if "model" in rows:
        rows = rows[rows["model"] == cell["model"]]
    expected = DIFFERENCES.get((cell["metric"], cell["quantity"]), cell["printed"])
    assert f"{rows[column].item():.2f}" == expected


def test_the_printed_powers_follow_with_another_alpha(published):
    tests = pd.read_csv(published / "comparison/paper/t_test.csv").set_index("metric")
    for cell in PRINTED:
        if cell["quantity"] == "power":
            row = tests.loc[cell["metric"]]
            power = two_sample_power(row["cohens_d"], row["n_a"], row["n_b"], alpha=0.5)
            assert f"{power:.2f}" == cell["printed"]


def test_the_corrected_analysis(published):
    tables = {
        name: read_table(published / f"comparison/{name}.csv", analysis.table)
        for name, analysis in OVER_REPLICATES.items()
    }
    tests = tables["resampled_t"].set_index("metric")
    assert set(tests["method"]) == {"corrected resampled t, unpaired"}
    assert tests["notes"].str.contains("unpaired").all()
    assert tests["p"].round(4).to_dict() == {
        "accuracy": 0.0867, "recall": 0.0034, "precision": 0.8565,
        "specificity": 0.1417, "balanced_accuracy": 0.0047,
    }  # fmt: skip
    # One contrast on the primary metric: nothing to adjust for, and no other test is adjusted.
    assert tests["p_adjusted"].dropna().to_dict() == {"accuracy": tests.loc["accuracy", "p"]}
    verdict = tables["verdict"].set_index("metric")
    assert verdict["contrast"].all()
    assert verdict["primary"].to_dict() == {metric: int(metric == "accuracy") for metric in METRICS}
    assert verdict["supported"].to_dict() == {
        "accuracy": 0, "recall": 1, "precision": 0, "specificity": 0, "balanced_accuracy": 1
    }  # fmt: skip
    assert not verdict["reachable"].any()  # no interval is narrower than its margin


def test_the_figures_and_the_page(published):
    made = {path.name for path in (published / "figures").iterdir()}
    assert made == {f"{name}.{suffix}" for name in FIGURES for suffix in ("svg", "png")}
    page = (published / "report.html").read_text(encoding="utf-8")
    assert page.count("<img") == len(FIGURES)
    for said in ("alpha = 0.5", "4.2054", "0/0", "p = .087", "p = .003", "39 of the 42 numbers"):
        assert said in page
