"""Measure extraction and fine-tuning on a GPU, in images a second, beside transformers' own.

Beside the workflow's extraction stands the bare forward pass, inputs in the GPU's memory, at its
best batch size; beside its fine-tuning, which reads pixels as rule `finetune` does, the loop that
Trainer runs. Weights are random and of the real shapes. A sequence is as many images as it has
frames.

    python benchmarks/gpu.py --csv gpu.csv
    python benchmarks/gpu.py --any-device --tiny --rows 2   # a trial, without a GPU
"""

import argparse
import os
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

from measuring import apart, keep, processor_name, shown
from passes import (
    FRAMES,
    SEEN,
    own_pass,
    own_training,
    stock_pass,
    stock_training,
    write_checkpoint,
)

from ctseq.encoders.devices import choose_device


def main(arguments: list[str] | None = None) -> None:
    """Measure both kinds of encoder in each precision, and print the rates and their ratio."""
    options = _parser().parse_args(arguments)
    if choose_device().type == "cpu" and not options.any_device:
        print("There is no GPU here, and nothing was measured; --any-device does without.")
        return
    size = "tiny" if options.tiny else "full"
    rows = []
    with tempfile.TemporaryDirectory() as name:
        for sees in SEEN:
            apart(write_checkpoint, Path(name, sees), sees=sees, size=size)
        for sees, precision in product(SEEN, options.precision):
            print(f"{sees} in {precision} ...", flush=True)
            rows += measured(Path(name, sees), sees, precision, size, options)
    if options.csv:
        keep([{"size": size} | row for row in rows], options.csv)
    print(f"Images a second on {processor_name()}, {options.rows} rows a step of training")
    print(shown(rows))


def measured(
    checkpoint: Path, sees: str, precision: str, size: str, options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Measure both kinds of work with one encoder, each in a process of its own."""
    common = {"sees": sees, "precision": precision, "threads": options.cores}
    images = FRAMES[size] if sees == "sequence" else 1
    often = common | {"repeats": options.repeats}
    many = options.rows * (8 if sees == "slice" else 1)  # so that sizes of the pass can differ
    stock = apart(stock_pass, checkpoint, rows=many, **often)
    own = apart(own_pass, checkpoint, **often)
    loop = apart(stock_training, checkpoint, rows=options.rows, frozen=False, **often)
    history = apart(own_training, checkpoint, rows=options.rows, steps=4, **common)
    rate = history["images_per_second"].iloc[-1]
    return [
        _row("extraction", sees, precision, images / stock["seconds"], images / own["seconds"]),
        _row("finetuning", sees, precision, images / loop["step"], rate),
    ]


def _row(work: str, sees: str, precision: str, stock: float, own: float) -> dict[str, Any]:
    named = {"what": work, "sees": sees, "precision": precision}
    return named | {"transformers": stock, "ctseq": own, "ratio": own / stock}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tiny", action="store_true", help="the demo's models, for a trial")
    parser.add_argument("--any-device", action="store_true", help="measure without a GPU as well")
    parser.add_argument(
        "--precision", nargs="+", default=["float32", "bfloat16"], help="(float32 bfloat16)"
    )
    # ViViT-B with 4 x 32 frames in float32 takes some 22 GiB: two rows peaked at 10.8.
    parser.add_argument("--rows", type=int, default=4, help="rows a step (%(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="of each timing (%(default)s)")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="cores (%(default)s)")
    parser.add_argument("--csv", help="file to append the results to")
    return parser


if __name__ == "__main__":
    main()
