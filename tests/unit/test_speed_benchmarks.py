"""The benchmarks of speed: their arithmetic, on made-up times, and what they keep."""

import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import transformers

from configs import CONFIG, merged, resolved
from ctseq.report.facts import Cost

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """Let the programs import what they share, as when they are run."""
    monkeypatch.syspath_prepend(str(FOLDER))


def test_a_study_is_set_beside_the_bare_pass():
    import study

    rows = study.results(
        [
            Cost("extract_features", 2, 90.0, 2000.0),
            Cost("fit", 20, 30.0, np.nan),
            Cost("whole study", 22, 150.0, 2100.0),
        ],
        {"sequence": 2.0, "slice": 0.1},
        {"sequence": 10, "slice": 300},
    )
    told = {row["what"]: (row["jobs"], row["seconds"], row["times_bare"]) for row in rows}
    assert told == {
        "extract_features": (2, 90.0, 1.8),
        "fit": (20, 30.0, 0.6),
        "whole study": (22, 150.0, 3.0),
        "bare forward pass": (0, 50.0, 1.0),  # 10 x 2 s and 300 x 0.1 s
    }


def test_extraction_is_set_beside_the_bare_pass_of_its_own_round():
    import study

    rounds = [  # seconds a row of the bare pass, and of all of the extraction
        ({"sequence": 2.0, "slice": 0.1}, {"sequence": 10.0, "slice": 20.0}),
        ({"sequence": 4.0, "slice": 0.1}, {"sequence": 24.0, "slice": 40.0}),
        ({"sequence": 1.0, "slice": 0.1}, {"sequence": 8.0, "slice": 21.0}),
    ]
    vivit, convnext = study.ratios(rounds, {"sequence": 10, "slice": 300})
    # 10 of 20 s, 24 of 40 s, 8 of 10 s; and 20, 40 and 21 of 30 s.
    assert (vivit["seconds"], vivit["times_bare"]) == (10.0, 0.6)
    assert (convnext["seconds"], convnext["times_bare"]) == (21.0, pytest.approx(0.7))


def test_where_auto_is_float32_no_study_is_run_to_be_compared_with_itself(monkeypatch):
    import precision

    monkeypatch.setattr(precision, "taken_precision", lambda *_: "float32")
    monkeypatch.setattr(precision, "write_copy", lambda _: pytest.fail("a study was prepared"))
    with pytest.raises(SystemExit, match="auto is float32 on this machine: there is nothing to"):
        precision.main([])


def test_a_study_in_reduced_precision_is_set_beside_the_exact_one():
    import precision

    def metrics(values):
        rows = [("a", number, "recall", value) for number, value in enumerate(values)]
        return pd.DataFrame(rows, columns=["model", "replicate", "metric", "value"])

    exact, reduced = metrics([0.5, 0.75, np.nan, 1.0]), metrics([0.5, 0.5, 0.25, 1.0])
    (row,) = precision.differences(exact, reduced)
    assert (row["largest"], row["mean"], row["undefined"]) == (0.25, pytest.approx(0.25 / 3), 1)
    assert row["of_means"] == pytest.approx(2.25 / 4 - 2.25 / 3)
    with pytest.raises(ValueError, match="not the same models"):
        precision.differences(exact, reduced[1:])


@pytest.mark.parametrize("full", [True, False])
def test_the_studies_of_a_precision_are_ones_that_the_workflow_takes(full):
    import precision

    options = precision._parser().parse_args(["--full"] if full else [])
    for name in ("float32", "auto"):
        found = resolved(merged(CONFIG, precision.study_in(name, options)))
        assert found["encoders"][f"vivit_{name}"]["extraction"] == {"precision": name}


def test_operations_are_those_of_products(monkeypatch):
    import passes

    # One layer of 4 x 4 patches and a class token: 17 tokens of 8 numbers, 2 heads.
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.ViTConfig(**sizes, intermediate_size=16, image_size=16, patch_size=4)
    model = transformers.ViTForImageClassification(config).eval()
    monkeypatch.setattr(passes, "stock_model", lambda checkpoint, sees: model)
    tokens, width = 17, 8
    patches = 16 * (3 * 4 * 4) * width
    layer = 4 * tokens * width * width + 2 * tokens * width * 16  # projections, and the MLP
    attention = 2 * tokens * tokens * width
    expected = 2 * (patches + layer + attention + width * 2)  # and the classifier
    assert passes.operations(Path(), sees="slice") == expected
    assert passes.product_rate(threads=1, repeats=1, side=64) > 0


def test_the_full_study_is_of_the_size_of_the_papers():
    import measuring
    import study

    options = study._parser().parse_args([])
    assert (options.patients, options.image_size, options.replicates) == (82, 650, 10)
    assert set(measuring.PARTS) <= {path.name for path in FOLDER.parent.iterdir()}


def test_benchmarks_run_studies_that_the_workflow_takes():
    import again
    import order
    import planning
    import scale

    paper = planning.SMALL | {"replicates": 2}
    studies = [scale.study_of(82, shards=2), *dict(again.steps(paper, 2)).values()]
    studies += [planning.SMALL, {"compare": planning.FOUR, "replicates": 1000}]
    drawn = Namespace(patients=82, replicates=10)
    studies.append(order.study_of(drawn))
    for study in studies:
        resolved(merged(CONFIG, study))


def test_what_follows_a_study_differs_from_it_by_one_thing():
    import again

    steps = dict(again.steps({"study": "benchmark", "replicates": 10}, 10))
    first, more, head = (
        steps[what] for what in ("the paper's study", "ten more replicates", "a head more")
    )
    assert steps["nothing changed"] == first
    assert (first["replicates"], more["replicates"], head["replicates"]) == (10, 20, 20)
    assert head["compare"] == ["vivit", "convnext", "gru"]
    assert steps["a changed alpha"] == head | {"comparison": {"alpha": 0.01}}
    assert steps["a changed label"] == steps["a changed alpha"]  # its data differ
    recommended = steps["the recommended protocol"]
    assert (recommended["study"], recommended["replicates"]) == ("recommended", 20)


def test_one_slice_of_one_patient_without_hemorrhage_changes_its_label(tmp_path):
    import again

    path = tmp_path / "hemorrhage_diagnosis.csv"
    text = "\ufeffPatientNumber,SliceNumber,Intraventricular,No_Hemorrhage\r\n"
    text += "49,1,0,1\r\n49,2,1,0\r\n50,1,0,1\r\n50,2,0,1\r\n"
    path.write_bytes(text.encode())
    again.change_label(tmp_path)
    assert path.read_bytes() == text.replace("50,1,0,1", "50,1,1,0").encode()


def test_jobs_and_what_they_ask_for_are_read_from_a_log(tmp_path):
    import measuring

    logs = tmp_path / ".snakemake/log"
    logs.mkdir(parents=True)
    (logs / "2026-01-01T000000.1.snakemake.log").write_text("localrule fit:\n    jobid: 1\n")
    log = "rule fit, line 3, fit.smk: a warning\n"
    for rule in ("localrule fit:", "checkpoint check_study:", "rule fit:", "localrule all:"):
        log += f"{rule}\n    input: a\n    resources: tmpdir=/tmp, mem_mb=2001, mem=2 GB\nDone\n"
    log += "rule evaluate:\n    resources: tmpdir=/tmp\n"
    (logs / "2026-01-02T000000.1.snakemake.log").write_text(log)
    found = measuring.started_jobs(tmp_path)
    assert found["rule"].tolist() == ["fit", "check_study", "fit", "evaluate"]
    np.testing.assert_array_equal(found["mem_mb"], [2001, 2001, 2001, np.nan])


def test_many_patients_are_on_the_line_through_two_studies():
    import scale

    rows = []
    for patients in (100, 200):
        per_rule = {"pack_pixels": 4 + 0.02 * patients, "evaluate": 0.01 * patients}
        for rule, seconds in (per_rule | {scale.WHOLE: 9.0}).items():
            rows.append(
                {"what": rule, "patients": patients, "shards": 1, "jobs": 2, "seconds": seconds}
                | {"peak_mb": 100 + patients, "mem_mb": 1000.0}
            )
    table = pd.DataFrame(rows)
    shown = scale.by_patients(table)
    # 60 ms a patient of 100, 40 ms of 200.
    assert shown.loc["pack_pixels", ("growth", "200/100")] == pytest.approx(4 / 6)
    assert shown.loc["evaluate", ("growth", "200/100")] == pytest.approx(1)
    found = scale.projected(table, 1000, 4)
    # Each of the four shards has the 4 s that do not grow.
    assert found["seconds"].to_dict() == pytest.approx({"pack_pixels": 36, "evaluate": 10})
    assert found["a job, s"].to_dict() == pytest.approx({"pack_pixels": 36 / 8, "evaluate": 5})
    assert found["peak, MB"].to_dict() == pytest.approx({"pack_pixels": 350, "evaluate": 1100})


def test_plans_are_told_by_their_medians():
    import planning

    rows = [
        {"what": what, "jobs": jobs, "seconds": s, "cpu_seconds": s / 2}
        for s in (3.0, 1.0, 8.0)
        for what, jobs in (("one rule", 1), ("the paper's study", 69))
    ]
    expected = {"seconds": 3.0, "cpu_seconds": 1.5}
    assert planning.medians(rows) == [
        {"what": "one rule", "jobs": 1} | expected,
        {"what": "the paper's study", "jobs": 69} | expected,
    ]


def test_a_peer_runs_the_encoder_in_each_epoch_of_each_replicate():
    import peer

    costs = {"step": 2.0, "evaluation": 1.0, "extraction": 0.5, "head": 3.0}
    row = peer.comparison("sequence", costs)
    assert row == {
        "peer_s": 10 * 20 * (57 * 2.0 + 25 * 1.0),
        "own_s": 82 * 0.5 + 10 * 3.0,
        "ratio": pytest.approx(27800 / 71),
    }
    told = peer.arithmetic("sequence", costs, row)
    assert "20 epochs x (57 rows x 2 s + 25 rows x 1 s) = 27800 s" in told
    assert "82 rows x 0.5 s + 10 heads x 3 s = 71 s" in told
    assert [sum(rows.values()) for rows in peer.ROWS.values()] == [82, 2501]


def test_results_are_added_to_what_is_there(tmp_path):
    import measuring

    path = tmp_path / "speed.csv"
    measuring.keep([{"what": "a", "seconds": 1.5}], path)
    measuring.keep([{"what": "b", "seconds": 2.5}, {"what": "c", "seconds": 3.5}], path)
    table = pd.read_csv(path)
    assert table["what"].tolist() == ["a", "b", "c"]
    assert table["seconds"].tolist() == [1.5, 2.5, 3.5]
    assert table.columns.tolist() == ["what", "seconds", "commit", "date", "processor"]
    assert table.notna().all(axis=None)


def test_results_of_other_columns_are_refused(tmp_path):
    import measuring

    path = tmp_path / "speed.csv"
    measuring.keep([{"what": "a", "seconds": 1.5}], path)
    before = path.read_bytes()
    with pytest.raises(SystemExit, match=r"speed\.csv has other columns"):
        measuring.keep([{"what": "a", "ratio": 2}], path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("sees", ["sequence", "slice"])
def test_the_bare_pass_is_that_of_the_checkpoint(sees, tmp_path):
    import passes
    import torch

    threads = torch.get_num_threads()
    passes.write_checkpoint(tmp_path / sees, sees=sees, size="tiny")
    found = passes.stock_pass(tmp_path / sees, sees=sees, rows=2, repeats=1, threads=threads)
    assert found["seconds"] > 0
    assert found["batch"] in passes.SIZES[sees]
    model = passes.stock_model(tmp_path / sees, sees=sees)
    assert not model.training
    assert model.config.num_labels == 2
    assert passes.model_inputs(model, 3).shape[0] == 3


def test_each_speedup_is_measured_in_alternation():
    command = [sys.executable, FOLDER / "speedups.py", "--tiny", "--pairs", "1"]
    shown = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    lines = [line.split()[:2] for line in shown.splitlines()[2:]]
    assert lines == [
        *(["sequence", name] for name in ("buffers", "gelu", "first", "onednn")),
        *(["slice", name] for name in ("buffers", "onednn")),
    ]


def test_all_speedups_are_measured_together_and_in_bfloat16():
    import speedups

    rows = speedups.together("tiny", 1)
    assert [(row["sees"], row["speedup"]) for row in rows] == [
        ("sequence", "all, float32"),
        ("sequence", "all, bfloat16"),
        ("slice", "all, float32"),
        ("slice", "all, bfloat16"),
    ]
    assert all(row["ratio"] > 0 for row in rows)


def test_architectures_are_measured_as_docs_name_them(monkeypatch):
    import speedups

    monkeypatch.setattr(speedups, "SIDE", 64)
    # The tower of CLIP is loaded under two names.
    rows = speedups.over_architectures(["clip", "clip_vision_model", "levit"], 1)
    assert [row["architecture"] for row in rows] == ["clip", "levit"]
    assert all(row["speedup"] == "buffers" for row in rows)


def test_work_is_done_apart(monkeypatch):
    import os

    import measuring

    monkeypatch.setattr(sys, "argv", [sys.argv[0]])
    assert measuring.apart(os.getpid) != os.getpid()


@pytest.mark.parametrize("sees", ["sequence", "slice"])
def test_without_a_gpu_a_trial_measures_the_same_work(sees, tmp_path, monkeypatch):
    import argparse

    import gpu
    import passes

    monkeypatch.setattr(gpu, "apart", lambda work, *args, **options: work(*args, **options))
    passes.write_checkpoint(tmp_path / sees, sees=sees, size="tiny")
    options = argparse.Namespace(rows=2, repeats=1, cores=1)
    rows = gpu.measured(tmp_path / sees, sees, "float32", "tiny", options)
    assert [(row["what"], row["sees"]) for row in rows] == [
        ("extraction", sees),
        ("finetuning", sees),
    ]
    for row in rows:
        assert row["ratio"] == pytest.approx(row["ctseq"] / row["transformers"])
        assert min(row["ctseq"], row["transformers"]) > 0


def test_without_a_gpu_nothing_is_measured(monkeypatch, capsys):
    import gpu
    import torch

    monkeypatch.setattr(gpu, "choose_device", lambda: torch.device("cpu"))
    gpu.main([])
    assert capsys.readouterr().out.startswith("There is no GPU here, and nothing was measured")


@pytest.mark.parametrize("layout", ["made-up", "ct-ich-jpg"])
def test_memory_is_measured_of_steps_that_run(tmp_path, capsys, monkeypatch, layout):
    import made_up
    import memory

    # The format that is made up is unknown again after the test.
    monkeypatch.setitem(memory.FORMATS, "made-up", None)
    steps = ("draw", "index", "select", "pack")[layout == "made-up" :]
    for step in steps:
        memory.step(step, tmp_path, layout, 3)
    peaks = [float(line) for line in capsys.readouterr().out.splitlines()]
    assert len(peaks) == len(steps)
    assert min(peaks) > 10  # MiB, which Python alone takes
    fewest = made_up.SLICES if layout == "made-up" else memory.SLICES_DRAWN[0]
    assert (tmp_path / "pixels.npy").stat().st_size > 3 * fewest * memory.SIDE**2
