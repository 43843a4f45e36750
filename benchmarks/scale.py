"""What a study costs as it grows: each rule by patients, and what that comes to for many more.

    python benchmarks/scale.py --patients 82 820 --csv scale.csv

Runs whole studies on synthetic patients of 32 x 32 pixels with tiny encoders, in a copy of the
repository that is removed at the end, and reads what Snakemake measured of each job. So small,
pixels cost nothing: what is seen is what tables, files and jobs cost. 82 and 820 patients take
some minutes, 8,200 an hour. It ends with a table, of rules that take a millisecond a patient or
more, with what the two largest studies come to for `--project` patients, and appends all of it to a
CSV file.
"""

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from measuring import apart, keep, snakemake, started_jobs, timed, write_copy
from passes import SEEN, write_checkpoint

from ctseq.report.facts import costs

CORES = 2
STUDY = {
    "study": "scale",
    "dataset": "phantom",
    "replicates": 2,
    "encoders": {
        "vivit": {"checkpoint": "./sequence", "frames": 4},
        "convnext": {"checkpoint": "./slice"},
    },
    "training": {"epochs": 3},
}
WHOLE = "whole study"
# Rules that run once an encoder and shard.
SHARDED = ("pack_pixels", "extract_features")


def main(arguments: list[str] | None = None) -> None:
    """Run the studies, print what they took and, if asked, append it to a file."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_copy(folder)
        for sees in SEEN:
            apart(write_checkpoint, folder / sees, sees=sees, size="tiny")
        rows = []
        for patients in options.patients:
            rows += (found := run(folder, patients, options.shards))
            if options.csv:  # one after the other: the last takes longest
                keep(found, options.csv)
    table = pd.DataFrame(rows)
    print(f"\n{options.shards} shard(s); ms a patient, all jobs of a rule together")
    print(by_patients(table).to_string(na_rep="", float_format="%.3g"))
    if len(options.patients) > 1:
        print(
            f"\n{options.project} patients in {options.project_shards} shards, by the two largest"
        )
        shown = projected(table, options.project, options.project_shards)
        print(shown.to_string(na_rep="", float_format="%.3g"))


def run(folder: Path, patients: int, shards: int) -> list[dict[str, Any]]:
    """Run a study and give what each of its rules took, all its jobs together."""
    print(f"{patients} patients ...", flush=True)
    seconds = timed(lambda: snakemake(folder, study_of(patients, shards), cores=CORES))
    results = folder / "results"
    found = costs([results / part / "benchmarks" for part in ("data/phantom", "scale")])
    asked = started_jobs(folder).groupby("rule")["mem_mb"].min()
    shutil.rmtree(results)
    rows = [(one.rule, one.jobs, one.seconds, one.memory_mib) for one in found]
    rows.append((WHOLE, sum(one.jobs for one in found), seconds, float("nan")))
    return [
        {"what": rule, "patients": patients, "shards": shards, "jobs": jobs, "seconds": its}
        # Snakemake asks for megabytes, and measures mebibytes.
        | {"peak_mb": peak * 2**20 / 1e6, "mem_mb": asked.get(rule, float("nan"))}
        for rule, jobs, its, peak in rows
    ]


def study_of(patients: int, shards: int) -> dict[str, Any]:
    """Return the overlay of a study of so many patients."""
    phantom = {"image_size": 32, "patients": patients, "positive": patients * 4 // 9}
    datasets = {"phantom": {"format": "phantom", "phantom": phantom}}
    return STUDY | {"datasets": datasets, "shards": shards}


def by_patients(table: pd.DataFrame) -> pd.DataFrame:
    """Return what each rule takes a patient, and its peak, beside those of the next smaller study.

    Rules that take less than a millisecond a patient of the largest study are left out.
    """
    sizes = sorted(table["patients"].unique())
    cost = _wide(table, "seconds") / sizes * 1000
    parts = {"ms a patient": cost, "peak, MB": _wide(table, "peak_mb").round()}
    shown = pd.concat(parts, axis=1)
    shown["asks, MB", sizes[-1]] = _wide(table, "mem_mb")[sizes[-1]]
    if len(sizes) > 1:
        shown["growth", f"{sizes[-1]}/{sizes[-2]}"] = cost[sizes[-1]] / cost[sizes[-2]]
    return shown[cost[sizes[-1]] >= 1].sort_values(("ms a patient", sizes[-1]), ascending=False)


def projected(table: pd.DataFrame, patients: int, shards: int) -> pd.DataFrame:
    """Return what each rule would take for many patients, on the line through two studies.

    Shards share what grows with the patients, and each has the part that does not.

    Returns
    -------
    DataFrame
        By rule: ``seconds`` of all jobs, and of a job on average, its ``peak, MB`` and what it asks
        for.
    """
    small, large = sorted(table["patients"].unique())[-2:]
    seconds, peaks, jobs = (_wide(table, key) for key in ("seconds", "peak_mb", "jobs"))
    times = pd.Series(1.0, index=seconds.index)  # as many jobs as there were
    times[times.index.isin(SHARDED)] = shards / table["shards"].iloc[0]
    slope = (seconds[large] - seconds[small]) / (large - small)
    fixed = (seconds[small] - slope * small).clip(lower=0)
    growth = ((peaks[large] - peaks[small]) / (large - small)).clip(lower=0)
    found = pd.DataFrame({"seconds": fixed * times + slope * patients})
    found["a job, s"] = found["seconds"] / (jobs[large] * times)
    found["peak, MB"] = peaks[large] + growth * (patients / times - large).clip(lower=0)
    found["asks, MB"] = _wide(table, "mem_mb")[large]
    return found.drop(WHOLE).sort_values("seconds", ascending=False)


def _wide(table: pd.DataFrame, key: str) -> pd.DataFrame:
    return table.pivot(index="what", columns="patients", values=key)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--patients", type=int, nargs="+", default=[82, 820], help="of a study (82 820)"
    )
    parser.add_argument("--shards", type=int, default=1, help="of each study (%(default)s)")
    parser.add_argument(
        "--project", type=int, default=25_000, help="patients to project to (%(default)s)"
    )
    parser.add_argument("--project-shards", type=int, default=8, help="shards there (%(default)s)")
    parser.add_argument("--csv", help="file to append all numbers to")
    return parser


if __name__ == "__main__":
    main()
