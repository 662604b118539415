"""Judging a repair whatever the network is for, and the batches that it learns from."""

from collections.abc import Iterable
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..core.errors import MdpError
from ..core.model_ref import ModelRef
from ..core.progress import Reporter
from ..tasks import Classification, Match, Task, examples, run
from ..tasks.answers import scalar
from ..tasks.inputs import joined
from ..tasks.outputs import finite, kept
from . import judge
from .images import FEWEST, Images, collect
from .judge import Worth
from .targets import CHUNK, cancellable


class Judge(Protocol):
    """Says what a network is worth on held-out inputs, by its answers and the dense network's."""

    def answers(self, network: nn.Module, images: Any, report: Reporter) -> Any:
        """The network's answers."""

    def finite(self, answers: Any) -> bool:
        """Whether they are numbers."""

    def worth(self, ours: Any, dense: Any, held: Images) -> Worth:
        """What a network with these answers is worth."""


class _OfClasses:
    """Of classifiers, as judge.py does it."""

    answers = staticmethod(judge.answers)

    @staticmethod
    def worth(ours: Tensor, dense: Tensor, held: Images) -> Worth:
        if ours.shape != dense.shape:
            raise MdpError(
                f"The dense network tells {dense.shape[1]} classes, and the pruned one {ours.shape[1]}. Give "
                "the dense network that it was cut out of."
            )
        return judge.worth(ours, dense, held)

    @staticmethod
    def finite(answers: Tensor) -> bool:
        return bool(answers.isfinite().all())


class _OfTask:
    """By the task's own divergence; answers are lists, a chunk each."""

    def __init__(self, task: Task):
        self._task = task

    def answers(self, network: nn.Module, images: Any, report: Reporter) -> list[Any]:
        with cancellable(network, report):
            return [_onto_cpu(run(network, images[i : i + CHUNK])) for i in range(0, len(images), CHUNK)]

    def finite(self, answers: list[Any]) -> bool:
        return all(map(finite, answers))

    def worth(self, ours: list[Any], dense: list[Any], held: Images) -> Worth:
        if not self.finite(ours):
            return Worth(float("inf"), 0.0, None)
        reference, total, count = self._task.reference(dense), 0.0, 0
        for i, out in enumerate(ours):
            many = min(CHUNK, len(held) - i * CHUNK)
            total, count = total + many * float(self._apart(reference, i, out)), count + many
        agreement = Match().reference(dense).agreement([kept(out) for out in ours])
        return Worth(total / count, agreement, None)

    def _apart(self, reference: Any, batch: int, outputs: Any) -> Tensor:
        return scalar(reference.divergence(batch, outputs), self._task, "The divergence")


def judge_of(task: Task) -> Judge:
    """Who judges the networks of a task."""
    return _OfClasses() if isinstance(task, Classification) else _OfTask(task)


def collect_for(
    task: Task, ref: ModelRef, batches: Iterable[Any], most: int | None, report: Reporter
) -> Images:
    """The first `most` inputs of batches; their labels where the task is classification.

    Raises:
        MdpError: there are none, too few, or such that the network does not take.
    """
    if isinstance(task, Classification) and not ref.inputs and len(ref.input_size) == 3:
        return collect(batches, ref.input_size, most, report)
    parts, count = [], 0
    for inputs, _ in examples(ref, batches, "cpu"):
        parts.append(inputs)
        count += len(inputs)
        report.check()
        if most is not None and count >= most:
            break
    if count < FEWEST:
        raise MdpError(
            f"A repair learns from inputs, and {count or 'none'} {'was' if count == 1 else 'were'} given. "
            f"Give {FEWEST} or more; a few hundred are better."
        )
    every = joined(parts)
    return Images(every[: min(count, most or count)], None)  # type: ignore[arg-type]


def _onto_cpu(outputs: Any) -> Any:
    return torch.utils._pytree.tree_map(lambda t: t.cpu() if isinstance(t, Tensor) else t, outputs)
