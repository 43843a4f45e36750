"""What a study costs as it grows: each rule by patients, and planning by replicates.

    python benchmarks/scale.py --patients 82 820 --csv scale.csv

Runs whole studies on synthetic patients of 32 x 32 pixels with tiny encoders, in a copy of the
repository that is removed at the end, and reads what Snakemake measured of each job. So small,
pixels cost nothing: what is seen is what tables, files and jobs cost. 82 and 820 patients take
some minutes, 8,200 an hour. It ends with a table, of rules that take a millisecond a patient or
more, and appends all of it to a CSV file.
"""

import argparse
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from measuring import apart, keep, snakemake, timed, write_copy
from passes import SEEN, write_checkpoint

from ctseq.report.facts import costs

CORES = 2
STUDY = {
    "study": "scale",
    "datasets": {"phantom": {"format": "phantom", "phantom": {"image_size": 32}}},
    "dataset": "phantom",
    "encoders": {
        "vivit": {"checkpoint": "./sequence", "frames": 4},
        "convnext": {"checkpoint": "./slice"},
    },
    "training": {"epochs": 3},
}
# Two models more, so that a plan is of four.
MORE = {"compare": ["vivit", "convnext", "gru", "logistic"]}


def main(arguments: list[str] | None = None) -> None:
    """Run and plan the studies, print what they took and, if asked, append it to a file."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_copy(folder)
        for sees in SEEN:
            apart(write_checkpoint, folder / sees, sees=sees, size="tiny")
        work = [(run, number) for number in options.patients]
        work += [(plan, number) for number in options.replicates]
        rows = []
        for measure, number in work:
            rows += (found := measure(folder, number))
            if options.csv:  # one after the other: the last takes longest
                keep(found, options.csv)
    _show(rows)


def run(folder: Path, patients: int) -> list[dict[str, Any]]:
    """Run a study and give what each of its rules took, all its jobs together."""
    phantom = {"image_size": 32, "patients": patients, "positive": patients * 4 // 9}
    datasets = {"phantom": {"format": "phantom", "phantom": phantom}}
    study = STUDY | {"datasets": datasets, "replicates": 2}
    print(f"{patients} patients ...", flush=True)
    snakemake(folder, study, cores=CORES)
    results = folder / "results"
    found = costs([results / part / "benchmarks" for part in ("data/phantom", "scale")])
    shutil.rmtree(results)
    return [
        {"what": cost.rule, "patients": patients, "replicates": 2, "jobs": cost.jobs}
        | {"seconds": cost.seconds, "memory_mib": cost.memory_mib}
        for cost in found
    ]


def plan(folder: Path, replicates: int) -> list[dict[str, Any]]:
    """Plan a study of four models without running it."""
    print(f"a plan of {replicates} replicates ...", flush=True)
    study = STUDY | MORE | {"replicates": replicates}
    said: list[str] = []
    seconds = timed(lambda: said.append(snakemake(folder, study, "--dry-run", cores=CORES)))
    jobs = int(re.search(r"^total +(\d+)$", said[0], re.MULTILINE)[1])
    row = {"what": "dry run", "patients": None, "replicates": replicates, "jobs": jobs}
    return [row | {"seconds": seconds, "memory_mib": None}]


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
    peak = ran.pivot(index="what", columns="patients", values="memory_mib").round()
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
