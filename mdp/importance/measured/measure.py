"""Importance that was measured: what the network's own answer loses, for every dim and block.

A cheap score ranks the units within each dim. Then a dim at one width, or a network without one block, is
run on a few hundred images, and its outputs are set beside the dense network's.
"""

import dataclasses
import itertools
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...core.errors import MdpError
from ...core.progress import PartOf, Reporter
from ...core.provenance import HASH
from ...core.study import Scores
from ...networks.in_memory import copied
from ...networks.prunable import PrunableNetwork
from ..images import UNLABELLED, fitting
from .campaign import Campaign
from .ending import ended
from .evaluate import Evaluator
from .kept import Kept, key_of
from .mended import FEWEST as FEWEST_MENDED
from .mended import WORK as WORK_MENDED

AGAINST = ("outputs", "labels")
# Images to measure on: no more than MOST, and as many as a forward of these multiply-adds takes.
MOST, LEAST, WORK = 512, 48, 60e9
# A network cannot be told from another on fewer.
FEWEST = 8
# Multiply-adds between two looks at whether somebody asked to stop, and images of a batch at most.
STRIDE, BATCH = 10e9, 125
# The share of the time that the cheap score may take, where there is a limit.
CHEAP = 0.3


def measure(
    found: PrunableNetwork,
    batches: Iterable,
    method: str,
    cheap: Callable[..., Scores],
    report: Reporter,
    *,
    device: str = "cpu",
    loss: Callable[[Any, Tensor], Tensor] | None = None,
    against: str = "outputs",
    seconds: float | None = None,
    asked: bool = True,
    provenance: Mapping[str, Any],
) -> Scores:
    """Scores by measurement. `method` is "measured" or "calibrated"; `cheap(batches, loss, report)` ranks the
    units, with what `score` gives; it is all there is where the method was not `asked` for and images are
    few.

    Raises:
        MdpError: no images or too few, of another size, without labels where they are asked for, a network
            whose outputs are not finite or that gets nothing right.
        Cancelled: on request; what was measured is kept.
    """
    begin = time.monotonic()
    if against not in AGAINST:
        raise MdpError(f"Losses can be measured against {' or '.join(AGAINST)}, not {against!r}.")
    if seconds is not None and not seconds > 0:
        raise MdpError(f"A time limit of {seconds} s leaves no time to measure; give seconds above 0.")
    stream = fitting(found, batches, "cpu", labels=against == "labels")
    first = _first(stream, images_for(found))
    images = torch.cat([pixels for pixels, _ in first]) if first else torch.empty(0)
    if len(images) < FEWEST:
        if not asked:
            return cheap(first, loss, report)
        if not first:
            raise MdpError("There are no images to measure on; give a few hundred, with or without labels.")
        raise MdpError(
            f"{len(images)} images are too few to measure on; give {FEWEST} or more, better {MOST}."
        )
    labels = torch.cat([of for _, of in first])
    unlabelled = bool((labels == UNLABELLED).any())
    facts = {"against": against, "loss": loss is not None, **_asked(provenance)}
    kept = Kept(key_of(found.model.state_dict(), images, None if unlabelled else labels, facts))
    limit = None if seconds is None else begin + seconds
    if kept.base is None:
        all_of = itertools.chain(first, stream)
        kept.base = cheap(
            _until(all_of, None if seconds is None else begin + CHEAP * seconds),
            own_answers if unlabelled else loss,
            PartOf(report, 0.0, 0.2),
        )
        kept.save()
    part = PartOf(report, 0.2, 1.0)
    images, labels = images[: images_for(found)], labels[: images_for(found)]
    size = BATCH if device != "cpu" else int(max(1, min(BATCH, STRIDE // max(1.0, macs(found)))))
    pairs = [
        (x.to(device), None if unlabelled else y.to(device))
        for x, y in zip(images.split(size), labels.split(size), strict=True)
    ]
    on_device = found if device == "cpu" else dataclasses.replace(found, model=copied(found.model).to(device))
    mending = method == "measured" and len(images) >= 2 * FEWEST_MENDED and len(pairs) > 1
    mending = mending and macs(found) * len(images) <= WORK_MENDED
    evaluator = Evaluator(
        found,
        pairs,
        kept.base.order,
        against=against,
        loss=loss,
        check=part.check,
        dense=on_device,
        mend=mending,
    )
    right = None if unlabelled else evaluator.accuracy()
    _sound(right, against, len(images), report)
    if method == "measured" and not kept.losses:
        kept.base = sorted_by_place(found, evaluator, kept.base, report)
        evaluator.order = kept.base.order
    campaign = Campaign(found.space, kept, evaluator, part, limit)
    whole = campaign.calibrate() if method == "calibrated" else campaign.measure()
    noted = {
        **kept.base.provenance,
        **provenance,
        "method": method,
        "units_by": kept.base.provenance.get("method"),
        "against": against,
        "measured_images": len(images),
        "measured": len(kept.losses),
        **({"repaired": True} if mending else {}),
        **({} if right is None else {"measured_accuracy": round(right, 4)}),
        **({} if whole else {"stopped_after": seconds}),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    return ended(found.space, kept, noted, whole, report)


def sorted_by_place(found: PrunableNetwork, evaluator: Evaluator, base: Scores, report: Reporter) -> Scores:
    """The scores with the units of a dim in the order in which they come, where a measurement says that this
    is better than the score's, halfway down."""
    order = dict(base.order)
    for dim in found.space.dims:
        if len(dim.options) > 1 and evaluator.natural(dim.name, dim.options[(len(dim.options) - 1) // 2]):
            order[dim.name] = np.arange(dim.units)
        report.check()
    return dataclasses.replace(base, order=order)


def images_for(found: PrunableNetwork) -> int:
    """How many images to measure on, by the multiply-adds that one takes."""
    return int(max(LEAST, min(MOST, WORK / max(1.0, macs(found)))))


def macs(found: PrunableNetwork) -> float:
    """Multiply-adds of the dense network for one image."""
    full = {d.name: d.units for d in found.space.dims}
    return sum(product.value(full) for product in found.space.counts.get("macs", ()))


def own_answers(outputs: Tensor, _labels: Tensor) -> Tensor:
    """Cross-entropy towards the network's own answers, where there are no labels."""
    return torch.nn.functional.cross_entropy(outputs.float(), outputs.detach().argmax(1))


def _asked(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """What tells one run from another beyond the first images: how many there are in all, and the weights."""
    return {key: provenance[key] for key in ("pictures", "views", "batch", HASH) if key in provenance}


def _first(stream: Iterable, images: int) -> list[tuple[Tensor, Tensor]]:
    taken: list[tuple[Tensor, Tensor]] = []
    count = 0
    for pixels, labels in stream:
        taken.append((pixels, labels))
        count += len(pixels)
        if count >= images:
            break
    return taken


def _until(batches: Iterable, moment: float | None) -> Iterable:
    """The batches that begin before `moment`, two at least."""
    for i, batch in enumerate(batches):
        if moment is not None and i >= 2 and time.monotonic() > moment:
            return
        yield batch


def _sound(right: float | None, against: str, images: int, report: Reporter) -> None:
    """Say what labels show of the dense network: a network that is right on nothing has nothing to lose."""
    if right == 0 and against == "labels":
        raise MdpError(
            f"The dense network is right on none of the {images} images, so nothing that is pruned can "
            "lose by their labels. See that images and labels are the ones it was trained on, or measure "
            "against its "
            "outputs."
        )
    if right == 0:
        report.message(
            f"The dense network is right on none of the {images} images by their labels. Its own outputs are "
            "what pruned networks are compared with; see that these are images of its kind."
        )
    if images < 64:
        report.message(f"{images} images are few to measure on; small losses are noise. 500 are usual.")
