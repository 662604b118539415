"""Freed memory is kept for the next layer, on a CPU, while latencies are measured.

By default glibc gives large buffers back to the kernel and asks for them again, so that a network takes page
faults in its activations: how many depends on what else the process has freed, not on the widths. Deployed
networks keep their memory (jemalloc, tcmalloc, an engine's arena), and so do we; the same for a deployment in
plain Python is MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=2147483647 in its environment.
"""

import ctypes

# Parameters of glibc's mallopt(3).
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def can_keep() -> bool:
    """Whether this process's allocator can be told to keep freed memory (glibc's can)."""
    return _mallopt() is not None


def keep() -> bool:
    """Tell it so, for the rest of the process; False where it cannot be told."""
    mallopt = _mallopt()
    return bool(mallopt and mallopt(M_MMAP_THRESHOLD, 2**30) and mallopt(M_TRIM_THRESHOLD, 2**31 - 1))


def _mallopt():
    try:
        return ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # musl, macOS, Windows
        return None
