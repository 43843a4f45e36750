"""The passes and trainings that benchmarks time, the workflow's and transformers' own."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import transformers
import yaml
from measuring import ROOT, median, timed
from torch.utils.flop_counter import FlopCounterMode

from ctseq.core.files import write_json
from ctseq.encoders.contract import Encoder, extract, load
from ctseq.encoders.devices import autocast, choose_device
from ctseq.encoders.pretrained import describe
from ctseq.encoders.tiny import write_tiny
from ctseq.families.pixels.finetuning import finetune
from ctseq.families.pixels.pixel_rows import PixelExamples
from ctseq.families.pixels.resume import Unfinished
from ctseq.families.pixels.trainable import with_new_layer
from ctseq.replicates.aggregation import Scans

SEEN = ("sequence", "slice")
FRAMES = {"full": 32, "tiny": 4}
# Batch sizes that a stock pass may have; the fastest is what counts.
SIZES = {"sequence": (1, 2, 4, 8), "slice": (1, 8, 32, 128)}
# Rows at a time in the workflow's own pass: rule extract_features.
OWN_SIZE = {"sequence": 1, "slice": 32}


def write_checkpoint(folder: Path, *, sees: str, size: str, frames: int | None = None) -> None:
    """Write a checkpoint of seeded random weights, as `save_pretrained` does.

    Parameters
    ----------
    folder
        Where it shall stand.
    sees
        ``sequence`` for ViViT, ``slice`` for ConvNeXt.
    size
        ``full`` for the shapes of the paper's checkpoints, ViViT-B/16x2 with 32 frames and
        ConvNeXt-tiny, both at 224 pixels; ``tiny`` for the demo's.
    frames
        Of an encoder of sequences, if others than `FRAMES`.
    """
    if sees == "sequence":
        frames = frames or FRAMES[size]
    if size == "tiny":
        write_tiny(folder, sees=sees, frames=frames, seed=1, steps=0)
        return
    torch.manual_seed(1)
    if sees == "sequence":  # transformers' defaults are ViViT-B/16x2
        config = transformers.VivitConfig(num_frames=frames, num_labels=400)
        model = transformers.VivitForVideoClassification(config)
        processor = {"image_processor_type": "VivitImageProcessor"}
    else:  # and ConvNeXt-tiny
        model = transformers.ConvNextForImageClassification(
            # Of 1e-6, the default, blocks would pass on their input, as no trained one does.
            transformers.ConvNextConfig(num_labels=1000, layer_scale_init_value=1.0)
        )
        processor = {"image_processor_type": "ConvNextImageProcessor"}
        processor |= {"size": {"shortest_edge": 224}, "crop_pct": 0.875}
    model.save_pretrained(folder)
    write_json(processor, folder / "preprocessor_config.json")


def stock_model(checkpoint: Path, *, sees: str) -> torch.nn.Module:
    """Load a checkpoint as transformers does by itself, for two classes, in evaluation mode."""
    auto = {
        "sequence": transformers.AutoModelForVideoClassification,
        "slice": transformers.AutoModelForImageClassification,
    }[sees]
    options = {"num_labels": 2, "ignore_mismatched_sizes": True, "local_files_only": True}
    return auto.from_pretrained(checkpoint, **options).eval()  # with SDPA, where there is one


def model_inputs(model: torch.nn.Module, rows: int) -> torch.Tensor:
    """Draw what a model takes: float32 in -1..1, (rows, [frames,] 3, side, side)."""
    config = model.config
    frames = (config.num_frames,) if hasattr(config, "num_frames") else ()
    generator = torch.Generator().manual_seed(1)
    shape = (rows, *frames, 3, config.image_size, config.image_size)
    return torch.rand(shape, generator=generator) * 2 - 1


@torch.inference_mode()
def stock_pass(
    checkpoint: Path,
    *,
    sees: str,
    rows: int,
    repeats: int,
    threads: int,
    precision: str = "float32",
    batch: int | None = None,
) -> dict[str, Any]:
    """Time transformers' own forward pass, inputs in memory, at its best batch size or a given one.

    Returns
    -------
    dict
        ``seconds`` a row, the median of the repeats; ``batch``; and ``rows``, those timed.
    """
    torch.set_num_threads(threads)
    device = choose_device()
    model = stock_model(checkpoint, sees=sees).to(device)
    values = model_inputs(model, rows).to(device)

    def once(size: int) -> float:
        with autocast(precision, device):
            return timed(lambda: [model(part) for part in values.split(size)], device) / rows

    model(values[:1])  # the first pass prepares
    best = batch or min((size for size in SIZES[sees] if size <= rows), key=once)
    return {"seconds": median(lambda: once(best), repeats), "batch": best, "rows": rows}


@torch.inference_mode()
def operations(checkpoint: Path, *, sees: str) -> int:
    """Count what a row's forward pass multiplies and adds, in products and convolutions."""
    model = stock_model(checkpoint, sees=sees)
    model.set_attn_implementation("eager")  # of what is one operation, the counter knows nothing
    with FlopCounterMode(display=False) as counter:
        model(model_inputs(model, 1))
    return counter.get_total_flops()


def product_rate(*, threads: int, repeats: int, side: int = 4096) -> float:
    """Measure the operations a second of large float32 products: the most a pass could reach."""
    torch.set_num_threads(threads)
    square = torch.rand(side, side)
    return 2 * side**3 / median(lambda: timed(lambda: square @ square), repeats)


def own_pass(
    checkpoint: Path, *, sees: str, repeats: int, threads: int, precision: str
) -> dict[str, Any]:
    """Time the workflow's own pass: ``seconds`` a row, and the number of ``features``."""
    torch.set_num_threads(threads)
    encoder, _ = own_encoder(checkpoint, sees=sees)
    grey = own_inputs(encoder.model, OWN_SIZE[sees])
    encoder.speed_up()

    def once() -> list[np.ndarray]:
        return list(extract(encoder, [grey], precision=precision))

    (features,) = once()
    seconds = median(lambda: timed(once, encoder.device), repeats) / len(grey)
    return {"seconds": seconds, "features": features.shape[1]}


def stock_training(
    checkpoint: Path,
    *,
    sees: str,
    rows: int,
    frozen: bool,
    repeats: int,
    threads: int,
    precision: str = "float32",
) -> dict[str, float]:
    """Time the loop that transformers' Trainer runs by default: AdamW, gradients clipped at 1.

    Trainer itself needs a package that the workflow has no use for.

    Returns
    -------
    dict
        Seconds a row of a ``step``, and of its ``evaluation``.
    """
    torch.set_num_threads(threads)
    device = choose_device()
    model = stock_model(checkpoint, sees=sees).to(device)
    model.base_model.requires_grad_(not frozen)
    weights = [values for values in model.parameters() if values.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=5e-6, weight_decay=0.01)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, 2, 1000)
    pixels = model_inputs(model, rows).to(device)
    labels = torch.arange(rows, device=device) % 2

    def step() -> None:
        model.train()
        with autocast(precision, device):
            loss = model(pixels, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()

    @torch.no_grad()
    def evaluate() -> None:
        model.eval()
        with autocast(precision, device):
            model(pixels, labels=labels).logits.cpu()

    with torch.no_grad():
        model(pixels[:1])  # the first pass prepares
    return {
        "step": median(lambda: timed(step, device), repeats) / rows,
        "evaluation": median(lambda: timed(evaluate, device), repeats) / rows,
    }


def own_training(
    checkpoint: Path,
    *,
    sees: str,
    rows: int,
    steps: int,
    threads: int,
    **settings: Any,
) -> pd.DataFrame:
    """Fine-tune all of a model for two epochs, as rule `finetune` does, and give its history.

    Parameters
    ----------
    checkpoint, sees
        From `write_checkpoint`.
    rows
        Rows a step, in memory at once.
    steps
        Steps of an epoch; the first epoch prepares.
    threads
        Of PyTorch.
    **settings
        Of ``training`` in config.yaml, where they differ.
    """
    torch.set_num_threads(threads)
    encoder, width = own_encoder(checkpoint, sees=sees)
    fitted = with_new_layer(encoder, width=width, std=0.02, seed=[0])
    grey = own_inputs(encoder.model, rows * steps)
    members = np.arange(grey.size // grey.shape[-1] ** 2).reshape(grey.shape[:-2])
    labels = np.arange(len(grey)) % 2
    scans = Scans(np.arange(len(grey)), labels, None)
    examples = PixelExamples(grey.reshape(-1, *grey.shape[-2:]), members, labels, scans)
    training = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))["training"]
    training |= {"trainable": "all", "epochs": 2, "patience": 2}
    training |= {"batch_size": rows, "micro_batch": rows} | settings
    with tempfile.TemporaryDirectory() as name:
        unfinished = Unfinished(Path(name, "unfinished"), "")
        one = examples[:1]
        history, _ = finetune(
            fitted, examples, one, settings=training, by="loss", seed=[0], unfinished=unfinished
        )
    return history


def own_encoder(checkpoint: Path, *, sees: str) -> tuple[Encoder, int]:
    """Load an encoder as the workflow does, and return the number of its features, too."""
    settings = {"type": "transformers", "sees": sees, "checkpoint": str(checkpoint)}
    settings |= {"subfolder": "", "pooling": "auto", "frames": None, "size": None}
    settings |= {"position_embeddings": "interpolate"}
    description = describe(checkpoint, settings, key="encoders.own")
    return load(checkpoint, description, choose_device()), description["width"]


def own_inputs(model: torch.nn.Module, rows: int) -> np.ndarray:
    """Draw what `contract.extract` takes: uint8, (rows, [frames,] side, side)."""
    config = model.config
    frames = (config.num_frames,) if hasattr(config, "num_frames") else ()
    shape = (rows, *frames, config.image_size, config.image_size)
    return np.random.default_rng(1).integers(0, 256, shape, np.uint8)
