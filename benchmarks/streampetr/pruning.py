"""The body as a network to prune: its latency beside the head's, which is fixed, and its importance by the
whole detector's loss."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import mdp
from mdp.core.problem import Term
from mdp.core.progress import ConsoleReporter, Reporter
from mdp.core.study import Tables
from mdp.latency.device import deployment
from mdp.surgery import deploy
from mdp.tasks import Match, Reference
from mdp.training.timing import measure

from .head import Detector, Head
from .loss import loss
from .sizes import Size
from .training import Drive, batch

HEAD = "head (fixed: 3-D positions, queries, decoder)"


def taken_apart(body: nn.Module, size: Size, options: int) -> mdp.Network:
    """The body's dims and blocks, each dim at so many widths."""
    image, small = torch.zeros(1, 3, *size.image), torch.zeros(1, 3, 64, 64)
    units = {d.name: d.units for d in mdp.prunable(body, small).space.dims}  # the same for any image
    return mdp.prunable(body, image, width_step={n: max(1, u // options) for n, u in units.items()})


def neck_pins(net: mdp.Network) -> dict[str, int]:
    """The neck's own width held as it is: the paper prunes the backbone alone."""
    of_neck = {s.dim for s in net.slices if s.tensor.startswith(("fine.", "coarse.")) and s.axis == 0}
    return {d.name: d.units for d in net.space.dims if d.name in of_neck}


class FixedHead(nn.Module):
    """The head on one frame of features, everything else held, as something to time.

    Takes (cameras, width, rows, columns).
    """

    def __init__(self, head: Head):
        super().__init__()
        self.head = head.eval()
        memory = head.nothing(1)
        # Places ahead of the cameras; what they are changes nothing that is timed.
        self.memory = replace(memory, points=torch.rand_like(memory.points) * 10)
        self.register_buffer("to_image", torch.eye(4).expand(1, head.size.cameras, 4, 4).contiguous())
        self.register_buffer("motion", torch.eye(4)[None])

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        kinds, codes, _ = self.head(features[None], self.to_image, self.memory, self.motion)
        return kinds[-1], codes[-1]


class Whole(nn.Module):
    """Body, as deployed, and head on one frame: (cameras, 3, height, width) in."""

    def __init__(self, body: nn.Module, head: Head):
        super().__init__()
        self.body, self.rest = deploy(body), FixedHead(head)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return self.rest(self.body(images))


def in_turns(
    networks: Sequence[nn.Module], net: mdp.Network, size: Size, inputs: Sequence[int]
) -> list[float]:
    """Latency in ms of each for one frame of all cameras, one thread, timed in turns; laid out in memory as
    `mdp.profile` lays out a network of convolutions."""
    where = deployment("cpu", batch=size.cameras, memory_format="channels_last", threads=1)
    ref = replace(net.ref, input_size=tuple(inputs))
    return measure(networks, ref, where, ConsoleReporter())


def with_head(tables: Tables, ms: float) -> Tables:
    """The body's tables and the fixed time of the head."""
    return replace(tables, terms=(*tables.terms, Term(HEAD, None, (), np.array(ms))))


@dataclass(frozen=True)
class Given:
    """What goes with the images of one moment: where cameras stand, what is remembered, what is there."""

    to_image: Tensor
    memory: Any
    motion: Tensor
    truth: list


class ThroughHead(Match):
    """The body's task: what the whole detector makes of its features. Gradients are those of the detector's
    loss; a narrower body's answers are compared as the dense head sees them."""

    name, labelled = "3-D detection", True

    def __init__(self, head: Head):
        self.head = copy.deepcopy(head).eval().requires_grad_(False)

    def score_loss(self) -> Callable[[Any, Any], Tensor]:
        return lambda features, given: self.loss(features, given)

    def loss(self, outputs: Any, targets: Any, told: Any = None) -> Tensor:
        g: Given = targets["given"]
        features = outputs.unflatten(0, (len(g.truth), -1))
        kinds, codes, _ = self.head(features, g.to_image, g.memory, g.motion)
        return loss(kinds, codes, g.truth)

    def reference(self, outputs: Sequence[Any]) -> Reference:
        return super().reference(outputs)


def moments(detector: Detector, drives: list[Drive], together: int = 8) -> list[tuple[Tensor, dict]]:
    """The last moment of each drive, with what the dense detector remembers by then."""
    found = []
    detector.eval()
    with torch.no_grad():
        for at in range(0, len(drives) - together + 1, together):
            chosen = drives[at : at + together]
            memory = detector.head.nothing(together)
            for moment in range(len(chosen[0])):
                images, to_image, motion, truth = batch([drive[moment] for drive in chosen])
                given = Given(to_image, memory, motion, truth)
                _, _, memory = detector(images, to_image, memory, motion)
            found.append((images.flatten(0, 1), {"given": given}))
    return found


def study_of(
    detector: Detector, net: mdp.Network, calibration: list, seconds: float, report: Reporter | None = None
) -> tuple[Tables, mdp.Scores]:
    """Latency tables of body and head, and measured importance against what is there."""
    size, progress = detector.size, report if report is not None else True
    where = mdp.Deployment("cpu", batch_size=size.cameras, threads=1)
    tables = mdp.profile(net, where, seconds=seconds, progress=progress)
    head_ms = in_turns([FixedHead(detector.head)], net, size, (size.width, *size.grid))[0]
    scores = mdp.score(
        net, calibration, method="measured", against="labels", task=ThroughHead(detector.head),
        seconds=seconds, progress=progress,
    )  # fmt: skip
    return with_head(tables, head_ms), scores
