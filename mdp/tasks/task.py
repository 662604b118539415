"""`Task`: what a network is for."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from torch import Tensor, nn


class Reference(ABC):
    """The dense network's answers, batch by batch, to compare a pruned network's with."""

    @abstractmethod
    def divergence(self, batch: int, outputs: Any) -> Tensor:
        """How far the outputs for a batch are from the dense network's: a scalar ≥ 0, in nats or the like,
        the mean over the inputs; no number where the outputs are none."""


class Task(ABC):
    """What a network is for.

    Attributes:
        name: for files and messages.
        quality: the name of its measure of quality, which is between 0 and 1, larger the better.
        labelled: whether targets are needed to train on, and to measure quality.
    """

    name: str
    quality: str
    labelled: bool = False

    @abstractmethod
    def score_loss(self) -> Callable[[Any, Any], Tensor]:
        """`loss(outputs, targets)` whose gradients rank the units of a network; the same each time."""

    @abstractmethod
    def reference(self, outputs: Sequence[Any]) -> Reference:
        """Keep the dense network's outputs for some batches."""

    @abstractmethod
    def loss(self, outputs: Any, targets: Any, told: Any = None) -> Tensor:
        """What a network is trained to make small on a batch, a scalar.

        Args:
            told: a teacher's outputs for the same inputs, None without a teacher.
        """

    @abstractmethod
    def measure(self, network: nn.Module, batches: Iterable[Any], dense: nn.Module | None = None) -> float:
        """The quality of a network, in eval mode, between 0 and 1.

        Args:
            batches: as `inputs.examples` reads them, for the network's inputs.
            dense: the dense network, where quality is measured against it.

        Raises:
            MdpError: there is nothing to measure on, or targets or the dense network are missing.
        """
