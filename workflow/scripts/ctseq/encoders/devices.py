"""How a device computes: in which precision, and whether twice the same."""

import os

import torch
import transformers

PRECISIONS = ("float32", "bfloat16", "auto")


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """Give the context in which a model computes; its weights stay float32 in any.

    Parameters
    ----------
    precision
        ``float32``; ``bfloat16`` for products and convolutions, which needs no scaling of the
        loss as float16 would; or ``auto``, which is bfloat16 on a GPU that has it and float32
        elsewhere, so that processors of all kinds give the same.
    device
        Where the model is.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=is_reduced(precision, device))


def is_reduced(precision: str, device: torch.device) -> bool:
    """Say whether `precision`, as `autocast` takes it, is bfloat16 on this device."""
    if precision not in PRECISIONS:
        raise ValueError(f"unknown precision {precision!r}")
    has_it = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return precision == "bfloat16" or (precision == "auto" and has_it)


def be_deterministic(device: torch.device) -> None:
    """Ask a GPU for the same bits every time; the CPU gives them at a fixed number of threads.

    PyTorch warns where it has no such algorithm. To be called before the first product.
    """
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # PyTorch's documentation
        torch.use_deterministic_algorithms(True, warn_only=True)


def identity(device: torch.device) -> list[str | int]:
    """Say on what a model computes: equal bits can be expected where this is the same."""
    kind = torch.backends.cpu.get_cpu_capability()
    if device.type == "cuda":
        kind = torch.cuda.get_device_name(device)
    versions = [torch.__version__, transformers.__version__]
    return [device.type, kind, torch.get_num_threads(), *versions]
