"""Training and judging the whole detector on synthetic drives."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .denoising import told
from .guide import Guide
from .head import Detector, Memory
from .loss import loss, loss_told
from .metric import Boxes, mean_average_precision
from .scenes import Frame, sequence
from .sizes import Size
from .state import State

Drive = list[Frame]
BEST = 40  # boxes that are said of a frame


def drives(first: int, count: int, frames: int, size: Size) -> list[Drive]:
    """Drives of these seeds: what is trained on and what is judged on have none in common."""
    return [sequence(n, frames, size.image, size.cameras, size.reach[0]) for n in range(first, first + count)]


def batch(frames: list[Frame]) -> tuple[Tensor, Tensor, Tensor, list[tuple[Tensor, Tensor]]]:
    """(images, to_image, motion, truth) of one moment in several drives."""
    stacked = (torch.stack([getattr(f, name) for f in frames]) for name in ("images", "to_image", "motion"))
    images, to_image, motion = stacked
    return images, to_image, motion, [(f.kinds, f.boxes) for f in frames]


def train(
    detector: Detector,
    every: list[Drive],
    *,
    epochs: int,
    together: int,
    rate: float,
    seed: int = 0,
    say: Callable[[str], None] = print,
    keep: Path | None = None,
    half: bool = False,
    guided: bool = True,
) -> int:
    """Train in place, moment by moment, the memory going along without gradients. Returns the updates made,
    in this run and before.

    Args:
        together: drives in a batch.
        keep: a file that holds all after every epoch; where there is one, training goes on from it.
        half: the body computes in bfloat16.
        guided: the body learns from a guide, too, which is new and goes with this run.
    """
    guide = Guide(detector.size) if guided else None
    detector.body.to(memory_format=torch.channels_last)  # a third quicker on a CPU
    more = guide.parameters() if guide else ()
    parameters = [p for p in (*detector.parameters(), *more) if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.01)
    states = State(detector, guide, optimizer, parameters)
    first, begin = states.take(keep) if keep and keep.is_file() else 0, time.monotonic()
    of_epoch = len(every) // together * len(every[0])
    updates, steps = first * of_epoch, epochs * of_epoch
    for epoch in range(first, epochs):
        random = np.random.default_rng((seed, epoch))
        generator = torch.Generator().manual_seed(int(random.integers(2**31)))
        total = 0.0
        detector.train()
        order = random.permutation(len(every))
        for at in range(0, len(order) - together + 1, together):
            chosen = [every[i] for i in order[at : at + together]]
            memory = detector.head.nothing(together)
            for moment in range(len(chosen[0])):
                done = updates / steps
                for group in optimizer.param_groups:
                    falling = 0.5 * (1 + np.cos(np.pi * done)) + 0.01
                    group["lr"] = rate * min(1.0, 30 * done + 0.03) * falling
                value, memory = step(detector, chosen, moment, memory, generator, guide, half)
                optimizer.zero_grad(set_to_none=True)
                value.backward()
                torch.nn.utils.clip_grad_norm_(parameters, 10.0)
                optimizer.step()
                updates, total = updates + 1, total + float(value.detach())
        say(f"epoch {epoch + 1} of {epochs}: loss {total / of_epoch:.3f}, {time.monotonic() - begin:.0f} s")
        if keep:
            states.put(keep, epoch + 1)
    return updates


def step(
    detector: Detector,
    chosen: list[Drive],
    moment: int,
    memory: Memory,
    generator: torch.Generator | None = None,
    guide: Guide | None = None,
    half: bool = False,
) -> tuple[Tensor, Memory]:
    """(loss of one moment, what is remembered of it, without gradients).

    Args:
        generator: of the places that some queries are told; without, none is told any.
        guide: what else the body learns from; `half`: the body computes in bfloat16.
    """
    images, to_image, motion, truth = batch([drive[moment] for drive in chosen])
    near = told(truth, detector.head.reach, generator) if generator else None
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        features = detector.features(images)
    features = features.float()
    kinds, codes, after = detector.head(features, to_image, memory, motion, near)
    own = detector.size.learned + detector.size.propagated
    value = loss(kinds[:, :, :own], codes[:, :, :own], truth)
    if guide is not None:
        value = value + guide.loss(features, to_image, truth)
    if near is not None:
        value = value + loss_told(kinds[:, :, own:], codes[:, :, own:], truth, near.objects)
    return value, after.detach()


def judge(detector: Detector, every: list[Drive], together: int = 8) -> float:
    """nuScenes' mean average precision over all frames."""
    detector.eval()
    found, truth = [], []
    with torch.no_grad():
        for at in range(0, len(every), together):
            chosen = every[at : at + together]
            memory = detector.head.nothing(len(chosen))
            for moment in range(len(chosen[0])):
                images, to_image, motion, there = batch([drive[moment] for drive in chosen])
                kinds, codes, memory = detector(images, to_image, memory, motion)
                found += [boxes_of(k, c) for k, c in zip(kinds[-1], codes[-1], strict=True)]
                truth += [Boxes(k.numpy(), b[:, :2].numpy()) for k, b in there]
    return mean_average_precision(found, truth, detector.size.classes)


def boxes_of(kinds: Tensor, codes: Tensor) -> Boxes:
    """The likeliest boxes of one frame, from scores (queries, classes) and codes (queries, 10)."""
    scores, at = kinds.sigmoid().flatten().topk(min(BEST, kinds.numel()))
    query, kind = at // kinds.shape[1], at % kinds.shape[1]
    return Boxes(kind.numpy(), codes[query, :2].numpy(), scores.numpy())
