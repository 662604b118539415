"""What the dense network's answer loses under one decision, measured: one dim narrower, or one block gone."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...core.errors import MdpError
from ...networks.prunable import PrunableNetwork
from ...surgery.extract import extract
from ...surgery.keep_indices import kept_positions, kept_units
from .chain import chain, entered, entry, kept_output
from .mended import SMALL, Mender

# Kept activations may take this much memory, bytes; beyond, forwards begin at the image.
ROOM = 1 << 30
# Of a network whose numbers run over, or that is sure of the wrong class: nats.
LOST = 50.0

# ("dim", name, kept units) or ("block", name, 0)
Decision = tuple[str, str, int]


class Evaluator:
    """Measures decisions on fixed images. Deterministic; the dense model is not changed.

    Args:
        batches: images, float (batch, channels, height, width), and labels or None, on the device.
        order: dim -> units, most important first.
        against: "outputs": the Kullback-Leibler divergence of the network's probabilities from the dense
            network's, in nats; "labels": how much the loss rises.
        loss: the loss against labels; by default cross-entropy.
        check: called between batches; raises to stop.
        dense: the same network on the images' device, where that is not the CPU.
        mend: whether losses are those of the repaired network: the first half of the batches is learnt from,
            the second measured on.
    """

    def __init__(
        self,
        found: PrunableNetwork,
        batches: Sequence[tuple[Tensor, Tensor | None]],
        order: Mapping[str, np.ndarray],
        *,
        against: str = "outputs",
        loss: Callable[[Any, Tensor], Tensor] | None = None,
        check: Callable[[], None] = lambda: None,
        dense: PrunableNetwork | None = None,
        mend: bool = False,
    ):
        self.found, self.batches, self.order = found, batches, order
        self._loss, self._against, self._check = loss or F.cross_entropy, against, check
        self._dense = dense or found
        self.images = sum(len(images) for images, _ in batches)
        half = (len(batches) + 1) // 2 if mend else 0
        self._judged = range(half, len(batches))
        self._full = {d.name: d.units for d in found.space.dims}
        self.outputs = [self._dense_output(images) for images, _ in batches]
        first = batches[0][0][:2]
        self.links = chain(self._dense, first, extract(found, self._full, (), order).to(first.device))
        self._kept: dict[int, list[Tensor]] = {}
        learn = torch.cat([images for images, _ in batches[:half]]) if half else torch.empty(0)
        self._mender = Mender(self._dense.model, learn, self.links, check) if half else None
        self.dense = self._mean([self._distance(i, self.outputs[i]) for i in self._judged])

    def loss(self, decision: Decision) -> float:
        """What the answer loses, ≥ 0 but for labels, where less than nothing can be lost; capped at LOST."""
        model, as_cut = self._as_cut(decision, self.order)
        if self._mender is None or as_cut < SMALL:
            return as_cut
        return min(as_cut, self._mended(model, decision))

    def _as_cut(self, decision: Decision, order: Mapping[str, np.ndarray]) -> tuple[nn.Module, float]:
        """(the pruned network, what its answer loses)."""
        choices, removed = self._asked(decision)
        model = extract(self.found, choices, removed, order).to(self.batches[0][0].device)
        start = entry(self.links, self._changed(choices, order), removed)
        return model, self._lost(model, start)

    def _mended(self, model: nn.Module, decision: Decision) -> float:
        """What the answer loses once the pruned network is repaired, on images that it did not learn from."""
        assert self._mender is not None
        choices, removed = self._asked(decision)
        changed = [*self._changed(choices, self.order), *self._mender.begins_at(model)]
        start = entry(self.links, changed, removed)
        given = self._activations(start) if start >= 0 else None
        positions = kept_positions(self.found, kept_units(self.found, choices, self.order))
        outputs = {
            name.removesuffix(".weight"): torch.from_numpy(np.flatnonzero(axes[0]))
            for name, axes in positions.items()
            if name.endswith(".weight") and 0 in axes
        }
        learnt = None if given is None else torch.cat(given[: self._judged.start])
        return self._lost(self._mender(model, outputs, start if given else -1, learnt), start)

    def _lost(self, model: nn.Module, start: int) -> float:
        """What the answer of a network that begins to differ behind link `start` loses."""
        given, found = self._activations(start) if start >= 0 else None, []
        with torch.no_grad():
            for i in self._judged:
                self._check()
                if given is None:
                    output = model(self.batches[i][0])
                else:
                    # Nothing but the shape of the images is used: the modules that read them are skipped.
                    with entered(model, self.links, start, given[i]):
                        output = model(self.batches[i][0])
                found.append(self._distance(i, output))
        return self._mean(found) - self.dense

    def natural(self, dim: str, kept: int) -> bool:
        """Whether less is lost, as cut, where the first units stay instead of those that the score ranks
        first: of a network whose units come sorted, as rotated ones do, they are the better."""
        ranked = self.order[dim]
        first = np.arange(len(ranked))
        if set(ranked[:kept]) == set(first[:kept]):
            return False
        by_score, by_place = (
            self._as_cut(("dim", dim, kept), {**self.order, dim: units})[1] for units in (ranked, first)
        )
        return by_place < by_score

    def accuracy(self) -> float:
        """Share of the images that the dense network gets right by their labels."""
        pairs = [(out, labels) for out, (_, labels) in zip(self.outputs, self.batches, strict=True)]
        return sum(int((out.argmax(1) == y).sum()) for out, y in pairs if y is not None) / self.images

    def entry_of(self, decision: Decision) -> int:
        """The link where this decision's forwards begin: decisions sorted by it reuse most."""
        choices, removed = self._asked(decision)
        return entry(self.links, self._changed(choices, self.order), removed)

    def _asked(self, decision: Decision) -> tuple[dict[str, int], tuple[str, ...]]:
        """(choices, removed blocks) of one decision."""
        what, name, kept = decision
        choices = {**self._full, **({name: kept} if what == "dim" else {})}
        return choices, (name,) if what == "block" else ()

    def _changed(self, choices: Mapping[str, int], order: Mapping[str, np.ndarray]) -> list[str]:
        kept = kept_units(self.found, choices, order)
        positions = kept_positions(self.found, kept)
        return [name for name, axes in positions.items() if any(not stay.all() for stay in axes.values())]

    def _activations(self, at: int) -> list[Tensor] | None:
        """What link `at` gives for each batch, from the nearest link before it whose outputs are kept."""
        size = 4 * self.images * int(np.prod(self.links[at].shape))
        if size > ROOM:
            return None
        if at not in self._kept:
            near = max((i for i in self._kept if i < at), default=None)
            made = []
            for b, (images, _) in enumerate(self.batches):
                self._check()
                start = None if near is None else (near, self._kept[near][b])
                made.append(kept_output(self._dense.model, self.links, at, images, start))
            while self._kept and size + sum(map(_bytes, self._kept.values())) > ROOM:
                self._kept.pop(min(self._kept))
            self._kept[at] = made
        return self._kept[at]

    def _dense_output(self, images: Tensor) -> Tensor:
        self._check()
        with torch.no_grad():
            output = self._dense.model(images)
        if not isinstance(output, Tensor) or output.ndim != 2:
            raise MdpError(
                "Importance is measured on classifiers, whose outputs are (images, classes); this network "
                "gives something else. Use another score, such as hessian."
            )
        if not torch.isfinite(output).all():
            raise MdpError(
                "The outputs of the dense network are not finite: weights or images hold values that are too "
                "large. Use another checkpoint, or see that the images fit the network."
            )
        return output.float()

    def _distance(self, batch: int, output: Tensor) -> tuple[float, int]:
        """(mean loss of a batch, its images)."""
        output = output.float()
        labels = self.batches[batch][1]
        if self._against == "labels":
            value = self._loss(output, labels)
        else:
            there = F.log_softmax(self.outputs[batch].double(), 1)
            here = F.log_softmax(output.double(), 1)
            value = (there.exp() * (there - here)).sum(1).mean()
        return float(torch.nan_to_num(value, nan=LOST, posinf=LOST).clamp(max=LOST)), len(output)

    @staticmethod
    def _mean(parts: Sequence[tuple[float, int]]) -> float:
        return sum(value * count for value, count in parts) / sum(count for _, count in parts)


def _bytes(tensors: Sequence[Tensor]) -> int:
    return sum(t.numel() * t.element_size() for t in tensors)
