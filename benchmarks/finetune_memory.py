"""Measure the peak memory of fine-tuning a ViViT-B of random weights, one configuration a process.

Prints what `rule finetune` goes by: peak resident memory and seconds a step on the CPU.

    python benchmarks/finetune_memory.py --frames 32 --micro-batch 2
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import transformers

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from ctseq.backbones import load  # noqa: E402
from ctseq.finetuning import Examples, finetune  # noqa: E402
from ctseq.preprocessing import Preprocessing  # noqa: E402
from ctseq.resume import Unfinished  # noqa: E402
from ctseq.trainable import renew_head  # noqa: E402

# ViViT's own; only the size matters here.
STEPS = Preprocessing(256, 2, (224, 224), 1 / 127.5, -1.0, (0.5,) * 3, (0.5,) * 3)


def main(arguments: list[str] | None = None) -> None:
    """Train some steps, validate, save the state, and print what it took."""
    options = _parser().parse_args(arguments)
    rows = options.micro_batch * options.steps
    settings = {
        "learning_rate": 5e-6, "weight_decay": 0.01, "warmup_steps": 0, "epochs": 1, "patience": 1,
        "batch_size": options.micro_batch, "micro_batch": options.micro_batch, "trainable": "all",
        "loss": "cross_entropy", "focal_gamma": 2.0, "sampling": "shuffled",
        "augmentation": {"mirror": True, "rotate_degrees": 5, "scale": 0, "shift": 0,
                         "intensity": 0},
        "precision": options.precision, "gradient_checkpointing": options.checkpointing,
        "compile": False,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = transformers.VivitConfig(num_frames=options.frames, num_labels=400)
        transformers.VivitForVideoClassification(config).save_pretrained(folder)
        backbone = load(
            folder, kind="video", preprocessing=STEPS, device=torch.device(options.device)
        )
        renew_head(backbone, std=0.02, seed=[0])
        pixels = np.random.default_rng(0).integers(0, 256, (options.frames, 224, 224), np.uint8)
        members = np.tile(np.arange(options.frames), (rows, 1))
        examples = Examples(pixels, members, np.arange(rows) % 2)
        began = time.perf_counter()
        finetune(
            backbone,
            examples,
            examples[:1],
            settings=settings,
            seed=[0],
            unfinished=Unfinished(folder / "unfinished", ""),
        )
        seconds = (time.perf_counter() - began) / options.steps
    # Linux counts in KiB.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    asked = f"{options.frames} frames, {options.micro_batch} rows at a time, {options.precision}"
    asked += ", checkpointing" * options.checkpointing
    print(f"{asked}: {peak:.1f} GiB, {seconds:.1f} s a step")
    if options.device == "cuda":
        print(f"on the GPU: {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=32, help="frames (%(default)s)")
    parser.add_argument("--micro-batch", type=int, default=2, help="rows at a time (%(default)s)")
    parser.add_argument("--precision", default="float32", help="float32 or bfloat16 (%(default)s)")
    parser.add_argument("--checkpointing", action="store_true", help="gradient checkpointing")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (%(default)s)")
    parser.add_argument("--steps", type=int, default=2, help="steps to train (%(default)s)")
    return parser


if __name__ == "__main__":
    main()
