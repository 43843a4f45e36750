"""The comparison's scripts: order, whole tables, and no deep-learning library."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ctseq.core.errors import InputError
from ctseq.core.tables import read_table, typed, write_table
from ctseq.evidence.metrics import METRICS, classification_metrics
from ctseq.evidence.notes import read_notes
from ctseq.evidence.over_patients.analyses import OVER_PATIENTS
from ctseq.evidence.over_replicates.analyses import OVER_REPLICATES
from ctseq.intake.tables import SCANS, SLICES
from ctseq.readers.subtypes import SUBTYPES

pytestmark = pytest.mark.filterwarnings("error")

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"
MODELS = ["video", "image", "third"]
REPLICATE_NAMES = ["01", "02", "03", "04"]
PATIENT_IDS = [f"{number:03d}" for number in range(49, 79)]


def script(name):
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study's runs, splits and scans, and what collect_metrics makes of them."""
    folder = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(1)
    ids, truth = np.array(PATIENT_IDS), (np.arange(30) % 3 == 0).astype(int)
    files = {"metrics": [], "predictions": [], "splits": []}
    for replicate in REPLICATE_NAMES:
        test = np.sort(rng.permutation(30)[:9])
        subset = np.where(np.isin(np.arange(30), test), "test", "train")
        files["splits"].append(folder / f"splits/replicate-{replicate}.csv")
        files["splits"][-1].parent.mkdir(exist_ok=True)
        split = pd.DataFrame({"patient_id": ids, "subset": subset})
        split.to_csv(files["splits"][-1], index=False)
        for model in MODELS:
            run = folder / f"runs/{model}/replicate-{replicate}"
            run.mkdir(parents=True)
            probability = rng.random(9) if model != "third" else np.full(9, 0.1)
            called = pd.DataFrame(
                {
                    "scan_id": ids[test],
                    "patient_id": ids[test],
                    "target": truth[test],
                    "probability": probability,
                    "predicted": (probability >= 0.5).astype(int),
                }
            )
            called.to_csv(run / "predictions.csv", index=False)
            values = classification_metrics(*(called[name] for name in called.columns[2:]))
            values = {name: None if np.isnan(value) else value for name, value in values.items()}
            (run / "metrics.json").write_text(json.dumps(values))
            files["metrics"].append(run / "metrics.json")
            files["predictions"].append(run / "predictions.csv")
    scans = pd.DataFrame({"scan_id": ids, "patient_id": ids, "target": truth})
    known = {"n_slices": 30, "n_positive_slices": 0, "age_years": 50, "sex": "M", "spacing_mm": 5}
    write_table(typed(scans.assign(**known), SCANS), folder / "scans.csv", SCANS)
    slices = scans.assign(slice_number=1, path="a.jpg", **dict.fromkeys(SUBTYPES, 0))
    write_table(typed(slices, SLICES), folder / "slices.csv", SLICES)
    collected = folder / "metrics.csv", folder / "predictions.csv"
    script("collect_metrics").main(
        files["metrics"][::-1],  # Snakemake's order must not matter
        files["predictions"],
        *collected,
        models=MODELS,
        replicates=REPLICATE_NAMES,
    )
    return folder, files


def test_collected_in_the_order_of_config(study):
    folder, _ = study
    metrics = pd.read_csv(folder / "metrics.csv")
    assert list(metrics) == ["model", "replicate", "metric", "value"]
    assert metrics["model"].drop_duplicates().tolist() == MODELS
    assert metrics["replicate"].drop_duplicates().tolist() == [1, 2, 3, 4]
    assert metrics["metric"].iloc[: len(METRICS)].tolist() == list(METRICS)
    undefined = metrics[metrics["value"].isna()]
    assert "precision" in set(undefined.loc[undefined["model"] == "third", "metric"])
    predictions = pd.read_csv(folder / "predictions.csv", dtype={"patient_id": "str"})
    assert len(predictions) == 3 * 4 * 9
    assert set(predictions["patient_id"]) <= set(PATIENT_IDS)


def test_a_missing_run_is_named(study, tmp_path):
    _, files = study
    with pytest.raises(InputError, match="model image, replicate 01"):
        script("collect_metrics").main(
            files["metrics"][:1],
            files["predictions"],
            tmp_path / "metrics.csv",
            tmp_path / "predictions.csv",
            models=MODELS,
            replicates=REPLICATE_NAMES,
        )
    assert not list(tmp_path.iterdir())


def test_a_missing_metric_is_named(study, tmp_path):
    _, files = study
    run = tmp_path / "runs/video/replicate-01"
    run.mkdir(parents=True)
    (run / "metrics.json").write_text('{"tn": 1}')
    with pytest.raises(InputError, match=r"metrics.json: accuracy"):
        script("collect_metrics").main(
            [run / "metrics.json"],
            files["predictions"],
            tmp_path / "metrics.csv",
            tmp_path / "predictions.csv",
            models=["video"],
            replicates=["01"],
        )


SETTINGS = {
    "models": MODELS,
    "primary": "accuracy",
    "metrics": ["accuracy", "precision", "brier"],
    "contrasts": [["video", "image"], ["video", "third"]],
    "alpha": 0.05,
    "undefined": "exclude",
    "margins": {},
}
OF_PATIENTS = SETTINGS | {"thresholds": [0.2, 0.5], "prevalence": [0.1]}


@pytest.mark.parametrize("undefined", ["exclude", "zero"])
def test_models_are_compared(study, tmp_path, undefined):
    folder, files = study
    tables = {name: tmp_path / f"{name}.csv" for name in OVER_REPLICATES}
    script("compare_models").main(
        folder / "metrics.csv", files["splits"], tables, {**SETTINGS, "undefined": undefined}
    )
    made = {name: read_table(path, OVER_REPLICATES[name].table) for name, path in tables.items()}
    for name, table in made.items():
        # Three metrics with three models, or three pairs; a pair has several effects, and models
        # have means of the three more metrics that the page opens with.
        assert len(table) == 9 * {"effect_sizes": 6, "model_means": 2}.get(name, 1), name
        if {"p", "notes"} <= set(table):
            assert table.loc[table["p"].isna(), "notes"].map(read_notes).map(bool).all(), name
    third = made["paper/means"].set_index(["metric", "model"]).loc[("precision", "third")]
    assert third["n_undefined"] == 4
    assert third["n"] == (4 if undefined == "zero" else 0)


def test_undefined_may_be_refused(study, tmp_path):
    folder, files = study
    tables = {"paper/means": tmp_path / "means.csv"}
    settings = {**SETTINGS, "undefined": "error"}
    with pytest.raises(InputError, match="precision of model third is undefined"):
        script("compare_models").main(folder / "metrics.csv", files["splits"], tables, settings)
    assert not list(tmp_path.iterdir())


def test_splits_must_be_those_of_the_replicates(study, tmp_path):
    folder, files = study
    with pytest.raises(InputError, match="3 splits but 4 replicates"):
        script("compare_models").main(folder / "metrics.csv", files["splits"][:3], {}, SETTINGS)


def test_patients_are_described(study, tmp_path):
    folder, files = study
    main = script("compare_patients").main
    given = (*(folder / f"{name}.csv" for name in ("predictions", "scans", "slices")),
             files["splits"])  # fmt: skip
    first, second = (
        {name: tmp_path / run / f"{name}.csv" for name in OVER_PATIENTS} for run in "ab"
    )
    for tables in (first, second):
        main(*given, tables, OF_PATIENTS)
    for name, path in first.items():
        read_table(path, OVER_PATIENTS[name].table)
        assert path.read_bytes() == second[name].read_bytes(), name


@pytest.mark.parametrize("name", ["collect_metrics", "compare_models", "compare_patients"])
def test_scripts_do_without_deep_learning(study, tmp_path, name):
    """Run the script's `main` in a process of its own and see what it has imported."""
    folder, files = study
    calls = {
        "collect_metrics": f"main({[str(p) for p in files['metrics']]}, "
        f"{[str(p) for p in files['predictions']]}, 'm.csv', 'p.csv', "
        f"models={MODELS}, replicates={REPLICATE_NAMES})",
        "compare_models": f"main({str(folder / 'metrics.csv')!r}, "
        f"{[str(p) for p in files['splits']]}, {{'verdict': 'v.csv'}}, {SETTINGS})",
        "compare_patients": f"main({str(folder / 'predictions.csv')!r}, "
        f"{str(folder / 'scans.csv')!r}, {str(folder / 'slices.csv')!r}, "
        f"{[str(p) for p in files['splits']]}, "
        f"{dict.fromkeys(OVER_PATIENTS, 'one.csv')}, {OF_PATIENTS})",
    }
    heavy = "{'torch', 'transformers', 'matplotlib', 'snakemake', 'sklearn'}"
    program = (
        f"import sys; sys.path.insert(0, {str(SCRIPTS)!r}); from {name} import main; "
        f"{calls[name]}; print(sorted({heavy} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"
    written = {"collect_metrics": 2, "compare_models": 1, "compare_patients": bool(OVER_PATIENTS)}
    assert len(list(tmp_path.iterdir())) == written[name]
