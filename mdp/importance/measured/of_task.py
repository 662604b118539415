"""Measured importance of any task: what a network's own answer loses, however nested it is, for every dim
and block.

As in measure.py, whose networks are classifiers; here every forward is whole, inputs may be several, and the
task says how far two answers are apart.
"""

import itertools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...core.errors import MdpError
from ...core.progress import PartOf, Reporter
from ...core.provenance import HASH
from ...core.study import Scores
from ...networks.prunable import PrunableNetwork
from ...surgery.extract import extract
from ...tasks import Several, Task, examples, leaves, run
from ...tasks.answers import scalar
from ...tasks.outputs import finite
from .campaign import Campaign
from .ending import ended
from .evaluate import LOST, Decision
from .kept import Kept, key_of
from .measure import AGAINST, BATCH, CHEAP, FEWEST, STRIDE, images_for, macs

Batch = tuple[Any, Any]  # inputs, targets


def measure_task(
    found: PrunableNetwork,
    batches: Iterable,
    method: str,
    task: Task,
    cheap: Callable[..., Scores],
    report: Reporter,
    *,
    device: str = "cpu",
    against: str = "outputs",
    seconds: float | None = None,
    asked: bool = True,
    provenance: Mapping[str, Any],
) -> Scores:
    """Scores by measurement; arguments as those of `measure.measure`.

    Raises:
        MdpError: too few inputs, or such that do not fit; targets are missing where they are asked for; the
            network answers with what are no numbers.
        Cancelled: on request; what was measured is kept.
    """
    begin = time.monotonic()
    if against not in AGAINST:
        raise MdpError(f"Losses can be measured against {' or '.join(AGAINST)}, not {against!r}.")
    if seconds is not None and not seconds > 0:
        raise MdpError(f"A time limit of {seconds} s leaves no time to measure; give seconds above 0.")
    by_targets = against == "labels" and task.labelled
    coming = iter(_small(found, batches, by_targets or task.labelled, device))
    first = _first(coming, images_for(found))
    count = sum(len(inputs) for inputs, _ in first)
    if count < FEWEST:
        if count and not asked:
            return cheap(_until(first, None), PartOf(report, 0.0, 1.0))
        raise MdpError(
            f"{count or 'No'} inputs are too few to measure on; give {FEWEST} or more, better a few hundred."
        )
    facts = {"against": against, "task": task.name, HASH: provenance.get(HASH)}
    kept = Kept(key_of(found.model.state_dict(), _flat(first), None, facts))
    limit = None if seconds is None else begin + seconds
    if kept.base is None:
        time_for_it = None if seconds is None else begin + CHEAP * seconds
        kept.base = cheap(_until(itertools.chain(first, coming), time_for_it), PartOf(report, 0.0, 0.2))
        kept.save()
    part = PartOf(report, 0.2, 1.0)
    evaluator = TaskEvaluator(
        found, task, first, kept.base.order, by_targets=by_targets, device=device, check=part.check
    )
    campaign = Campaign(found.space, kept, evaluator, part, limit)  # type: ignore[arg-type]
    complete = campaign.calibrate() if method == "calibrated" else campaign.measure()
    noted = {
        **kept.base.provenance,
        **provenance,
        "method": method,
        "task": task.name,
        "units_by": kept.base.provenance.get("method"),
        "against": "labels" if by_targets else "outputs",
        "measured_images": count,
        "measured": len(kept.losses),
        **({} if complete else {"stopped_after": seconds}),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    return ended(found.space, kept, noted, complete, report)


class TaskEvaluator:
    """Measures decisions on fixed inputs. Deterministic; the dense model is not changed.

    Args:
        order: dim -> units, most important first.
        by_targets: whether losses are the rise of the task's own loss; else the answers' divergence from the
            dense network's.
        check: called between batches; raises to stop.
    """

    def __init__(
        self,
        found: PrunableNetwork,
        task: Task,
        batches: Sequence[Batch],
        order: Mapping[str, np.ndarray],
        *,
        by_targets: bool = False,
        device: str = "cpu",
        check: Callable[[], None] = lambda: None,
    ):
        self.found, self.task, self.batches, self.order = found, task, batches, order
        self._by_targets, self._device, self._check = by_targets, device, check
        self._full = {d.name: d.units for d in found.space.dims}
        outputs = self._outputs(found.model)
        if not all(finite(out) for out in outputs):
            raise MdpError(
                "The outputs of the dense network are not finite: weights or inputs hold values that are too "
                "large. Use another checkpoint, or see that the inputs fit the network."
            )
        self._reference = task.reference(outputs)
        self.dense = self._mean(outputs)
        if self.dense >= LOST:  # then nothing can be worse, and all scores would be 0
            raise MdpError(
                f"By the task {task.name!r} the dense network's own answers are lost (a loss of {LOST:g} or "
                "more, or no number), so nothing can be told apart. See how the task compares answers."
            )

    def loss(self, decision: Decision) -> float:
        """What the answer loses by one dim at one width, or one block gone; capped at LOST."""
        what, name, kept = decision
        choices = {**self._full, **({name: kept} if what == "dim" else {})}
        removed = (name,) if what == "block" else ()
        return self._mean(self._outputs(extract(self.found, choices, removed, self.order))) - self.dense

    def entry_of(self, decision: Decision) -> int:
        """Every forward begins at the inputs."""
        return 0

    def _outputs(self, model: torch.nn.Module) -> list[Any]:
        """The model's answers; where it was on the CPU, it is there again."""
        model, made = model.to(self._device).eval(), []
        try:
            with torch.no_grad():
                for inputs, _ in self.batches:
                    self._check()
                    made.append(run(model, inputs))
        finally:
            model.to("cpu")
        return made

    def _mean(self, outputs: Sequence[Any]) -> float:
        total = count = 0.0
        for i, (out, (inputs, targets)) in enumerate(zip(outputs, self.batches, strict=True)):
            value = self.task.loss(out, targets) if self._by_targets else self._reference.divergence(i, out)
            value = scalar(value, self.task, "The loss" if self._by_targets else "The divergence")
            value = torch.nan_to_num(value.detach().float(), nan=LOST, posinf=LOST).clamp(max=LOST)
            total, count = total + float(value) * len(inputs), count + len(inputs)
        return total / count


def _small(found: PrunableNetwork, batches: Iterable, labelled: bool, device: str) -> Iterable[Batch]:
    """Batches of few enough inputs that somebody who asks to stop does not wait."""
    size = BATCH if device != "cpu" else int(max(1, min(BATCH, STRIDE // max(1.0, macs(found)))))
    for inputs, targets in examples(found.ref, batches, device, labelled=labelled):
        for at in range(0, len(inputs), size):
            some = None if targets is None else _some(targets, at, at + size, len(inputs))
            yield inputs[at : at + size], some


def _some(targets: Any, begin: int, end: int, count: int) -> Any:
    """The targets of some of a batch's inputs: of a tensor, of a list, or of several of them."""
    if isinstance(targets, dict):
        return {key: _some(value, begin, end, count) for key, value in targets.items()}
    if isinstance(targets, Tensor) and targets.ndim and len(targets) == count:
        return targets[begin:end]
    if isinstance(targets, list | tuple) and len(targets) == count:
        return targets[begin:end]
    if isinstance(targets, list | tuple):
        return type(targets)(_some(value, begin, end, count) for value in targets)
    return targets


def _first(batches: Iterable[Batch], wanted: int) -> list[Batch]:
    taken: list[Batch] = []
    count = 0
    for batch in batches:
        taken.append(batch)
        count += len(batch[0])
        if count >= wanted:
            break
    return taken


def _until(batches: Iterable[Batch], moment: float | None) -> Iterable[Batch]:
    """The batches that begin before `moment`, two at least."""
    for i, batch in enumerate(batches):
        if moment is not None and i >= 2 and time.monotonic() > moment:
            return
        inputs, targets = batch
        yield (inputs.tensors if isinstance(inputs, Several) else inputs), targets


def _flat(batches: Sequence[Batch]) -> Tensor:
    """All numbers of inputs and targets in one row: what tells these batches from others."""
    every = [
        t
        for inputs, targets in batches
        for t in (*(inputs.tensors if isinstance(inputs, Several) else (inputs,)), *leaves(targets))
    ]
    return torch.cat([t.detach().cpu().double().flatten() for t in every])
