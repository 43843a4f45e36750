"""The whole study on a small phantom: what it makes, what it leaves alone, what it repeats."""

import collections
import json
import os
import re
from pathlib import Path

import pytest
import yaml

from ctseq.cache.tables import ROWS
from ctseq.core.tables import read_table
from ctseq.evidence.analyses import ANALYSES
from ctseq.evidence.further.analyses import FURTHER
from ctseq.evidence.tables import METRICS, POOLED_PREDICTIONS
from ctseq.families.tables import ATTENTION, HISTORY
from ctseq.intake import tables as intake
from ctseq.intake.tables import INVENTORY, SCANS, SLICES
from ctseq.replicates.tables import PREDICTIONS, SCORES, SLICE_PREDICTIONS, SPLIT
from ctseq.study.digests import imported_files
from studies import contents, differing, read_dot

RUNS = [f"{model}/replicate-{number}" for model in ("vivit", "convnext") for number in ("01", "02")]
DATA = "data/phantom"
INDEX = ("inventory", "listing", "problems", "demographics", "series", "masks", "slices", "scans")
OF_A_RUN = {
    "history": HISTORY,
    "attention": ATTENTION,
    "scores": SCORES,
    "predictions": PREDICTIONS,
    "slice_predictions": SLICE_PREDICTIONS,
}
# Path below results/ to contract.
TABLES = {
    **{f"{DATA}/{name}.csv": getattr(intake, name.upper()) for name in INDEX},
    **{f"{DATA}/pixels/{encoder}.csv": ROWS for encoder in ("vivit", "convnext")},
    **{f"{DATA}/features/{encoder}.csv": ROWS for encoder in ("vivit", "convnext")},
    "small/splits/replicate-01.csv": SPLIT,
    "small/splits/replicate-02.csv": SPLIT,
    "small/metrics.csv": METRICS,
    "small/predictions.csv": POOLED_PREDICTIONS,
    **{f"small/runs/{run}/{name}.csv": table for run in RUNS for name, table in OF_A_RUN.items()},
    **{
        f"small/comparison/{name}.csv": analysis.table
        for name, analysis in ANALYSES.items()
        if name not in FURTHER  # nothing is trained more unless it is asked for
    },
}
# One module of each layer, from what everything imports to what one rule does, and the rules that
# find it by a line of a registry.
EDITED = {
    "core/tables": set(),
    "readers/ct_ich_jpg": {"check_study", "index_dataset", "pack_pixels", "plot_examples"},
    "encoders/pretrained": {"check_study", "describe_encoder", "extract_features"},
    "families/trained/linear": {"fit"},
    "replicates/splits": set(),
    "imaging/preprocessing": set(),
    "evidence/over_replicates/power": set(),
    "figures/style": set(),
}


def rows(study, name, table):
    return read_table(study.copy.folder / "results" / name, table)


def test_the_configuration_as_it_was_run_stands_beside_the_report(study):
    merged = yaml.safe_load((study.copy.results / "config.yaml").read_text("utf-8"))
    shipped = yaml.safe_load((study.copy.folder / "config.yaml").read_text("utf-8"))
    assert set(shipped) - set(merged) == {"compare_studies", "registered"}
    assert (merged["study"], merged["replicates"]) == ("small", 2)
    assert merged["training"] == shipped["training"] | {"learning_rate": 3.0e-3, "epochs": 3}
    used = {
        "datasets": ["phantom"],
        "encoders": ["vivit", "convnext"],
        "models": ["vivit", "convnext"],
    }
    assert {name: list(merged[name]) for name in used} == used


def test_it_reaches_one_report(study):
    page = (study.copy.results / "report.html").read_text("utf-8")
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")
    assert "100%" in study.outcome.text
    assert "ViViT" in page
    assert "ConvNeXt" in page


def test_checklists_lead_to_files_of_the_study(study):
    folder = study.copy.results / "reporting"
    names = {"claim.md", "tripod-ai.md", "model-card-vivit.md", "model-card-convnext.md"}
    assert {path.name for path in folder.iterdir()} == names
    page = (study.copy.results / "report.html").read_text("utf-8")
    assert "reporting/model-card-&lt;model&gt;.md: a card of each model" in page
    for path in folder.iterdir():
        assert path.name.startswith("model-card-") or f"reporting/{path.name}: " in page
        for target in re.findall(r"\]\((\.\./[^)]*)\)", path.read_text("utf-8")):
            file, _, anchor = target.partition("#")
            assert (folder / file).exists(), target
            assert not anchor or f'id="{anchor}"' in page, target


@pytest.mark.parametrize("name", TABLES)
def test_tables_keep_their_contract(study, name):
    header = (study.copy.folder / "results" / name).read_text("utf-8").split("\n")[0]
    assert header.split(",") == list(TABLES[name].columns)
    rows(study, name, TABLES[name])


def test_every_table_has_a_contract(study):
    results = study.copy.folder / "results"
    made = {path.relative_to(results).as_posix() for path in results.rglob("*.csv")}
    assert {path for path in made if not path.startswith(f"{DATA}/phantom/")} == set(TABLES)


def test_counts_are_conserved(study):
    data = study.copy.data
    summary = json.loads((data / "summary.json").read_text())
    inventory = rows(study, f"{DATA}/inventory.csv", INVENTORY)
    slices = rows(study, f"{DATA}/slices.csv", SLICES)
    scans = rows(study, f"{DATA}/scans.csv", SCANS)

    on_disk = [path for path in (data / "phantom").rglob("*") if path.is_file()]
    files = summary["flow"]["files"]
    assert files["seen"] == len(inventory) == len(on_disk)
    assert files["seen"] == files["used"] + sum(files["excluded_by_reason"].values())
    assert (inventory.loc[inventory["kept"] == 0, "reason"] != "").all()
    assert inventory.loc[inventory["kept"] == 1, "path"].tolist() == slices["path"].tolist()
    assert summary["brain_slices"] == len(slices) == scans["n_slices"].sum()
    assert summary["positive_slices"] == slices["target"].sum()
    assert (summary["patients"], summary["positive_patients"]) == (14, 6)
    assert (summary["scans"], summary["positive_scans"]) == (14, 6)
    assert scans["target"].sum() == 6


def test_sorted_folders_link_to_every_slice_once(study):
    folder = study.copy.data / "sorted"
    links = {path.relative_to(folder): path for path in folder.rglob("*.jpg")}
    target = rows(study, f"{DATA}/scans.csv", SCANS).set_index("scan_id")["target"]
    for row in rows(study, f"{DATA}/slices.csv", SLICES).itertuples():
        group = "Positive" if target[row.scan_id] else "Negative"
        link = links.pop(Path(group, row.scan_id, f"{row.slice_number}.jpg"))
        assert link.resolve() == (study.copy.data / "phantom" / row.path).resolve()
    assert not links


def test_every_scan_has_one_sequence_and_every_slice_one_row(study):
    slices = rows(study, f"{DATA}/slices.csv", SLICES)[[*ROWS.columns]]
    for name in ("pixels/vivit.csv", "pixels/convnext.csv", "features/convnext.csv"):
        assert rows(study, f"{DATA}/{name}", ROWS).astype({"slice_number": int}).equals(slices)
    sequences = rows(study, f"{DATA}/features/vivit.csv", ROWS)
    assert sequences["scan_id"].tolist() == sorted(slices["scan_id"].unique())
    assert sequences["patient_id"].tolist() == sequences["scan_id"].tolist()


def test_only_test_patients_are_predicted(study):
    for run in RUNS:
        split = rows(study, f"small/splits/{run.split('/')[1]}.csv", SPLIT)
        held_out = set(split.loc[split["subset"] == "test", "patient_id"])
        assert len(held_out) == 4  # 0.3 of 14, to the nearest
        called = rows(study, f"small/runs/{run}/predictions.csv", PREDICTIONS)
        assert set(called["patient_id"]) == held_out
        seen = rows(study, f"small/runs/{run}/slice_predictions.csv", SLICE_PREDICTIONS)
        assert set(seen["patient_id"]) == (held_out if run.startswith("convnext") else set())


def test_each_job_runs_once(study):
    counts = collections.Counter(study.outcome.jobs)
    assert set(counts.values()) == {1}
    of_rule = collections.Counter(job.split()[0] for job in counts)
    assert of_rule["pack_pixels"] == of_rule["extract_features"] == 2  # encoders
    assert of_rule["split_patients"] == 2  # replicates, shared by the models
    assert of_rule["fit"] == of_rule["evaluate"] == 4
    assert of_rule["index_dataset"] == of_rule["select_slices"] == 1


def test_every_rule_has_a_log_and_an_environment(study):
    folder = study.copy.folder
    text = "\n".join(path.read_text() for path in (folder / "workflow/rules").glob("*.smk"))
    rules = dict(re.findall(r"^(?:rule|checkpoint) (\w+):\n((?:    .*\n|\n)+)", text, re.M))
    assert study.outcome.rules - {"all"} <= set(rules)
    # A target makes nothing.
    rules = {name: body for name, body in rules.items() if re.search(r"^    output:$", body, re.M)}
    for name, body in rules.items():
        assert re.search(r"^    log:$", body, re.M), f"{name} has no log"
        environment = re.search(r'^    conda:\n +"\.\./\.\./(envs/\w+\.yaml)"', body, re.M)
        assert environment, f"{name} has no conda environment"
        assert (folder / environment[1]).is_file()
    for name in study.outcome.rules - {"all"} | {"check_study"}:
        logs = [study.copy.results / "logs", study.copy.data / "logs"]
        made = [
            path for one in logs for path in (one / f"{name}.log", *(one / name).rglob("*.log"))
        ]
        assert any(path.is_file() for path in made), name


def test_nothing_is_written_elsewhere(study):
    allowed = ("results/", "resources/checkpoints/", ".snakemake/")
    new = [path for path in study.after if path not in study.before]
    assert [path for path in new if not path.startswith(allowed)] == []
    assert {path: study.after[path] for path in study.before} == study.before


def test_a_second_run_has_nothing_to_do(study_copy):
    before = study_copy.tree("results")
    assert study_copy.snakemake().idle
    assert study_copy.tree("results") == before


def test_touching_files_re_runs_nothing(study_copy):
    touched = ["workflow/scripts/fit.py", "workflow/scripts/ctseq/replicates/splits.py"]
    touched += [
        "workflow/scripts/ctseq/encoders/pretrained.py",
        "workflow/report/metric.rst",
        "config.yaml",
    ]
    touched += [
        "workflow/scripts/ctseq/report/templates/report.html.j2",
        "resources/published/tables.csv",
    ]
    results, data = study_copy.folder / "results", study_copy.data
    raw = next((data / "phantom/Patients_CT").rglob("brain/1.jpg"))
    made = [results / name for name in TABLES] + [data / "features/vivit.safetensors", raw]
    for path in [study_copy.folder / name for name in touched] + made:
        os.utime(path)
    plan = study_copy.snakemake("--dry-run")
    assert plan.idle, plan.text[-4000:]


@pytest.fixture(scope="module")
def edited(study, planned):
    """The plan after each edit of the code, and the rule graph."""
    scripts = {
        path.relative_to(study.copy.folder).as_posix(): path.read_text("utf-8")
        for path in (study.copy.folder / "workflow/scripts").rglob("*.py")
    }
    modules = {name: f"workflow/scripts/ctseq/{name}.py" for name in EDITED}
    cases = {
        name: {"edit": {file: scripts[file] + "EDITED = True\n"}} for name, file in modules.items()
    }
    cases["words"] = {"edit": {file: reworded(text) for file, text in scripts.items()}}
    cases["graph"] = {"options": ["--rulegraph", "dot", "--forceall"]}
    return planned("edited-code", cases)


def reworded(text):
    """Change the comments, docstrings, log lines and messages of a program."""
    text = re.sub(r'^( *)"""(?=\w)', r'\1"""Reworded. ', text, flags=re.M)
    before = r"raise \w+\(\s*|\blog(?:\.info)?\("
    if "fail_on(" in text:  # elsewhere, tables of the report have titles
        before += "|title=|cure="
    text = re.sub(rf'({before})(f?)"', r'\1\2"Reworded: ', text)
    return text + "# reworded\n"


def downstream(graph, rules):
    """Return rules of a graph and all that follow from them."""
    following = {after for before, after in graph.edges if before in rules} - rules
    return downstream(graph, rules | following) if following else rules


@pytest.mark.parametrize("module", EDITED)
def test_editing_a_module_re_runs_what_imports_it(study, edited, module):
    graph = read_dot(edited["graph"].text)
    assert graph.rules == study.outcome.rules | {"check_study"}
    scripts = study.copy.folder / "workflow/scripts"
    own = scripts / f"ctseq/{module}.py"
    importing = EDITED[module] | {
        rule for rule in graph.rules - {"all"} if own in imported_files(scripts / f"{rule}.py")
    }
    assert importing
    assert edited[module].checked == ("check_study" in importing)
    importing -= {"check_study"}  # what waits for it is not made from it
    assert edited[module].rules == downstream(graph, importing)


def test_rewording_re_runs_nothing(edited):
    assert edited["words"].idle, edited["words"].text[-4000:]


def test_results_do_not_depend_on_cores(study, study_copy):
    """A fit and all comparisons again, on 1 core for 2, elsewhere: same bytes.

    For encoders see unit/test_checkpoints.py.
    """
    results = study_copy.results.relative_to(study_copy.folder)
    fitted = f"{results}/runs/convnext/replicate-01/fitted"
    names = ("verdict", "patients/discrimination", "slices/localization")
    tables = [f"{results}/comparison/{name}.csv" for name in names]
    comparisons = ["compare_models", "compare_patients", "compare_slices"]
    forced = [*comparisons, fitted]
    outcome = study_copy.snakemake("--forcerun", *forced, "--", *tables, cores=1)
    assert outcome.status == 0, outcome.text[-4000:]
    assert outcome.rules == {"fit", "evaluate", "collect_metrics", *comparisons}
    assert differing(contents(study.copy.results), contents(study_copy.results)) == []
