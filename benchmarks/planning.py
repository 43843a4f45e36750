"""How long Snakemake plans: the paper's study, many replicates, a run with nothing to do.

    python benchmarks/planning.py --csv planning.csv

Beside them stands what Snakemake itself takes: its start, and the plan of a workflow of one rule.
Each is measured in turn with the others, and the medians are printed: wall and CPU seconds.
"""

import argparse
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from measuring import apart, keep, processor_name, shown, snakemake, timed, write_copy
from passes import SEEN, write_checkpoint

CORES = 2
ONE_RULE = 'rule all:\n    output:\n        "all.txt",\n    shell:\n        "touch {output}"\n'
FOUR = ["vivit", "convnext", "gru", "logistic"]
# A study that is made in a minute, with the models, replicates and tables of the paper's.
SMALL = {
    "study": "small",
    "datasets": {
        "phantom": {
            "format": "phantom",
            "phantom": {"patients": 20, "positive": 9, "image_size": 32},
        }
    },
    "dataset": "phantom",
    "encoders": {
        "vivit": {"checkpoint": "./sequence", "frames": 4},
        "convnext": {"checkpoint": "./slice"},
    },
}


def main(arguments: list[str] | None = None) -> None:
    """Measure the plans in turn, and print the median of each."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plans = prepare(folder, options.replicates)
        rows = []
        for turn in range(options.repeats):
            print(f"Turn {turn + 1} of {options.repeats} ...", flush=True)
            rows += (found := [measured(what, plan) for what, plan in plans.items()])
            if options.csv:
                keep(found, options.csv)
    print(f"{CORES} cores, on {processor_name()}, medians of {options.repeats}")
    print(shown(medians(rows)))


def prepare(folder: Path, replicates: list[int]) -> dict[str, Callable[[], str]]:
    """Write what is planned, and return what runs each plan and gives what it said, by its name."""
    here, single = folder / "workflow", folder / "single"
    for one in (here / "data/ct-ich", single):
        one.mkdir(parents=True)
    write_copy(here)
    (single / "Snakefile").write_text(ONE_RULE, encoding="utf-8")
    for sees in SEEN:
        apart(write_checkpoint, here / sees, sees=sees, size="tiny")
    print("Running a small study ...", flush=True)
    snakemake(here, SMALL, cores=CORES)

    def dry_run(study: dict[str, Any]) -> Callable[[], str]:
        return lambda: snakemake(here, study, "--dry-run", cores=CORES)

    many = {
        f"{number} replicates of four models": dry_run({"compare": FOUR, "replicates": number})
        for number in replicates
    }
    return {
        "Snakemake's start": _version,
        "one rule": lambda: snakemake(single, {"any": 1}, "--dry-run", cores=CORES),
        "the paper's study": dry_run({"study": "ct-ich"}),
        "nothing to do": lambda: snakemake(here, SMALL, cores=CORES),
    } | many


def measured(what: str, plan: Callable[[], str]) -> dict[str, Any]:
    """Return the wall and CPU seconds of a plan, and the jobs that it counted."""
    said: list[str] = []
    before = _cpu_seconds()
    seconds = timed(lambda: said.append(plan()))
    jobs = re.search(r"^total +(\d+)$", said[0], re.MULTILINE)
    row = {"what": what, "jobs": int(jobs[1]) if jobs else 0}
    return row | {"seconds": seconds, "cpu_seconds": _cpu_seconds() - before}


def medians(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row a plan, in the order of the first turn, with the medians over all turns."""
    found = []
    for what in dict.fromkeys(row["what"] for row in rows):
        own = [row for row in rows if row["what"] == what]
        times = {key: [row[key] for row in own] for key in ("seconds", "cpu_seconds")}
        found.append({**own[0], **{key: statistics.median(its) for key, its in times.items()}})
    return found


def _version() -> str:
    command = [sys.executable, "-m", "snakemake", "--version"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603


def _cpu_seconds() -> float:
    """Return the CPU seconds of all processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--replicates", type=int, nargs="*", default=[1000],
        help="of a study of four models (1000)",
    )  # fmt: skip
    parser.add_argument("--repeats", type=int, default=3, help="turns (%(default)s)")
    parser.add_argument("--csv", help="file to append all numbers to")
    return parser


if __name__ == "__main__":
    main()
