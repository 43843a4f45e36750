"""Measure how often tests over replicates call a difference between equally good models.

Prints a table, one row a test, one column a number of replicates; the rates in
`ctseq.evidence.simulate` come from this program's defaults. A few seconds.

    python benchmarks/false_alarms.py --csv false_alarms.csv
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from ctseq.core.tables import write_table  # noqa: E402
from ctseq.evidence.simulate import false_alarm_rates  # noqa: E402


def main(arguments: list[str] | None = None) -> None:
    """Simulate, print the rates and, if asked, write them."""
    options = _parser().parse_args(arguments)
    rows = []
    for replicates in options.replicates:
        outcome = false_alarm_rates(
            runs=options.runs,
            replicates=replicates,
            alpha=options.alpha,
            seed=options.seed,
            n_patients=options.patients,
            n_test=options.test,
            shared_splits=not options.own_splits,
        )
        rows += [
            {"replicates": replicates, "runs": options.runs, "test": test, "rate": rate}
            for test, rate in outcome.rates.items()
        ]
    frame = pd.DataFrame(rows)
    shown = frame.pivot_table(index="test", columns="replicates", values="rate", sort=False)
    print(f"False alarms at nominal {options.alpha:g}, {options.runs} simulated studies")
    print((100 * shown).round(1).astype(str).add(" %").to_string())
    if options.csv:
        write_table(frame, options.csv)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3000, help="simulated studies (%(default)s)")
    parser.add_argument(
        "--replicates", type=int, nargs="+", default=[10, 30], help="numbers of replicates (10 30)"
    )
    parser.add_argument("--patients", type=int, default=82, help="patients (%(default)s)")
    parser.add_argument(
        "--test", type=int, default=25, help="patients that are tested on (%(default)s)"
    )
    parser.add_argument(
        "--own-splits",
        action="store_true",
        help="each model draws its own splits, as in the published study",
    )
    parser.add_argument("--alpha", type=float, default=0.05, help="nominal level (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(%(default)s)")
    parser.add_argument("--csv", help="file to write the rates to")
    return parser


if __name__ == "__main__":
    main()
