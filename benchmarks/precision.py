"""Compare a study in reduced precision with the same study in float32, metric by metric.

Both have the same patients, splits, seeds and heads; only the encoders' features are computed in
another precision. Printed are how far features are apart, and of every metric of every model the
largest and the mean absolute difference over the replicates, and the difference of the means.

    python benchmarks/precision.py --csv precision.csv
    python benchmarks/precision.py --full --patients 20   # random weights of the real shapes
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from measuring import ROOT, apart, keep, processor_name, shown, snakemake, write_copy
from passes import FRAMES, SEEN, write_checkpoint

from ctseq.cache.features import map_features
from ctseq.core.tables import read_table
from ctseq.encoders.devices import choose_device, taken_precision
from ctseq.encoders.speed import relative_error
from ctseq.evidence.tables import METRICS

DATASET = "phantom"
ENCODERS = {"sequence": "vivit", "slice": "convnext"}
# One of each way of learning: per row, over all slices of a scan, in their order, classical.
MODELS: dict[str, dict[str, Any]] = {
    "vivit": {"encoder": "vivit", "family": "linear"},
    "convnext": {"encoder": "convnext", "family": "linear"},
    "attention": {"encoder": "convnext", "family": "attention"},
    "gru": {"encoder": "convnext", "family": "gru"},
    "logistic": {"encoder": "convnext", "family": "logistic", "pool": "max"},
}


def main(arguments: list[str] | None = None) -> None:
    """Run the study twice, and print what the precision moves."""
    options = _parser().parse_args(arguments)
    taken = taken_precision(options.precision, choose_device())
    if taken == "float32":
        sys.exit(f"{options.precision} is float32 on this machine: there is nothing to compare.")
    precisions = ("float32", options.precision)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_copy(folder)
        if options.full:
            for sees in SEEN:
                apart(write_checkpoint, folder / sees, sees=sees, size="full")
        for precision in precisions:
            print(f"Running the study in {precision} ...", flush=True)
            study = study_in(precision, options)
            snakemake(folder, study, f"results/{study['study']}/metrics.csv", cores=options.cores)
        files = {
            encoder: [features_file(folder, encoder, precision) for precision in precisions]
            for encoder in ENCODERS.values()
        }
        errors = {
            one: relative_error(*map(map_features, pair[::-1])) for one, pair in files.items()
        }
        exact, reduced = (
            read_table(folder / f"results/{precision}/metrics.csv", METRICS)
            for precision in precisions
        )
    rows = differences(exact, reduced)
    if options.csv:
        keep(rows, options.csv)
    weights = "random weights of the real shapes" if options.full else "tiny, trained weights"
    print(
        f"{taken} against float32, {weights}, {options.patients} patients, {options.replicates} "
        f"replicates, on {processor_name()}"
    )
    for encoder, error in errors.items():
        print(f"features of {encoder} are off by {error:.2g} of their length")
    print(shown(rows))


def study_in(precision: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return the overlay of the study whose encoders compute in a precision."""
    protocol = yaml.safe_load((ROOT / "config/recommended.yaml").read_text("utf-8"))
    encoders: dict[str, dict[str, Any]] = {
        f"{name}_{precision}": {
            "sees": sees,
            "checkpoint": f"./{sees}" if options.full else "tiny",
            "extraction": {"precision": precision},
        }
        for sees, name in ENCODERS.items()
    }
    encoders[f"vivit_{precision}"]["frames"] = FRAMES["full" if options.full else "tiny"]
    phantom = {"patients": options.patients, "positive": round(options.patients * 36 / 82)}
    phantom |= {"image_size": options.image_size}
    return protocol | {
        "study": precision,
        "datasets": {DATASET: {"format": "phantom", "phantom": phantom}},
        "dataset": DATASET,
        "replicates": options.replicates,
        "encoders": encoders,
        "models": {
            name: its | {"encoder": f"{its['encoder']}_{precision}"} for name, its in MODELS.items()
        },
        "compare": [*MODELS],
    }


def features_file(folder: Path, encoder: str, precision: str) -> Path:
    """Return the file of an encoder's features that a study in a precision made."""
    return folder / f"results/data/{DATASET}/features/{encoder}_{precision}.safetensors"


def differences(exact: pd.DataFrame, reduced: pd.DataFrame) -> list[dict[str, Any]]:
    """Return how far metrics of two studies are apart, a row a model and metric.

    Parameters
    ----------
    exact, reduced
        `evidence.tables.METRICS` of the same models, replicates and metrics.

    Returns
    -------
    list of dict
        ``largest`` and ``mean`` of the absolute differences over replicates, ``of_means``, the
        second study's mean less the first's, and ``undefined``, the replicates where the metric is
        defined in one study alone.
    """
    keys = ["model", "replicate", "metric"]
    both = exact.merge(reduced, on=keys, suffixes=("_exact", "_reduced"), validate="one_to_one")
    if len(both) != len(exact) or len(both) != len(reduced):
        raise ValueError("the studies have not the same models, replicates and metrics")
    rows = []
    for (model, metric), own in both.groupby(["model", "metric"], sort=False):
        before, after = own["value_exact"], own["value_reduced"]
        apart_by = (after - before).abs()
        rows.append(
            {
                "model": model,
                "metric": metric,
                "float32": before.mean(),
                "largest": apart_by.max(),
                "mean": apart_by.mean(),
                "of_means": after.mean() - before.mean(),
                "undefined": int((before.isna() != after.isna()).sum()),
            }
        )
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patients", type=int, default=82, help="patients (%(default)s)")
    parser.add_argument("--image-size", type=int, default=650, help="pixels (%(default)s)")
    parser.add_argument("--replicates", type=int, default=10, help="replicates (%(default)s)")
    parser.add_argument(
        "--precision", choices=["auto", "bfloat16"], default="auto",
        help="that is set beside float32 (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--full", action="store_true", help="random weights of the real shapes, at 224 pixels"
    )
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="cores (%(default)s)")
    parser.add_argument("--csv", help="file to append the results to")
    return parser


if __name__ == "__main__":
    main()
