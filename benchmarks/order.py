"""All heads of config/order.yaml by the recommended protocol: seconds of each, and of the whole.

    python benchmarks/order.py
    python benchmarks/order.py --patients 14 --width 64 --replicates 2   # a trial

Patients are synthetic, as many as CT-ICH has, and so are weights. Features are as wide as asked for
and there before the clock starts: their encoder is another, quick one of that width.
"""

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from measuring import ROOT, apart, keep, processor_name, shown, snakemake, timed, write_copy

OVERLAYS = ("config/recommended.yaml", "config/order.yaml")
SEED = 20


def main(arguments: list[str] | None = None) -> None:
    """Run the study, and print what its heads took."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_copy(folder)
        apart(write_checkpoint, folder / "encoder", width=options.width)
        study = study_of(options)
        snakemake(folder, study, "--until", "extract_features", cores=options.cores)
        seconds = timed(lambda: snakemake(folder, study, cores=options.cores))
        rows = [*heads(folder / "results" / study["study"]), {"head": "whole", "wall": seconds}]
    if options.csv:
        keep([{"cores": options.cores, "width": options.width} | row for row in rows], options.csv)
    print(
        f"{options.patients} patients, {options.width} features, {options.replicates} replicates, "
        f"{options.cores} cores, on {processor_name()}"
    )
    print(shown(rows))


def study_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return the overlay of a study by the overlays of the repository, with features as asked."""
    study: dict[str, Any] = {}
    for path in OVERLAYS:
        study |= yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    drawn = {"patients": options.patients, "positive": round(options.patients * 36 / 82)}
    return study | {
        "datasets": {"phantom": {"format": "phantom", "phantom": drawn | {"image_size": 96}}},
        "dataset": "phantom",
        "replicates": options.replicates,
        "encoders": {"convnext": {"checkpoint": "./encoder"}},
    }


def write_checkpoint(folder: Path, *, width: int) -> None:
    """Write a small ConvNeXt with random weights, whose features are `width` wide."""
    import torch
    import transformers

    torch.manual_seed(SEED)
    config = transformers.ConvNextConfig(
        depths=[1, 1, 1, 1], hidden_sizes=[8, 16, 32, width], num_labels=2, image_size=32
    )
    transformers.ConvNextForImageClassification(config).eval().save_pretrained(folder)
    size = {"size": {"shortest_edge": 32}, "crop_pct": 1.0}
    transformers.ConvNextImageProcessorPil(**size).save_pretrained(folder)


def heads(results: Path) -> list[dict[str, Any]]:
    """Return what fitting each model took: fits, and the mean wall and CPU seconds of one."""
    rows = []
    for own in sorted((results / "benchmarks/fit").iterdir()):
        table = pd.concat([pd.read_csv(path, sep="\t") for path in own.glob("*.tsv")])
        took = {"wall": table["s"].mean(), "cpu": table["cpu_time"].mean()}
        rows.append({"head": own.name, "fits": len(table), **took})
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patients", type=int, default=82, help="patients (%(default)s)")
    parser.add_argument("--width", type=int, default=1280, help="features (%(default)s)")
    parser.add_argument("--replicates", type=int, default=10, help="replicates (%(default)s)")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="cores (%(default)s)")
    parser.add_argument("--csv", help="file to append the results to")
    return parser


if __name__ == "__main__":
    main()
