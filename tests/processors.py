"""What tests know of the processor that they run on."""

import os

import pytest

# Told to use fewer instructions than an AVX-512 processor has, PyTorch still packs bfloat16 for
# all of them and then refuses its own packing. No processor is like that.
uses_all_instructions = pytest.mark.skipif(
    "ATEN_CPU_CAPABILITY" in os.environ,
    reason="PyTorch computes attention in bfloat16 only by all of the processor's instructions",
)
