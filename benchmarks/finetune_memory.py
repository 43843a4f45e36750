"""Measure the peak memory of fine-tuning a ViViT-B of random weights, one configuration a process.

Prints what rule `finetune` goes by: peak resident memory and seconds a step. With a GPU, its
memory is printed beside it; `CUDA_VISIBLE_DEVICES= python ...` measures the CPU there.

    python benchmarks/finetune_memory.py --frames 32 --micro-batch 2
"""

import argparse
import os
import resource
import tempfile
from pathlib import Path

import torch
from measuring import apart
from passes import own_training, write_checkpoint


def main(arguments: list[str] | None = None) -> None:
    """Train some steps, validate, save the state, and print what it took."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        apart(write_checkpoint, Path(name), sees="sequence", size="full", frames=options.frames)
        history = own_training(
            Path(name),
            sees="sequence",
            rows=options.micro_batch,
            steps=options.steps,
            threads=options.cores,
            precision=options.precision,
            gradient_checkpointing=options.checkpointing,
        )
    seconds = options.micro_batch * options.frames / history["images_per_second"].iloc[-1]
    # Linux counts in KiB.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    asked = f"{options.frames} frames, {options.micro_batch} rows at a time, {options.precision}"
    asked += ", checkpointing" * options.checkpointing
    print(f"{asked}: {peak:.1f} GiB, {seconds:.1f} s a step")
    if torch.cuda.is_available():
        print(f"on the GPU: {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=32, help="frames (%(default)s)")
    parser.add_argument("--micro-batch", type=int, default=2, help="rows at a time (%(default)s)")
    parser.add_argument("--precision", default="float32", help="float32 or bfloat16 (%(default)s)")
    parser.add_argument("--checkpointing", action="store_true", help="gradient checkpointing")
    parser.add_argument("--steps", type=int, default=2, help="steps of an epoch (%(default)s)")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="cores (%(default)s)")
    return parser


if __name__ == "__main__":
    main()
