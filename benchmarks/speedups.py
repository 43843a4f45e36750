"""Measure each speedup of the frozen pass against the pass without it, in alternation.

Both are timed in turn, in CPU seconds of one thread, so that what else runs on the machine matters
little; the ratio is the median over pairs. The speedups above it in the table are switched on in
both. Beside them stand products by oneDNN in place of MKL, which the workflow leaves out.

    python benchmarks/speedups.py --csv speedups.csv
    python benchmarks/speedups.py --tiny --pairs 2   # a trial
"""

import argparse
import copy
import ctypes
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from measuring import keep, processor_name, shown
from passes import OWN_SIZE, SEEN, model_inputs, stock_model, write_checkpoint

from ctseq.encoders.speed import fuse_gelu, keep_buffers, skip_unread_tokens

# In the order in which each is switched on and stays.
SPEEDUPS = ("buffers", "gelu", "first tokens", "onednn")


def main(arguments: list[str] | None = None) -> None:
    """Measure every speedup with both kinds of encoder, and print the ratios."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(1)
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
    if options.csv:
        keep(rows, options.csv)
    print(f"CPU seconds of a pass on {processor_name()}, one thread, {options.pairs} pairs")
    print(shown(rows))


def measured(
    model: torch.nn.Module, faster: torch.nn.Module, values: torch.Tensor, speedup: str, pairs: int
) -> dict[str, Any]:
    """Time passes without and with a speedup, in turn, and return the median of their ratios."""

    def without() -> float:
        _switch(speedup, on=False)
        return _seconds(model, values)

    def with_it() -> float:
        _switch(speedup, on=True)
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
    model(values)
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
    parser.add_argument("--pairs", type=int, default=7, help="of each speedup (%(default)s)")
    parser.add_argument("--csv", help="file to append the results to")
    return parser


if __name__ == "__main__":
    main()
