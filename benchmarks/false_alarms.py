"""Show the level of every test, and the coverage of every interval, that a report prints.

Studies of two equally good models are simulated (benchmarks/simulated.py), by four kinds of
learner, and every procedure of a report is applied to them. The replicates of a study draw their
training patients from the same ones: tests that take them to be independent find differences that
are not there, and so do tests of predictions pooled over replicates. Prints a table, a row a
procedure and statistic; with --write it becomes resources/levels.csv, which the report reads.

    nice python benchmarks/false_alarms.py --write
    python benchmarks/false_alarms.py --runs 300 --designs 0   # a trial
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

# Threads of products as small as these wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import procedures
from batch_metrics import batch_metrics
from learners import LEARNERS
from simulated import Design, Studies, simulate

from ctseq.core.tables import write_table
from ctseq.evidence.levels import LEVELS

TABLE = Path(__file__).parents[1] / "resources/levels.csv"
SEED = 15


@dataclass(frozen=True)
class Family:
    """Designs that differ by their number of replicates alone: the first ones of one simulation."""

    design: Design
    replicates: tuple[int, ...]


FAMILIES = (
    Family(Design("random", 30, 82), (10, 30)),
    Family(Design("stratified", 10, 82), (10,)),
    Family(Design("repeated_kfold", 50, 82), (10, 20, 50)),
    Family(Design("random", 10, 82, shared_splits=False), (10,)),
    Family(Design("random", 30, 300), (10, 30)),
    Family(Design("repeated_kfold", 20, 300), (20,)),
)
# The metrics that the paper compares, and the usual primary one.
_UNCORRECTED = ("accuracy", "precision", "recall", "roc_auc")


def main(arguments: list[str] | None = None) -> None:
    """Simulate, print the rates and, if asked, write them."""
    options = _parser().parse_args(arguments)
    chosen = [FAMILIES[number] for number in options.families]
    frame = levels(chosen, runs=options.runs, seed=options.seed, processes=options.processes)
    print(frame.round(3).to_string(index=False))
    print(f"Standard error of a rate of .05: {np.sqrt(0.05 * 0.95 / options.runs):.3f}")
    if options.write:
        write_table(frame, options.write, LEVELS)


def levels(
    families: list[Family], *, runs: int, seed: int, processes: int = 1
) -> pd.DataFrame:
    """Return the rates of every procedure, design and statistic, a column a learner.

    Parameters
    ----------
    runs
        Simulated studies of each family and learner.
    processes
        How many simulate at once; the rates do not depend on it.
    """
    tasks = [
        (family, learner, runs, [seed, FAMILIES.index(family), number])
        for family in families
        for number, learner in enumerate(LEARNERS)
    ]
    if processes > 1:
        with ProcessPoolExecutor(processes) as pool:
            rows = [*pool.map(_rows_of, *zip(*tasks, strict=True))]
    else:
        rows = [_rows_of(*task) for task in tasks]
    long = pd.DataFrame([row for task in rows for row in task])
    keys = [name for name in LEVELS.columns if name not in (*LEARNERS, "runs")]
    wide = long.pivot(index=keys, columns="learner", values="rate")
    order = long.drop_duplicates(keys)[keys]
    return order.join(wide, on=keys).assign(runs=runs)[[*LEVELS.columns]].reset_index(drop=True)


def rates(studies: Studies, *, shared_splits: bool) -> dict[tuple[str, str], float]:
    """Return the rates of every procedure and statistic in one design."""
    overlap = procedures.overlaps(studies, shared_splits=shared_splits)
    metrics = batch_metrics(
        studies.truth[:, None, None], studies.tested, studies.probability, studies.predicted
    )
    found: dict[tuple[str, str], float] = {}
    for metric, values in metrics.items():
        claims = procedures.difference_rates(values, overlap, metric, shared_splits=shared_splits)
        found |= {(claim, metric): rate for claim, rate in claims.items()}
        held = procedures.mean_coverage(values[:, 0], float(np.nanmean(values)), overlap)
        found["interval", metric] = held
    for metric in _UNCORRECTED:
        for test, rate in procedures.uncorrected_rates(metrics[metric]).items():
            found[test, metric] = rate
    if shared_splits:
        found |= procedures.pooled_rates(studies, float(np.nanmean(metrics["roc_auc"])))
        found |= procedures.subgroup_coverage(studies)
    return found


def _rows_of(family: Family, learner: str, runs: int, seed: list[int]) -> list[dict]:
    studies = simulate(family.design, learner, runs=runs, seed=seed)
    rows = []
    for replicates in family.replicates:
        design = replace(family.design, replicates=replicates)
        found = rates(studies.first(replicates), shared_splits=design.shared_splits)
        kfold = design.scheme == "repeated_kfold"
        about = {
            "scheme": design.scheme,
            "test_proportion": 1 / design.folds if kfold else design.test_proportion,
            "replicates": replicates,
            "n_patients": design.n_patients,
            "shared_splits": int(design.shared_splits),
        }
        for (procedure, statistic), rate in found.items():
            names = {"procedure": procedure, "statistic": statistic}
            rows.append({**about, **names, "learner": learner, "rate": rate})
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3000, help="simulated studies (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="(%(default)s)")
    numbers = range(len(FAMILIES))
    parser.add_argument(
        "--families", type=int, nargs="+", default=[*numbers], choices=numbers,
        help="which of FAMILIES (all)",
    )  # fmt: skip
    parser.add_argument("--processes", type=int, default=1, help="(%(default)s)")
    parser.add_argument(
        "--write", nargs="?", const=str(TABLE), help="write the table (to resources/levels.csv)"
    )
    return parser


if __name__ == "__main__":
    main()
