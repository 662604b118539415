"""Whether a network fits in the memory that is free, said before it is made."""

import psutil

from ..core.errors import MdpError

BYTES_PER_PARAMETER = 4  # float32


def check_memory(purpose: str, needed: float, error: type[MdpError]) -> None:
    """Raise `error` with a sentence about `purpose` if this machine has not `needed` bytes free."""
    if needed > psutil.virtual_memory().available:
        raise error(
            f"{purpose} takes about {needed / 1e9:.1f} GB of memory, which this machine has not free. "
            "Close other programs or use a larger machine."
        )
