"""How the C library hands out memory."""

import ctypes
import sys

# Numbers of mallopt's parameters in glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def keep_buffers() -> bool:
    """Let glibc keep freed memory for the next layer, and say whether it does.

    By default it gives large buffers back to the system, which zeroes each page of the next one
    anew: a fifth of ViViT-B's time. Results keep their bits. Other C libraries have no such choice.

    References
    ----------
    mallopt(3): no block is to be mapped by itself, and the heap never shrinks.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return False
    # The second is C's largest int.
    return bool(mallopt(_M_MMAP_MAX, 0) and mallopt(_M_TRIM_THRESHOLD, 2**31 - 1))
