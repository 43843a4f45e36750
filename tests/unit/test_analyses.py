"""The registry of analyses: light, and the one place to which an analysis is added."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from ctseq.core.contracts import Table
from ctseq.core.tables import write_table
from ctseq.evidence.analyses import ANALYSES
from ctseq.evidence.over_replicates.analyses import OVER_REPLICATES
from ctseq.evidence.tables import METRICS, Analysis
from ctseq.report.sections import SECTIONS
from ctseq.study.digests import imported_files
from replicates import RATIO, replicates, rows_of

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"


def test_names_and_contracts_cost_no_import_of_statistics():
    program = (
        "import sys; import ctseq.evidence.analyses;"
        "print(sorted({'numpy', 'pandas', 'scipy', 'statsmodels'} & set(sys.modules)))"
    )
    out = subprocess.run(
        [sys.executable, "-c", program], cwd=SCRIPTS, capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == "[]"


def test_every_analysis_has_its_own_file_inputs_and_section():
    assert len({analysis.stem for analysis in ANALYSES.values()}) == len(ANALYSES)
    shown = {"answer", *(section.id for section in SECTIONS)}
    for name, analysis in ANALYSES.items():
        assert analysis.name == name
        folder = name.rpartition("/")[0]
        inputs = {"patients": ["predictions"], "slices": ["slices"]}
        inputs |= {"further": ["variance", "learning_curve"]}
        assert analysis.inputs in inputs.get(folder, ["replicates"])
        assert analysis.section in shown


@pytest.mark.parametrize("name", OVER_REPLICATES)
def test_tables_keep_their_contract(name, tmp_path):
    made = ANALYSES[name].compute(replicates({"a": [0.5, 0.6, 0.8], "b": [0.4, 0.7, 0.5]}))
    assert set(made) == set(ANALYSES[name].table.columns)
    write_table(made, tmp_path / "table.csv", ANALYSES[name].table)


@pytest.mark.parametrize(
    ("script", "own", "others"),
    [
        ("compare_models", "paper", "tested"),
        ("compare_patients", "tested", "paper"),
        ("compare_slices", "localization", "tested"),
    ],
)
def test_a_script_is_known_to_compute_its_own_analyses_alone(script, own, others):
    modules = {path.stem for path in imported_files(SCRIPTS / f"{script}.py")}
    assert own in modules
    assert others not in modules


def test_an_analysis_is_added_in_one_place(tmp_path, monkeypatch):
    def compute(given):
        return pd.DataFrame({"model": given.models, "ratio": given.design.test_train_ratio})

    table = Table({"model": "text", "ratio": "float"}, key=("model",))
    toy = Analysis("toy", "replicates", compute, table, "primary")
    monkeypatch.setitem(OVER_REPLICATES, "toy", toy)
    rows = rows_of({"a": [0.5, 0.6], "b": [0.4, 0.7]})
    write_table(rows, tmp_path / "metrics.csv", METRICS)
    settings = {"models": ["a", "b"], "metrics": ["recall"], "sizes": {"n_train": 57, "n_test": 25}}
    settings |= {"alpha": 0.05, "undefined": "exclude", "margins": {}}
    settings |= {"primary": "recall", "contrasts": [["a", "b"]]}
    out = tmp_path / "toy.csv"
    spec = importlib.util.spec_from_file_location("compare_models", SCRIPTS / "compare_models.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.main(tmp_path / "metrics.csv", [], {"toy": out}, settings)
    assert pd.read_csv(out)["ratio"].tolist() == [RATIO, RATIO]
