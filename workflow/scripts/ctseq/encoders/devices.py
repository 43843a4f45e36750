"""The device, number format and determinism of computations."""

import os

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

    `precision` is ``float32``; ``bfloat16`` for products and convolutions, which needs no scaling
    of the loss as float16 would; or ``auto``: bfloat16 on a GPU that has it, else float32.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=is_reduced(precision, device))


def is_reduced(precision: str, device: torch.device) -> bool:
    """Return whether `precision`, one of `PRECISIONS`, means bfloat16 on this device."""
    if precision not in PRECISIONS:
        raise ValueError(f"unknown precision {precision!r}")
    has_it = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return precision == "bfloat16" or (precision == "auto" and has_it)


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
