"""Batches as a model takes them, from whatever gives them; no endless wait, every failure a sentence."""

from collections.abc import Iterable, Iterator
from typing import Any

from torch import Tensor

from ..core.errors import MdpError

# Whoever waits this long for one batch waits for nothing: seconds.
PATIENCE = 300.0
# What torch and the system say where the memory that processes share is full, or a worker is dead or silent.
_SHARED = ("shared memory", "shm", "no space left", "bus error", "sigbus")
_WORKER = ("dataloader worker", "dataloader timed out", "ancdata", "too many open files", "pin memory thread")


def feed(batches: Iterable[tuple[Tensor, Tensor]], device: Any = None) -> Iterator[tuple[Tensor, Tensor]]:
    """(images float32, labels int64) of each batch, on `device`, or on whichever they come.

    Bytes, as `mdp.datasets.loader.loader` gives them, also when accelerate has wrapped it, are augmented and
    normalised here, on the device, as the loader's model wants it. Floats of anything else pass as they are.

    Raises:
        MdpError: a batch is no pair, a worker failed, died or did not answer, or bytes come from something
            that does not say how to normalise them.
    """
    prepare = getattr(getattr(batches, "dataset", None), "prepare", None)
    for batch in _told(batches):
        images, labels = _pair(batch)
        if device is not None:
            images, labels = images.to(device, non_blocking=True), labels.to(device, non_blocking=True)
        if prepare is not None:
            images = prepare(images)
        elif not images.is_floating_point():
            raise MdpError(
                "Images came as whole numbers from a source that does not say how to normalise them. Give "
                "floats that are normalised as the model wants them."
            )
        yield images, labels


def _pair(batch: Any) -> tuple[Tensor, Any]:
    if isinstance(batch, tuple | list) and len(batch) == 2:
        return batch[0], batch[1]
    what = f"{len(batch)} things" if isinstance(batch, tuple | list) else f"a {type(batch).__name__}"
    raise MdpError(f"A batch is images and labels, (images, labels), and these batches are {what}.")


def _told(batches: Iterable) -> Iterator:
    """What `batches` yields; what goes wrong is told in a sentence, without a worker's traceback."""
    try:
        coming = iter(batches)
        while True:
            try:
                batch = next(coming)
            except StopIteration:
                return
            yield batch
    except MdpError as error:
        raise type(error)(_own_words(error)) from None
    except (RuntimeError, OSError) as error:
        told = _of_workers(error)
        if told is None:
            raise
        raise told from None


def _own_words(error: MdpError) -> str:
    """The sentence alone: torch puts the worker's traceback before it."""
    kind = type(error)
    return str(error).rpartition(f"{kind.__module__}.{kind.__qualname__}: ")[2].strip()


def _of_workers(error: Exception) -> MdpError | None:
    """A sentence for a failure of the workers, None for any other error."""
    text = str(error).lower()
    what = (str(error).strip().splitlines() or [type(error).__name__])[-1].rstrip(".")  # below a traceback
    if any(word in text for word in _SHARED):
        return MdpError(
            f"A process that reads images ran out of the memory that it shares with this one ({what}). Give "
            "the container more (docker run --shm-size=2g, or --ipc=host), or make the batches smaller."
        )
    if any(word in text for word in _WORKER):
        return MdpError(
            f"A process that reads images died or did not answer for {PATIENCE:g} s ({what}). See that "
            "the disk of the images answers and that memory is free; in a container, that its shared memory "
            "is large enough (docker run --shm-size=2g)."
        )
    return None
