"""Anybody's batches for the training loop: a DataLoader as it is, any other iterable as one."""

from collections.abc import Iterable, Iterator, Sized
from typing import Any

from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from ..core.errors import MdpError


def as_loader(batches: "Iterable[tuple[Tensor, Tensor]]") -> DataLoader:
    """A DataLoader of the batches, which come as they are: (images, labels).

    Raises:
        MdpError: they can be read only once, or hold nothing.
    """
    if isinstance(batches, DataLoader):
        return batches
    return DataLoader(_Stream(batches), batch_size=None)


def count(batches: Iterable[Any]) -> int:
    """How many there are.

    Raises:
        MdpError: they can be read only once, or there are none.
    """
    if isinstance(batches, Tensor) or not isinstance(batches, Iterable) or iter(batches) is batches:
        raise MdpError(
            f"Batches are read anew in every epoch, and a {type(batches).__name__} cannot be. Give a "
            "DataLoader, a list of batches, or an object whose __iter__ starts again."
        )
    found = len(batches) if isinstance(batches, Sized) else sum(1 for _ in batches)
    if not found:
        raise MdpError("There are no batches; give at least one.")
    return found


class _Stream(IterableDataset):
    """Batches one after the other; as many as it has, counted once where it does not say."""

    def __init__(self, batches: Iterable[Any]):
        self.batches, self.length = batches, count(batches)

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[Any]:
        return iter(self.batches)
