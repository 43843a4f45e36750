"""Measure each speedup of the frozen pass against the pass without it, in alternation.

Both are timed in turn, in CPU seconds of one thread, so that what else runs on the machine matters
little; the ratio is the median over pairs. The speedups above it in the table are switched on in
both. Beside them stand products by oneDNN in place of MKL, which the workflow leaves out.

    python benchmarks/speedups.py --csv speedups.csv
    python benchmarks/speedups.py --tiny --pairs 2   # a trial

With `--together`, all speedups of `extraction.speedups` together, in float32 and in bfloat16,
against transformers' own pass in float32:

    python benchmarks/speedups.py --together --pairs 5 --csv together.csv

With `--architectures`, the same in float32 of every architecture of docs/encoders.md in its default
widths with one block a stage, or two layers:

    python benchmarks/speedups.py --architectures all --csv architectures.csv
"""

import argparse
import copy
import ctypes
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from measuring import keep, processor_name, shown
from passes import OWN_SIZE, SEEN, model_inputs, stock_model, write_checkpoint
from transformers.models.auto import modeling_auto
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from ctseq.core.errors import InputError
from ctseq.encoders.architectures import TAKEN
from ctseq.encoders.classes import default_poolings, model_class, remove_head
from ctseq.encoders.devices import autocast
from ctseq.encoders.pooling import pooled
from ctseq.encoders.speed import fuse_gelu, keep_buffers, skip_unread_tokens, speed_up

# Pixels of a slice, of `--architectures`.
SIDE = 224
# In the order in which each is switched on and stays.
SPEEDUPS = ("buffers", "gelu", "first tokens", "onednn")


def main(arguments: list[str] | None = None) -> None:
    """Measure every speedup with both kinds of encoder, and print the ratios."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(1)
    if options.architectures:
        asked = None if "all" in options.architectures else options.architectures
        _finish(over_architectures(asked, options.pairs), options)
        return
    if options.together:
        _finish(together("tiny" if options.tiny else "full", options.pairs), options)
        return
    # Read by oneDNN at its first use: AMX has no float32.
    os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE")
    rows = []
    for sees in SEEN:
        with tempfile.TemporaryDirectory() as name:
            write_checkpoint(Path(name), sees=sees, size="tiny" if options.tiny else "full")
            model = stock_model(Path(name), sees=sees)
        values = model_inputs(model, OWN_SIZE[sees])
        _switch("buffers", on=False)
        for speedup in SPEEDUPS:
            faster = _changed(model, speedup)
            if speedup in ("buffers", "onednn") or faster is not model:
                rows.append(
                    {"sees": sees} | measured(model, faster, values, speedup, options.pairs)
                )
            model = faster
            _switch(speedup, on=speedup != "onednn")
    _finish(rows, options)


def _finish(rows: list[dict[str, Any]], options: argparse.Namespace) -> None:
    """Keep the results, and print them."""
    if options.csv:
        keep(rows, options.csv)
    print(f"CPU seconds of a pass on {processor_name()}, one thread, {options.pairs} pairs")
    print(shown(rows))


def together(size: str, pairs: int) -> list[dict[str, Any]]:
    """Time transformers' own passes and those with all speedups, in turn, in either precision."""
    rows = []
    for sees in SEEN:
        with tempfile.TemporaryDirectory() as name:
            write_checkpoint(Path(name), sees=sees, size=size)
            model = stock_model(Path(name), sees=sees)
        remove_head(model)
        faster = copy.deepcopy(model)
        speed_up(faster, "classifier", torch.device("cpu"))
        values = model_inputs(model, OWN_SIZE[sees])
        for precision in ("float32", "bfloat16"):
            row = measured(model, faster, values, "buffers", pairs, precision=precision)
            rows.append({"sees": sees} | row | {"speedup": f"all, {precision}"})
    return rows


@torch.inference_mode()
def over_architectures(names: Sequence[str] | None, pairs: int) -> list[dict[str, Any]]:
    """Time passes without and with all speedups, in turn, of some architectures; None for all.

    Those that load the same part of a model as another one are left out.
    """
    rows, seen = [], set()
    for name in names or sorted(one for taken in TAKEN.values() for one in taken):
        model, sees, poolings = shallow_model(name)
        if type(model) in seen:
            continue
        seen.add(type(model))
        values = torch.rand(input_shape(model, sees)) * 2 - 1
        outputs = model(**{model.main_input_name: values})
        pooling = next(one for one in poolings if _is_read(outputs, one, model))
        faster = copy.deepcopy(model)
        done = speed_up(faster, pooling, torch.device("cpu"))
        row = measured(model, faster, values, "buffers", pairs)
        # The buffers are always among them.
        row["speedup"] = "; ".join(["buffers", *(one for one in done if "buffers" not in one)])
        rows.append({"architecture": name, "rows": len(values)} | row)
        print(f"{name} {row['ratio']:.3f}", flush=True)
    return rows


def shallow_model(name: str) -> tuple[torch.nn.Module, str, list[str]]:
    """Return an architecture's model with random weights, what it sees, and its default poolings.

    Its widths are transformers' defaults; of each stage there is one block or, of a model without
    stages, two layers. Images have 224 pixels a side where they are not of a sequence.
    """
    config = CONFIG_MAPPING[name]()
    tower = getattr(config, "vision_config", None)
    config = tower if isinstance(tower, transformers.PretrainedConfig) else config
    sequences = {*modeling_auto.MODEL_FOR_VIDEO_CLASSIFICATION_MAPPING}
    sees = "sequence" if type(config) in sequences else "slice"
    if isinstance(getattr(config, "depths", None), list | tuple):
        config.depths = [1] * len(config.depths)
    elif getattr(config, "num_hidden_layers", None):
        config.num_hidden_layers = 2
    if sees == "slice" and getattr(config, "image_size", None):
        size = config.image_size
        config.image_size = SIDE if isinstance(size, int) else [SIDE] * len(size)
    if getattr(config, "frames_per_clip", None):
        config.frames_per_clip = 16  # of V-JEPA 2, whose 64 would take minutes
    poolings = default_poolings(config, form=sees)
    torch.manual_seed(0)
    model = model_class(config, poolings[0], sees)(config).eval()
    if poolings[0] == "classifier":
        remove_head(model)
    return model, sees, poolings


def input_shape(model: torch.nn.Module, sees: str) -> tuple[int, ...]:
    """Return the shape of eight slices, or of one sequence, as a model takes them."""
    config = model.config
    if sees == "slice":
        return (8, 3, SIDE, SIDE)
    frames = getattr(config, "num_frames", None) or config.frames_per_clip
    side = getattr(config, "image_size", None) or config.crop_size
    return (1, frames, 3, side, side)


def _is_read(outputs: Any, pooling: str, model: torch.nn.Module) -> bool:
    """Return whether a pooling makes features of what a model returned."""
    try:
        return pooled(outputs, pooling, model).ndim == 2
    except (AttributeError, InputError):
        return False


def measured(
    model: torch.nn.Module,
    faster: torch.nn.Module,
    values: torch.Tensor,
    speedup: str,
    pairs: int,
    *,
    precision: str = "float32",
) -> dict[str, Any]:
    """Time passes without and with a speedup, in turn, and return the median of their ratios.

    `precision` is that of the passes with it; those without are in float32.
    """

    def without() -> float:
        _switch(speedup, on=False)
        return _seconds(model, values)

    def with_it() -> float:
        _switch(speedup, on=True)
        with autocast(precision, torch.device("cpu")):
            return _seconds(faster, values)

    with_it(), without()  # the first passes prepare
    times = [_in_turn(without, with_it, first=number % 2) for number in range(pairs)]
    off, on = (statistics.median(column) for column in zip(*times, strict=True))
    ratios = [after / before for before, after in times]
    named = {"speedup": speedup, "without": off, "with": on}
    return named | {"ratio": statistics.median(ratios), "least": min(ratios), "most": max(ratios)}


def _in_turn(
    without: Callable[[], float], with_it: Callable[[], float], *, first: int
) -> tuple[float, float]:
    if first:
        after = with_it()
        return without(), after
    return without(), with_it()


@torch.inference_mode()
def _seconds(model: torch.nn.Module, values: torch.Tensor) -> float:
    began = time.process_time()
    model(**{model.main_input_name: values})
    return time.process_time() - began


def _changed(model: torch.nn.Module, speedup: str) -> torch.nn.Module:
    """Return a copy with a speedup of modules, or the model itself if it has nothing to change."""
    change = {
        "gelu": fuse_gelu,
        "first tokens": lambda model: skip_unread_tokens(model, "classifier"),
    }.get(speedup)
    other = copy.deepcopy(model)
    return other if change and change(other) else model


def _switch(speedup: str, *, on: bool) -> None:
    """Switch a speedup of the whole process."""
    if speedup == "onednn":
        torch.backends.mkldnn.matmul.fp32_precision = "bf16" if on else "none"
    elif speedup == "buffers" and on:
        keep_buffers()
    elif speedup == "buffers" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        # The largest thresholds that glibc takes by itself, and its number of mapped blocks.
        libc.mallopt(-3, 32 * 2**20), libc.mallopt(-1, 64 * 2**20), libc.mallopt(-4, 65536)
        libc.malloc_trim(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tiny", action="store_true", help="the demo's models, for a trial")
    parser.add_argument(
        "--together", action="store_true", help="all speedups together, and bfloat16 besides"
    )
    parser.add_argument(
        "--architectures", nargs="+", metavar="MODEL_TYPE",
        help="all speedups together, of these architectures, or of `all`",
    )  # fmt: skip
    parser.add_argument("--pairs", type=int, default=7, help="of each speedup (%(default)s)")
    parser.add_argument("--csv", help="file to append the results to")
    return parser


if __name__ == "__main__":
    main()
