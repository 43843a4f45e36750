"""What comes after the first study, each beside it: jobs and seconds, rule by rule.

    python benchmarks/again.py --csv again.csv
    python benchmarks/again.py --tiny --patients 14 --image-size 64 --replicates 2   # a trial

Runs the paper's study on synthetic patients, with random weights of the real shapes, and in the
same folder, one after the other: the same study again, the recommended protocol on its dataset, ten
replicates more, a head more, another significance level, and one patient's changed label.
"""

import argparse
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from measuring import ROOT, keep, processor_name, shown, snakemake, started_jobs, timed
from study import DATA, RESULTS, prepare

from ctseq.core.files import atomic_write
from ctseq.report.facts import costs

HEAD = "gru"  # of the catalogue, on the encoder that is there
RECOMMENDED = yaml.safe_load((ROOT / "config/recommended.yaml").read_text(encoding="utf-8"))


def main(arguments: list[str] | None = None) -> None:
    """Run the studies, and print what each took beside the first."""
    options = _parser().parse_args(arguments)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("Drawing patients and weights ...", flush=True)
        paper = prepare(folder, options, "tiny" if options.tiny else "full")
        for what, study in steps(paper, options.replicates):
            print(f"{what} ...", flush=True)
            if what == "a changed label":
                change_label(folder / "data")
            rows += (found := run(folder, study, what=what, cores=options.cores))
            if options.csv:
                keep(found, options.csv)
    print(f"{options.patients} patients, {options.cores} cores, on {processor_name()}")
    print(shown(_beside_first(rows)))
    print("\nSeconds of each rule's jobs together, and their number")
    print(_by_rule(rows).to_string(na_rep=""))


def steps(paper: dict[str, Any], replicates: int) -> list[tuple[str, dict[str, Any]]]:
    """List the studies that are run one after the other, each with its name.

    Each step that follows from the paper's study keeps what those before it changed.
    """
    more = paper | {"replicates": replicates + 10}
    head = more | {"compare": ["vivit", "convnext", HEAD]}
    alpha = head | {"comparison": {"alpha": 0.01}}
    recommended = paper | RECOMMENDED | {"replicates": 2 * replicates}  # of ten, its own twenty
    return [
        ("the paper's study", paper),
        ("nothing changed", paper),
        ("the recommended protocol", recommended),
        ("ten more replicates", more),
        ("a head more", head),
        ("a changed alpha", alpha),
        ("a changed label", alpha),
    ]


def run(folder: Path, study: dict[str, Any], *, what: str, cores: int) -> list[dict[str, Any]]:
    """Run a study and return what it took in all, and each of its rules.

    A rule that has no benchmark has no seconds.
    """
    folders = [folder / part / "benchmarks" for part in (DATA, RESULTS.parent / study["study"])]
    for one in folders:  # what is left of other runs
        shutil.rmtree(one, ignore_errors=True)
    seconds = timed(lambda: snakemake(folder, study, cores=cores))
    jobs = started_jobs(folder)["rule"].value_counts()
    took = {cost.rule: cost.seconds for cost in costs(folders)}
    rows = [("all", int(jobs.sum()), seconds)]
    rows += [(rule, int(n), took.get(rule, float("nan"))) for rule, n in jobs.sort_index().items()]
    return [{"what": what, "rule": rule, "jobs": n, "seconds": s} for rule, n, s in rows]


def change_label(dataset: Path) -> None:
    """Label one slice of the first patient without hemorrhage as intraventricular hemorrhage."""
    path = dataset / "hemorrhage_diagnosis.csv"
    table = pd.read_csv(path, encoding="utf-8-sig", dtype=str)
    negative = table.groupby("PatientNumber")["No_Hemorrhage"].transform("min") == "1"
    row = table.index[negative][0]
    table.loc[row, ["Intraventricular", "No_Hemorrhage"]] = ["1", "0"]
    # As most editors save: under another name, and renamed, so that the folder has a new time.
    with atomic_write(path) as unfinished:
        table.to_csv(unfinished, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def _beside_first(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    whole = [row for row in rows if row["rule"] == "all"]
    first = whole[0]["seconds"]
    return [
        {"what": row["what"], "jobs": row["jobs"], "seconds": row["seconds"]}
        | {"share of the first": row["seconds"] / first}
        for row in whole
    ]


def _by_rule(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame([row for row in rows if row["rule"] != "all"])
    table["took"] = [f"{s:.1f} ({n})" for s, n in zip(table["seconds"], table["jobs"], strict=True)]
    wide = table.pivot(index="rule", columns="what", values="took")
    return wide[[*table["what"].unique()]]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patients", type=int, default=82, help="patients (%(default)s)")
    parser.add_argument("--image-size", type=int, default=650, help="pixels (%(default)s)")
    parser.add_argument("--replicates", type=int, default=10, help="replicates (%(default)s)")
    parser.add_argument("--tiny", action="store_true", help="the demo's models, for a trial")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="cores (%(default)s)")
    parser.add_argument("--csv", help="file to append the results to")
    parser.set_defaults(speedups=True)
    return parser


if __name__ == "__main__":
    main()
