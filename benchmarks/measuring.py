"""What benchmarks share: working copies, models of the study's shapes, stock passes, results."""

import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import transformers
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from ctseq.backbones import choose_device  # noqa: E402
from ctseq.checkpoints import describe  # noqa: E402
from ctseq.files import write_json  # noqa: E402
from ctseq.preprocessing import Preprocessing  # noqa: E402
from ctseq.report.facts import git_revision  # noqa: E402
from ctseq.tiny import write_tiny  # noqa: E402

# What a study takes of the repository.
PARTS = ("Snakefile", "config.yaml", "config", "envs", "profiles", "resources", "workflow")
KINDS = ("video", "image")
FRAMES = {"full": 32, "tiny": 4}
# Batch sizes that a stock pass may have; the fastest is what counts.
SIZES = {"video": (1, 2), "image": (1, 8, 32)}


def write_copy(folder: Path) -> None:
    """Copy what a study takes of the repository, to be run where nothing else is."""
    for part in PARTS:
        if (ROOT / part).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "checkpoints")
            shutil.copytree(ROOT / part, folder / part, ignore=ignored)
        else:
            shutil.copy2(ROOT / part, folder / part)


def snakemake(folder: Path, study: Mapping[str, Any], *arguments: str, cores: int) -> str:
    """Run a copy's workflow with a study's overlay and give what it said; exit if it failed."""
    (folder / "study.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--configfile", "study.yaml"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SNAKEMAKE_")}
    outcome = subprocess.run(  # noqa: S603
        [*command, "--cores", str(cores), *arguments], cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    if outcome.returncode:
        sys.exit(f"{outcome.stdout[-4000:]}\nThe study failed; its last words stand above.")
    return outcome.stdout


def write_checkpoint(folder: Path, *, kind: str, size: str) -> None:
    """Write a checkpoint of seeded random weights, as `save_pretrained` does.

    Parameters
    ----------
    folder
        Where it shall stand.
    kind
        ``video`` for ViViT, ``image`` for ConvNeXt.
    size
        ``full`` for the shapes of the paper's checkpoints, ViViT-B/16x2 with 32 frames and
        ConvNeXt-tiny, both at 224 pixels; ``tiny`` for the demo's.
    """
    if size == "tiny":
        frames = FRAMES[size] if kind == "video" else None
        write_tiny(folder, kind=kind, frames=frames, seed=1, steps=0)
        return
    torch.manual_seed(1)
    if kind == "video":  # transformers' defaults are ViViT-B/16x2
        config = transformers.VivitConfig(num_frames=FRAMES[size], num_labels=400)
        model = transformers.VivitForVideoClassification(config)
        processor = {"image_processor_type": "VivitImageProcessor"}
    else:  # and ConvNeXt-tiny
        model = transformers.ConvNextForImageClassification(
            transformers.ConvNextConfig(num_labels=1000)
        )
        processor = {"image_processor_type": "ConvNextImageProcessor"}
        processor |= {"size": {"shortest_edge": 224}, "crop_pct": 0.875}
    model.save_pretrained(folder)
    write_json(processor, folder / "preprocessor_config.json")


def stock_model(checkpoint: Path, *, kind: str) -> torch.nn.Module:
    """Load a checkpoint as transformers does by itself, for two classes, in evaluation mode."""
    auto = {
        "video": transformers.AutoModelForVideoClassification,
        "image": transformers.AutoModelForImageClassification,
    }[kind]
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
def stock_pass(checkpoint: Path, *, kind: str, rows: int, repeats: int, threads: int) -> dict:
    """Time transformers' own forward pass, inputs in memory, at its best batch size.

    Returns
    -------
    dict
        ``seconds`` a row, the median of the repeats; ``batch``; and ``rows``, those timed.
    """
    torch.set_num_threads(threads)
    device = choose_device()
    model = stock_model(checkpoint, kind=kind).to(device)
    values = model_inputs(model, rows).to(device)

    def once(size: int) -> float:
        return timed(lambda: [model(part) for part in values.split(size)], device) / rows

    model(values[:1])  # the first pass prepares
    best = min((size for size in SIZES[kind] if size <= rows), key=once)
    return {"seconds": median(lambda: once(best), repeats), "batch": best, "rows": rows}


def description_of(checkpoint: Path, *, kind: str, size: str) -> tuple[dict, Preprocessing]:
    """Give what `describe_checkpoint` writes of a checkpoint, and its preprocessing."""
    frames = FRAMES[size] if kind == "video" else None
    facts = describe(checkpoint, kind=kind, key=f"models.{kind}", frames=frames)
    return facts, Preprocessing.from_json(facts["preprocessing"])


def timed(work: Callable[[], Any], device: torch.device | None = None) -> float:
    """Give the wall seconds of some work, a GPU's included."""
    wait = torch.cuda.synchronize if device and device.type == "cuda" else lambda: None
    wait()
    began = time.perf_counter()
    work()
    wait()
    return time.perf_counter() - began


def median(measure: Callable[[], float], repeats: int) -> float:
    """Give the median of repeated measurements."""
    return statistics.median(measure() for _ in range(repeats))


def apart(work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Call a function in a process of its own, on whose memory and threads nothing else has set."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(work, *arguments, **options).result()


def processor_name() -> str:
    """Say what computes: a GPU's name, or the CPU's instruction set."""
    device = choose_device()
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} ({torch.backends.cpu.get_cpu_capability()})"


def keep(rows: Sequence[dict[str, Any]], path: str | Path) -> None:
    """Append results to a CSV file, with the commit, the date and the processor they are of."""
    facts = {"commit": git_revision(ROOT), "date": datetime.now(UTC).isoformat(timespec="seconds")}
    table = pd.DataFrame(rows).assign(**facts, processor=processor_name())
    path = Path(path)
    if path.exists() and pd.read_csv(path, nrows=0).columns.tolist() != table.columns.tolist():
        sys.exit(f"{path} has other columns: it is of another program or version. Name a new file.")
    table.to_csv(path, mode="a", header=not path.exists(), index=False, float_format="%.6g")


def shown(rows: Sequence[dict[str, Any]]) -> str:
    """Lay results out for the screen."""
    return pd.DataFrame(rows).to_string(index=False, float_format=_short, na_rep="")


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def noise(side: int, *shape: int) -> np.ndarray:
    """Draw grey values as `backbones.extract` takes them: uint8, (*shape, side, side)."""
    return np.random.default_rng(1).integers(0, 256, (*shape, side, side), np.uint8)
