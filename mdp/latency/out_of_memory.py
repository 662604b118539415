"""When memory is short: every way in which torch and the libraries below it say so, as one error."""

from ..core.errors import MdpError

# How torch and the libraries below it say that memory is short, in lower case.
NO_ROOM = (
    "out of memory", "can't allocate memory", "not enough memory", "cannot allocate memory", "bad_alloc",
    "alloc_failed", "allocation_failed", "cudaerrormemoryallocation", "insufficient_resources",
)  # fmt: skip
# What they also say if a workspace or a handle finds no room. It may mean other things: the device is asked.
PERHAPS = (
    "cudnn_status_not_supported", "unable to find an engine", "cudnn_status_not_initialized",
    "cublas_status_not_initialized", "cudnn_status_internal_error", "cudnn_status_execution_failed",
)  # fmt: skip
# Less than this share of a device's memory is short.
SHORT = 0.1


class OutOfMemory(MdpError):
    """A workload does not fit the device's memory. The profiler marks its entry and goes on."""


class no_memory:
    """A context that turns every way in which torch says "no memory" into OutOfMemory."""

    def __init__(self, key: str):
        self.key = key

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is None:
            return False
        if no_room(error):
            raise OutOfMemory(
                f"{self.key} does not fit the device's memory; choose a smaller batch."
            ) from None
        return False


def no_room(error: BaseException | None) -> bool:
    """Whether an error says that the device's memory (or the host's) was too small."""
    import torch

    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    words = str(error).lower()
    if not isinstance(error, RuntimeError) or any(word in words for word in NO_ROOM):
        return isinstance(error, RuntimeError)
    return any(word in words for word in PERHAPS) and _memory_is_short(torch)


def _memory_is_short(torch) -> bool:
    try:
        free, total = torch.cuda.mem_get_info()
    except (AssertionError, RuntimeError):  # no such device, or one that answers nothing any more
        return False
    return free < SHORT * total
