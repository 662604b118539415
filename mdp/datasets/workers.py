"""How many processes read images, and how far ahead, within the cores and the shared memory at hand."""

import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..core.cores import worker_count
from ..core.processes import count_here

SHARED = Path("/dev/shm")
MOST = 8
# Batches that each worker makes ahead.
AHEAD = 2
# Share of the free shared memory that one loader counts on: another one, and other processes, are there too.
SHARE = 0.4


@dataclass(frozen=True)
class Crew:
    """Who reads images.

    Attributes:
        workers: processes; 0 where the main process reads.
        ahead: batches that each of them makes ahead.
        threads: images that one process decodes at once.
    """

    workers: int
    ahead: int = AHEAD
    threads: int = 1


def shared_memory() -> float:
    """Free bytes of the memory through which workers hand over their batches; infinite where it has no limit.

    Containers limit it: Docker to 64 MB, if not told otherwise.
    """
    try:
        return float(shutil.disk_usage(SHARED).free)
    except OSError:  # macOS and Windows have other ways
        return math.inf


def crew_for(
    images: int,
    batch: int,
    size: tuple[int, int, int],
    free: Callable[[], float] = shared_memory,
    cores: Callable[[int], int] = worker_count,
) -> Crew:
    """The crew that reads `images` of `size` (channels, height, width; uint8) in batches.

    As many workers as there are cores, first less far ahead and then fewer of them where shared memory is
    small; with no room for one, the main process decodes by threads.
    """
    processes = count_here()
    wanted = max(1, min(cores(MOST), cores(10**6) // processes, math.ceil(images / batch)))
    room = SHARE * free() / processes
    # A batch that the main process holds, and one on its way, are there beside those made ahead.
    fits = math.inf if math.isinf(room) else int(room / (batch * math.prod(size))) - 2
    for ahead in range(AHEAD, 0, -1):
        if wanted * ahead <= fits:
            return Crew(wanted, ahead)
    if fits >= 1:
        return Crew(int(fits), 1)
    return Crew(0, threads=cores(MOST))
