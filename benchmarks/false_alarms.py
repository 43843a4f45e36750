"""Show the level of every test, and the coverage of every interval, that a report prints.

Studies of two equally good models are simulated (benchmarks/simulated.py), by four kinds of
learner, and every procedure of a report is applied to them. The replicates of a study draw their
training patients from the same ones: tests that take them to be independent find differences that
are not there, and so do tests of predictions pooled over replicates. Prints a table, a row a
procedure and statistic, and at its end which rates are beyond their bounds; with --write it becomes
resources/levels.csv, which the report reads.

    nice python benchmarks/false_alarms.py --write
    python benchmarks/false_alarms.py --runs 300 --families 0   # a trial
"""

import argparse
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Threads of products as small as these wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import patient_procedures
import procedures
from learners import LEARNERS
from procedures import case_of
from simulated import Design, simulate

from ctseq.core.tables import read_table, write_table
from ctseq.evidence.levels import LEVELS, beyond_bounds

PROCEDURES = {**procedures.PROCEDURES, **patient_procedures.PROCEDURES}
# The share of studies that what takes ten times as long as the others is applied to.
SHARES = {"calibration": 1 / 3, "curves": 1 / 3}
TABLE = Path(__file__).parents[1] / "resources/levels.csv"
SEED = 15


@dataclass(frozen=True)
class Family:
    """Designs that differ by their number of replicates alone: the first ones of one simulation.

    `share` of the asked number of studies is simulated. Of designs that train on a share of the
    training patients, only the learning curve is looked at, and of all others all else.
    """

    design: Design
    replicates: tuple[int, ...]
    share: float = 1.0


FAMILIES = (
    Family(Design("random", 30, 82), (10, 30)),
    Family(Design("stratified", 10, 82), (10,)),
    Family(Design("repeated_kfold", 50, 82), (10, 20, 50)),
    Family(Design("random", 10, 82, shared_splits=False), (10,)),
    # Four times the patients take six times as long.
    Family(Design("random", 30, 300), (10, 30), share=0.5),
    Family(Design("repeated_kfold", 20, 300), (20,), share=0.5),
    *(
        Family(Design(scheme, replicates, 82, train_share=share), numbers, share=1 / 3)
        for scheme, replicates, numbers in (
            ("random", 30, (10, 30)),
            ("stratified", 10, (10,)),
            ("repeated_kfold", 50, (10, 20, 50)),
        )
        for share in (0.25, 0.5)
    ),
)


def main(arguments: list[str] | None = None) -> None:
    """Simulate, print the rates and, if asked, write them."""
    options = _parser().parse_args(arguments)
    frame = simulated_levels(
        options.procedures,
        families=options.families,
        runs=options.runs,
        seed=options.seed,
        processes=options.processes,
    )
    print(frame.round(3).to_string(index=False))
    print(f"Standard error of a rate of .05: {np.sqrt(0.05 * 0.95 / options.runs):.3f}")
    beyond = beyond_bounds(frame)
    print(f"\n{len(beyond)} rates are beyond their bounds.")
    if len(beyond):
        print(beyond.round(3).to_string(index=False))
    if options.write:
        some = len(options.families) < len(FAMILIES) or len(options.procedures) < len(PROCEDURES)
        table = updated(frame, Path(options.write)) if some else frame
        write_table(table, options.write, LEVELS)


def simulated_levels(
    names: Sequence[str] = (*PROCEDURES,),
    *,
    families: Sequence[int] = (*range(len(FAMILIES)),),
    runs: int,
    seed: int = SEED,
    processes: int = 1,
) -> pd.DataFrame:
    """Return the rates of procedures, a row a procedure, statistic and design.

    Parameters
    ----------
    names, families
        Which of `PROCEDURES` and, by number, of `FAMILIES`.
    runs
        Simulated studies of each family and learner.
    processes
        How many simulate at once. The rates do not depend on it, nor on what else is simulated.
    """
    tasks = [
        (number, learner, runs, seed, tuple(names)) for number in families for learner in LEARNERS
    ]
    if processes > 1:
        with ProcessPoolExecutor(processes) as pool:
            parts = [*pool.map(_rows_of, *zip(*tasks, strict=True))]
    else:
        parts = [_rows_of(*task) for task in tasks]
    long = pd.DataFrame([row for rows in parts for row in rows])
    key = list(LEVELS.key)
    wide = long.pivot(index=[*key, "runs"], columns="learner", values="rate").round(4)
    return in_order(wide.reset_index().reindex(columns=[*LEVELS.columns]))


def updated(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return a table with new rows in place of those of the same key."""
    if not path.exists():
        return frame
    both = pd.concat([read_table(path, LEVELS), frame])
    return in_order(both.drop_duplicates([*LEVELS.key], keep="last"))


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Sort rows: by procedure, design and statistic."""
    return frame.sort_values([*LEVELS.key], ignore_index=True)


def _rows_of(
    number: int, learner: str, runs: int, seed: int, names: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the rates of one family and learner, a row each."""
    family = FAMILIES[number]
    design, seeds = family.design, [seed, number, list(LEARNERS).index(learner)]
    names = [name for name in names if (name == "learning_curve") == (design.train_share < 1)]
    if not names:
        return []
    simulated = simulate(design, learner, runs=int(runs * family.share), seed=seeds)
    kfold = design.scheme == "repeated_kfold"
    rows = []
    for replicates in family.replicates:
        about = {
            "scheme": design.scheme,
            "test_proportion": 1 / design.folds if kfold else design.test_proportion,
            "replicates": replicates,
            "n_patients": design.n_patients,
            "shared_splits": int(design.shared_splits),
            "learner": learner,
        }
        options = {"shared_splits": design.shared_splits, "train_share": design.train_share}
        whole = case_of(simulated, replicates, **options)
        for name in names:
            case = whole.first(int(len(whole.overlap) * SHARES.get(name, 1)))
            about["runs"] = len(case.overlap)
            for (procedure, statistic), rate in PROCEDURES[name](case).items():
                rows.append({"procedure": procedure, "statistic": statistic, **about, "rate": rate})
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
    parser.add_argument(
        "--procedures", nargs="+", default=[*PROCEDURES], choices=PROCEDURES, help="which (all)"
    )
    parser.add_argument("--processes", type=int, default=1, help="(%(default)s)")
    parser.add_argument(
        "--write",
        nargs="?",
        const=str(TABLE),
        help="write the table (resources/levels.csv); of a choice, its rows alone",
    )
    return parser


if __name__ == "__main__":
    main()
