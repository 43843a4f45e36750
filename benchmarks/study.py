"""Measure the paper's study at full size, from raw JPGs to the report.

Synthetic patients stand in for the dataset and seeded random weights for the checkpoints; both have
the real shapes, so that the work is the same. Beside the workflow's time, rule by rule, stands what
the bare forward pass of transformers' own models takes over the same slices, and the ratio of both;
and how long that pass would take if all of it ran as fast as large products do.

    python benchmarks/study.py --csv study.csv
    python benchmarks/study.py --tiny --patients 14 --image-size 64 --replicates 2   # a trial
"""

import argparse
import os
import resource
import tempfile
from pathlib import Path
from typing import Any

from measuring import apart, keep, processor_name, shown, snakemake, timed, write_copy
from passes import FRAMES, SEEN, operations, product_rate, stock_pass, write_checkpoint

from ctseq.core.tables import read_table
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
        print("Running the bare forward pass ...", flush=True)
        stock = {
            sees: apart(
                stock_pass,
                folder / sees,
                sees=sees,
                rows=min(rows, counts[sees]),
                repeats=options.repeats,
                threads=options.cores,
            )
            for sees, rows in zip(SEEN, options.stock_rows, strict=True)
        }
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
    rows = results(found, stock, counts)
    if options.csv:
        settings = {"size": size, "speedups": options.speedups, "cores": options.cores}
        keep([settings | counts | row for row in rows], options.csv)
    print(
        f"{counts['sequence']} scans, {counts['slice']} slices of {options.image_size} pixels, "
        f"{options.replicates} replicates, {options.cores} cores, on {processor_name()}"
    )
    for sees, measured in stock.items():
        words = "{seconds:.3g} s a row in batches of {batch}, of {rows} rows".format(**measured)
        print(f"bare {ENCODERS[sees]}: {words}, median of {options.repeats}")
    print(f"products: {products / 1e12:.3g} TFLOP of the bare pass; {rate / 1e9:.0f} GFLOP/s")
    print(shown(rows))


def results(
    found: list[Cost], stock: dict[str, dict], counts: dict[str, int]
) -> list[dict[str, Any]]:
    """Set what rules took beside the bare forward pass over the same rows.

    Parameters
    ----------
    found
        The costs of rules and of the study.
    stock
        By what an encoder sees, `passes.stock_pass`.
    counts
        By what an encoder sees, the rows that it sees.
    """
    bare = sum(stock[sees]["seconds"] * counts[sees] for sees in SEEN)
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
        "extraction": {"speedups": options.speedups},
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
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="cores (%(default)s)")
    parser.add_argument(
        "--stock-rows", type=int, nargs=2, default=[2, 64], metavar=("SEQUENCES", "SLICES"),
        help="rows that the bare pass is timed on (2 64)",
    )  # fmt: skip
    parser.add_argument("--repeats", type=int, default=3, help="of the bare pass (%(default)s)")
    parser.add_argument("--csv", help="file to append the results to")
    return parser


if __name__ == "__main__":
    main()
