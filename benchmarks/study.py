"""Measure the paper's study at full size, from raw JPGs to the report.

Synthetic patients stand in for the dataset and seeded random weights for the checkpoints; both have
the real shapes, so that the work is the same. Beside the workflow's time, rule by rule, stands what
the bare forward pass of transformers' own models takes in float32 over the same slices, and the
ratio of both; and how long that pass would take if all of it ran as fast as large products do.
Extraction and the bare pass are timed in alternation, since the speed of a machine changes within
the hour: the study's own extraction, the bare pass, the extraction again, and so on.

    python benchmarks/study.py --csv study.csv
    python benchmarks/study.py --precision auto --patients 20 --csv study.csv
    python benchmarks/study.py --tiny --patients 14 --image-size 64 --replicates 2   # a trial
"""

import argparse
import os
import resource
import statistics
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from measuring import apart, keep, processor_name, shown, snakemake, timed, write_copy
from passes import FRAMES, SEEN, operations, product_rate, stock_pass, write_checkpoint

from ctseq.core.tables import read_table
from ctseq.encoders.devices import PRECISIONS
from ctseq.intake.tables import SLICES
from ctseq.phantom.layouts import write_phantom
from ctseq.report.facts import Cost, costs

# With it, 82 patients have 2498 slices; the dataset's have 2501.
SEED = 18
RESULTS = Path("results/benchmark")
DATA = Path("results/data/phantom")
ENCODERS = {"sequence": "vivit", "slice": "convnext"}


def main(arguments: list[str] | None = None) -> None:
    """Prepare and run a study, measure the bare pass, and print what took how long."""
    options = _parser().parse_args(arguments)
    size = "tiny" if options.tiny else "full"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("Drawing patients and weights ...", flush=True)
        study = prepare(folder, options, size)
        print("Running the study ...", flush=True)
        seconds = timed(lambda: snakemake(folder, study, cores=options.cores))
        found = costs([folder / part / "benchmarks" for part in (DATA, RESULTS)])
        # Of the largest process. Linux counts in KiB.
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        slices = read_table(folder / DATA / "slices.csv", SLICES)
        counts = {"sequence": slices["scan_id"].nunique(), "slice": len(slices)}
        print("Running the bare forward pass and extraction in turn ...", flush=True)
        rounds = in_turn(folder, study, counts, options)
        rate = apart(product_rate, threads=options.cores, repeats=options.repeats)
        counted = {sees: apart(operations, folder / sees, sees=sees) for sees in SEEN}
    products = sum(counted[sees] * counts[sees] for sees in SEEN)
    jobs = sum(cost.jobs for cost in found)
    nothing = float("nan")
    found += [
        Cost("whole study", jobs, seconds, peak),
        # What no float32 pass can be faster than.
        Cost("bare pass at the rate of products", 0, products / rate, nothing),
    ]
    stock = {sees: statistics.median(bare[sees] for bare, _ in rounds) for sees in SEEN}
    rows = results(found, stock, counts) + ratios(rounds, counts)
    if options.csv:
        settings = {"size": size, "speedups": options.speedups, "precision": options.precision}
        settings |= {"cores": options.cores}
        keep([settings | counts | row for row in rows], options.csv)
    print(
        f"{counts['sequence']} scans, {counts['slice']} slices of {options.image_size} pixels, "
        f"{options.replicates} replicates, {options.precision}, {options.cores} cores, on "
        f"{processor_name()}"
    )
    for sees, taken in stock.items():
        print(f"bare {ENCODERS[sees]}: {taken:.3g} s a row, median of {options.repeats}")
    print(f"products: {products / 1e12:.3g} TFLOP of the bare pass; {rate / 1e9:.0f} GFLOP/s")
    print(shown(rows))


def in_turn(
    folder: Path, study: dict[str, Any], counts: dict[str, int], options: argparse.Namespace
) -> list[tuple[dict[str, float], dict[str, float]]]:
    """Time the bare pass and extraction in alternation, after the study's own extraction.

    Returns
    -------
    list of tuple
        A round each: by what an encoder sees, the seconds a row of the bare pass, and those of all
        of its ``extract_features``.
    """
    rounds, batch = [], dict.fromkeys(SEEN)
    for number in range(options.repeats):
        if number:
            forced = ("--forcerun", "extract_features", "--until", "extract_features")
            snakemake(folder, study, *forced, cores=options.cores)
        own = {sees: extraction_seconds(folder, ENCODERS[sees]) for sees in SEEN}
        bare = {}
        for sees, rows in zip(SEEN, options.stock_rows, strict=True):
            found = apart(
                stock_pass,
                folder / sees,
                sees=sees,
                rows=min(rows, counts[sees]),
                repeats=1,
                threads=options.cores,
                batch=batch[sees],
            )
            bare[sees], batch[sees] = found["seconds"], found["batch"]
        rounds.append((bare, own))
    return rounds


def extraction_seconds(folder: Path, encoder: str) -> float:
    """Return the seconds that an encoder's features last took, as Snakemake wrote them down."""
    path = folder / DATA / f"benchmarks/extract_features/{encoder}.tsv"
    return float(pd.read_csv(path, sep="\t")["s"].sum())


def ratios(
    rounds: list[tuple[dict[str, float], dict[str, float]]], counts: dict[str, int]
) -> list[dict[str, Any]]:
    """Set each encoder's extraction beside its bare pass: medians over the rounds of `in_turn`."""
    rows = []
    for sees in SEEN:
        own = [one[sees] for _, one in rounds]
        shares = [one[sees] / (bare[sees] * counts[sees]) for bare, one in rounds]
        named = {"what": f"extraction of {ENCODERS[sees]}, in turn", "jobs": len(rounds)}
        rows.append(
            named | {"seconds": statistics.median(own), "times_bare": statistics.median(shares)}
        )
    return rows


def results(
    found: list[Cost], stock: dict[str, float], counts: dict[str, int]
) -> list[dict[str, Any]]:
    """Set what rules took beside the bare forward pass over the same rows.

    Parameters
    ----------
    found
        The costs of rules and of the study.
    stock
        By what an encoder sees, the seconds a row of the bare pass.
    counts
        By what an encoder sees, the rows that it sees.
    """
    bare = sum(stock[sees] * counts[sees] for sees in SEEN)
    costs = [*found, Cost("bare forward pass", 0, bare, float("nan"))]
    return [
        {
            "what": cost.rule,
            "jobs": cost.jobs,
            "seconds": cost.seconds,
            "memory_mib": cost.memory_mib,
            "times_bare": cost.seconds / bare,
        }
        for cost in costs
    ]


def prepare(folder: Path, options: argparse.Namespace, size: str) -> dict[str, Any]:
    """Write a working copy, the dataset and the checkpoints, and give the study's overlay."""
    write_copy(folder)
    write_phantom(
        folder / "data",
        patients=options.patients,
        positive=round(options.patients * 36 / 82),
        image_size=options.image_size,
        layout="ct-ich-jpg",
        seed=SEED,
    )
    for sees in SEEN:
        apart(write_checkpoint, folder / sees, sees=sees, size=size)
    encoders = {ENCODERS[sees]: {"checkpoint": f"./{sees}"} for sees in SEEN}
    encoders["vivit"]["frames"] = FRAMES[size]
    return {
        "study": RESULTS.name,
        "datasets": {DATA.name: {"path": "data", "format": "ct-ich-jpg"}},
        "dataset": DATA.name,
        "replicates": options.replicates,
        "extraction": {"speedups": options.speedups, "precision": options.precision},
        "encoders": encoders,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patients", type=int, default=82, help="patients (%(default)s)")
    parser.add_argument("--image-size", type=int, default=650, help="pixels (%(default)s)")
    parser.add_argument("--replicates", type=int, default=10, help="replicates (%(default)s)")
    parser.add_argument("--tiny", action="store_true", help="the demo's models, for a trial")
    parser.add_argument(
        "--speedups", action=argparse.BooleanOptionalAction, default=True,
        help="extraction.speedups (on)",
    )  # fmt: skip
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="float32",
        help="extraction.precision (%(default)s)",
    )  # fmt: skip
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="cores (%(default)s)")
    parser.add_argument(
        "--stock-rows", type=int, nargs=2, default=[2, 64], metavar=("SEQUENCES", "SLICES"),
        help="rows that the bare pass is timed on (2 64)",
    )  # fmt: skip
    parser.add_argument(
        "--repeats", type=int, default=3, help="of extraction and bare pass (%(default)s)"
    )
    parser.add_argument("--csv", help="file to append the results to")
    return parser


if __name__ == "__main__":
    main()
