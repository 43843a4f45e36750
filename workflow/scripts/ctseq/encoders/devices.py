"""The device, number format and determinism of computations."""

import os
from collections.abc import Mapping
from typing import Any

import torch
import transformers

PRECISIONS = ("float32", "bfloat16", "auto")


def choose_device() -> torch.device:
    """Return the fastest device there is: CUDA, then Apple's MPS, then the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """Return the context in which a model computes; its weights stay float32.

    `precision` is one of `PRECISIONS`. In bfloat16 are products and convolutions, which needs no
    scaling of the loss as float16 would.
    """
    reduced = taken_precision(precision, device) == "bfloat16"
    return torch.autocast(device.type, torch.bfloat16, enabled=reduced)


def taken_precision(precision: str, device: torch.device) -> str:
    """Return what a precision, one of `PRECISIONS`, is on a device: ``float32`` or ``bfloat16``.

    ``auto`` is bfloat16 on GPUs and processors that are made for it, and float32 elsewhere.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"unknown precision {precision!r}")
    if precision != "auto":
        return precision
    if device.type == "cuda":
        made_for_it = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        made_for_it = device.type == "cpu" and has_bfloat16(torch.cpu.get_capabilities())
    return "bfloat16" if made_for_it else "float32"


def has_bfloat16(capabilities: Mapping[str, Any]) -> bool:
    """Return whether a processor multiplies in bfloat16 itself: by AMX or by AVX-512.

    `capabilities` are as `torch.cpu.get_capabilities` returns them; other kinds of processors than
    x86-64 lack these keys. Elsewhere bfloat16 is emulated, and many times slower than float32.
    """
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))


def be_deterministic(device: torch.device) -> None:
    """Make a GPU compute the same bits every time; a CPU does at a fixed number of threads.

    PyTorch warns where it has no such algorithm. To be called before the first product.
    """
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # PyTorch's documentation
        torch.use_deterministic_algorithms(True, warn_only=True)


def identity(device: torch.device) -> list[str | int]:
    """Return what the last bits of a result depend on: device, processor, threads, versions."""
    processor = torch.backends.cpu.get_cpu_capability()
    if device.type == "cuda":
        processor = torch.cuda.get_device_name(device)
    versions = [torch.__version__, transformers.__version__]
    return [device.type, processor, torch.get_num_threads(), *versions]
