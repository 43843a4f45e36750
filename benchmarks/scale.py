"""What a study costs as it grows: each rule by patients, and planning by replicates.

    python benchmarks/scale.py --patients 82 820 --csv scale.csv

Runs whole studies on synthetic patients of 32 x 32 pixels with tiny backbones, in a copy of the
repository that is removed at the end, and reads what Snakemake measured of each job. So small,
pixels cost nothing: what is seen is what tables, files and jobs cost. 82 and 820 patients take
some minutes, 8,200 an hour. It ends with a table, of rules that take a millisecond a patient or
more, and appends all of it to a CSV file.
"""

import argparse
import csv
import datetime
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import yaml

ROOT = Path(__file__).parents[1]
SHIPPED = ("Snakefile", "config.yaml", "config", "envs", "profiles", "resources/published")
SHIPPED += ("workflow",)
COLUMNS = ("commit", "date", "what", "patients", "replicates", "jobs", "seconds", "peak_mib")
STUDY = {
    "study": "scale",
    "dataset": {"format": "phantom", "phantom": {"image_size": 32}},
    "models": {
        "vivit": {"checkpoint": "resources/video", "frames": 4},
        "convnext": {"checkpoint": "resources/image"},
    },
    "training": {"epochs": 3},
    "comparison": {"bootstrap_resamples": 100},
}
# Two models more, so that a plan is of four: heads on the second one's backbone.
MORE = {
    head: STUDY["models"]["convnext"]
    | {"kind": "image", "label": head, "revision": "main", "head": {"type": head}}
    for head in ("mean", "gru")
}


def main(arguments: list[str] | None = None) -> None:
    """Run and plan the studies, print what they took and, if asked, append it to a file."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_copy(folder)
        rows = [row for number in options.patients for row in run(folder, number)]
        rows += [plan(folder, number) for number in options.replicates]
    made = {"commit": _commit(), "date": datetime.date.today().isoformat()}
    if options.csv:
        _append([made | row for row in rows], Path(options.csv))
    _show(rows)


def write_copy(folder: Path) -> None:
    """Copy what runs, and write two checkpoints that are not pretrained."""
    for name in SHIPPED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, folder / name)
    program = (
        "from ctseq.tiny import write_tiny\n"
        "write_tiny('resources/video', kind='video', frames=4, seed=1, steps=0)\n"
        "write_tiny('resources/image', kind='image', frames=None, seed=1, steps=0)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")}
    command = [sys.executable, "-c", program]
    subprocess.run(command, cwd=folder, env=environment, check=True)  # noqa: S603


def run(folder: Path, patients: int) -> list[dict[str, object]]:
    """Run a study and give what each of its rules took, all its jobs together."""
    phantom = STUDY["dataset"]["phantom"] | {"patients": patients, "positive": patients * 4 // 9}
    overlay = STUDY | {"dataset": STUDY["dataset"] | {"phantom": phantom}, "replicates": 2}
    print(f"{patients} patients ...", flush=True)
    _snakemake(folder, overlay)
    results = folder / "results/scale"
    rows = []
    for rule in sorted(path.relative_to(results / "benchmarks").parts[0].removesuffix(".tsv")
                       for path in (results / "benchmarks").iterdir()):  # fmt: skip
        files = [
            results / f"benchmarks/{rule}.tsv",
            *(results / "benchmarks" / rule).rglob("*.tsv"),
        ]
        jobs = pd.concat([pd.read_csv(path, sep="\t") for path in files if path.exists()])
        peak = pd.to_numeric(jobs["max_rss"], errors="coerce").max()
        rows.append(
            {"what": rule, "patients": patients, "replicates": 2, "jobs": len(jobs)}
            | {"seconds": round(jobs["s"].sum(), 2), "peak_mib": round(peak)}
        )
    shutil.rmtree(results)
    return rows


def plan(folder: Path, replicates: int) -> dict[str, object]:
    """Plan a study of four models without running it."""
    print(f"a plan of {replicates} replicates ...", flush=True)
    began = time.monotonic()
    said = _snakemake(
        folder, STUDY | {"models": STUDY["models"] | MORE, "replicates": replicates}, "--dry-run"
    )
    seconds = round(time.monotonic() - began, 2)
    jobs = int(re.search(r"^total +(\d+)$", said, re.MULTILINE)[1])
    return {"what": "dry run", "replicates": replicates, "jobs": jobs, "seconds": seconds}


def _snakemake(folder: Path, overlay: dict[str, object], *arguments: str) -> str:
    (folder / "study.yaml").write_text(yaml.safe_dump(overlay))
    command = [sys.executable, "-m", "snakemake", "--configfile", "study.yaml", "--cores", "2"]
    answer = subprocess.run(  # noqa: S603
        [*command, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if answer.returncode:
        sys.exit(f"The study failed:\n{answer.stdout[-3000:]}{answer.stderr[-3000:]}")
    return answer.stdout + answer.stderr


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()  # noqa: S603


def _append(rows: list[dict[str, object]], path: Path) -> None:
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if new:
            table.writeheader()
        table.writerows(rows)


def _show(rows: list[dict[str, object]]) -> None:
    table = pd.DataFrame(rows)
    planned = table[table["what"] == "dry run"]
    ran = table[table["what"] != "dry run"]
    for row in planned.itertuples():
        print(f"dry run of {row.replicates} replicates, {row.jobs} jobs: {row.seconds:.1f} s")
    if ran.empty:
        return
    ran = ran.astype({"patients": int})
    sizes = sorted(ran["patients"].unique())
    cost = ran.pivot(index="what", columns="patients", values="seconds") / sizes * 1000
    peak = ran.pivot(index="what", columns="patients", values="peak_mib")
    shown = pd.concat({"ms a patient": cost.round(1), "peak, MiB": peak}, axis=1)
    shown = shown[cost[sizes[-1]] >= 1]
    if len(sizes) > 1:
        shown["growth", ""] = (cost[sizes[-1]] / cost[sizes[-2]]).round(2)
    print(f"\nmilliseconds a patient and peak memory by patients; growth: {sizes[-1]} patients'"
          " cost a patient over that of the next fewer")  # fmt: skip
    print(shown.to_string())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sizes = {"type": int, "nargs": "*"}
    parser.add_argument("--patients", default=[82, 820], **sizes, help="of a study (82 820)")
    parser.add_argument(
        "--replicates", default=[10, 100, 1000], **sizes, help="of a plan (10 100 1000)"
    )
    parser.add_argument("--csv", help="file to append all numbers to")
    return parser


if __name__ == "__main__":
    main()
