"""What a run learns: its batches, what it makes small on them, and how the network is judged."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

from accelerate import Accelerator
from torch import Tensor, nn

from .progress_meter import FORWARD, TRAINING, Work
from .recipe import Recipe


class Lesson(ABC):
    """One of these for each kind of data; the loop around it is the same (loop.py).

    Attributes:
        inputs: seen in an epoch over all processes, and judged on at its end; for the progress alone.
        good: under which name `judge` says how good it is.
    """

    inputs: tuple[int, int]
    good: str

    @abstractmethod
    def opened(
        self, model: nn.Module, teacher: nn.Module | None, recipe: Recipe, accelerate: Accelerator
    ) -> AbstractContextManager[None]:
        """Get ready for a run; put back afterwards what that changed. The teacher is on the device."""

    @property
    @abstractmethod
    def steps(self) -> int:
        """Batches of an epoch in this process, once `opened`."""

    @abstractmethod
    def batches(self, epoch: int) -> Iterator[Any]:
        """Those of an epoch (from 0), on the device."""

    @abstractmethod
    def loss(self, model: nn.Module, batch: Any) -> Tensor:
        """A scalar with a gradient."""

    @abstractmethod
    def judge(self, model: nn.Module, work: Work) -> dict[str, Any]:
        """How good it is, as the history says it: under `good` a share, the larger the better."""

    def announce(self, work: Work, epochs: int) -> None:
        """Announce the work of some epochs (negative: no longer to be done)."""
        learnt, judged = self.inputs
        work.expect(epochs * learnt, TRAINING)
        work.expect(epochs * judged, FORWARD)
