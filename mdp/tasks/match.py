"""The task "match": answer as the dense network does. It needs no labels, and serves any network."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..core.errors import MdpError
from .outputs import kept, leaves
from .task import Reference, Task

# Of the largest spread of all answers, below which one is taken for a constant: it says nothing.
_CONSTANT = 1e-12


class Match(Task):
    """Whatever a network answers with is to stay as it is. Every tensor of the answer counts alike."""

    name, quality, labelled = "match", "agreement", False

    def score_loss(self) -> Callable[[Any, Any], Tensor]:
        """A sum of the answers with random signs.

        At the dense network the distance from its own answers has no gradient. The expected square of how
        such a sum changes is the squared change of the answers (Hutchinson's estimate), so that the square of
        weight times gradient says what a unit's loss would do to them.
        """
        random = torch.Generator().manual_seed(0)

        def loss(outputs: Any, _targets: Any = None) -> Tensor:
            total = None
            for t in _numbers(outputs):
                signs = (torch.randint(2, t.shape, generator=random) * 2 - 1).to(t)
                spread = t.detach().float().std(correction=0).clamp_min(1e-6)
                part = (t * signs).sum() / (spread * t[0].numel() ** 0.5 * len(t))
                total = part if total is None else total + part
            assert total is not None
            return total

        return loss

    def reference(self, outputs: Sequence[Any]) -> "Answers":
        return Answers(outputs)

    def loss(self, outputs: Any, targets: Any, told: Any = None) -> Tensor:
        if told is None:
            raise MdpError(
                "To match the dense network takes it as the teacher. Give teacher=the dense network."
            )
        return _apart(_numbers(outputs), kept_numbers(told), None)

    def measure(self, network: nn.Module, batches: Iterable[Any], dense: nn.Module | None = None) -> float:
        from .inputs import run

        if dense is None:
            raise MdpError("Agreement is measured with the dense network. Give dense=the dense network.")
        ours, theirs = [], []
        network.eval(), dense.eval()
        with torch.no_grad():
            for inputs, _ in batches:
                ours.append(kept(run(network, inputs), "cpu"))
                theirs.append(kept(run(dense, inputs), "cpu"))
        if not theirs:
            raise MdpError("There is nothing to measure agreement on; give at least one batch.")
        return Answers(theirs).agreement(ours)


class Answers(Reference):
    """The dense network's answers, and how much each of their tensors varies from input to input."""

    def __init__(self, outputs: Sequence[Any]):
        self.batches = [kept(o) for o in outputs]
        self.spreads = [_spread([b[i] for b in self.batches]) for i in range(len(self.batches[0]))]

    def divergence(self, batch: int, outputs: Any) -> Tensor:
        """Half of the squared error in units of the answers' variance, the mean over tensors: of two normal
        distributions of that variance about the two answers, the Kullback-Leibler divergence in nats."""
        return _apart(leaves(outputs), self.batches[batch], self.spreads)

    def agreement(self, ours: Sequence[Any]) -> float:
        """How much of what varies in the dense network's answers these have, between 0 and 1 (R²).

        Of numbers that are whole, the share that is the same.
        """
        shares = []
        for i, spread in enumerate(self.spreads):
            pairs = [(leaves(o)[i], b[i]) for o, b in zip(ours, self.batches, strict=True)]
            count = sum(b.numel() for _, b in pairs)
            if not count:
                continue
            if not pairs[0][1].is_floating_point():
                shares.append(sum(int((a == b).sum()) for a, b in pairs) / count)
            elif spread > 0:
                error = sum(float((a.double() - b.double()).square().sum()) for a, b in pairs) / count
                shares.append(max(0.0, 1.0 - error / spread) if error == error else 0.0)
        return sum(shares) / len(shares) if shares else 1.0


def kept_numbers(outputs: Any) -> list[Tensor]:
    """The tensors of an answer that hold floats, without gradients."""
    return [t.detach() for t in _numbers(outputs)]


def _numbers(outputs: Any) -> list[Tensor]:
    found = [t for t in leaves(outputs) if t.is_floating_point() and t.ndim and t.numel()]
    if not found:
        raise MdpError(
            "The network answers with no floats, so how far two answers are apart cannot be said. Let its "
            "forward return what comes before they are rounded or counted."
        )
    return found


def _apart(ours: Sequence[Tensor], theirs: Sequence[Tensor], spreads: Sequence[float] | None) -> Tensor:
    if len(ours) != len(theirs):
        raise MdpError(
            f"One network answers with {len(ours)} tensors and the other with {len(theirs)}: they cannot be "
            "compared. Give the dense network that the pruned one was cut out of."
        )
    parts = []
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if not b.is_floating_point() or not b.numel():
            continue
        if a.shape != b.shape:
            raise MdpError(
                f"One network answers with {tuple(a.shape)} where the other has {tuple(b.shape)}: they "
                "cannot be compared."
            )
        spread = _spread([b]) if spreads is None else spreads[i]
        if spread > 0:
            parts.append((a.float() - b.float()).square().mean() / (2 * spread))
    if not parts:  # a network that always says the same
        return sum((t.float().sum() * 0 for t in ours), torch.zeros(()))
    return torch.stack(parts).mean()


def _spread(batches: Sequence[Tensor]) -> float:
    """Mean variance over the inputs of every number of an answer; of few inputs, that over its numbers."""
    if not batches[0].is_floating_point() or not batches[0].numel():
        return 0.0
    whole = [b.double() for b in batches]
    count = sum(len(b) for b in whole)
    same = all(b.shape[1:] == whole[0].shape[1:] for b in whole)
    size = sum(float(b.square().sum()) for b in whole) / sum(b.numel() for b in whole)
    if count > 1 and same:
        mean = sum((b.sum(0) for b in whole), torch.zeros((), dtype=torch.float64)) / count
        over = sum(float((b - mean).square().sum()) for b in whole) / (mean.numel() * (count - 1))
        if over > _CONSTANT * max(size, 1e-300):
            return over
    flat = torch.cat([b.flatten() for b in whole])
    over = float(flat.var(correction=0))
    return over if over > _CONSTANT * size else size
