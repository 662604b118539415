"""`repair(pruned, dense, batches)`: fit a pruned network to the dense one, and keep what measures better."""

import copy
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

import torch
from torch import nn

from ..core.errors import MdpError
from ..core.progress import PartOf, Reporter
from ..networks.in_memory import copied
from ..networks.layout import has_channels_last
from ..tasks import Classification, task_of
from ..tasks import Task as Goal
from .head import with_head
from .images import FEWEST, Images, moved, parted
from .judge_task import collect_for, judge_of
from .layers import Survey, survey
from .plan import Task, room, rows_of, tasks
from .report import RepairReport
from .solved import Setting, fitted
from .steps import between
from .sweep import sweep
from .targets import targets
from .trials import Trials

# Each layer takes the ridge that does best on images held back from it.
RIDGES = (1e-1, 1e-2, 1e-3, 1e-4)
# What a layer that writes to a stream takes on of the stream's error: all of it among convolutions; among
# transformers half, and the rest in a second sweep. (All of it twice was worse there, and a second sweep was
# worse for a ResNet.)
CONVOLUTIONS, TRANSFORMERS = Setting(ridges=RIDGES, residual=1.0), Setting(ridges=RIDGES)
# Where features are only partly predictable, a regression shrinks them, and behind an activation that few of
# them pass, hardly any are left: then their variance is kept. Layers with groups, whose outputs see few
# inputs, stay as they are.
KEPT = Setting(ridges=(1e1, 1.0, 1e-1, 1e-2), residual=0.5, variance=1.0, depthwise=False)
# A strong ridge changes little beyond means.
CAUTIOUS = Setting(ridge=1.0)
# Shares of the way that are tried of what is worse as a whole.
STEPS = (0.5, 0.25)
# Multiply-adds of one pass over all images below which there is a second sweep.
CHEAP = 1.5e11


def repair(
    pruned: nn.Module,
    dense: nn.Module,
    batches: Iterable[Any],
    report: Reporter | None = None,
    *,
    images: int | None = None,
    seed: int = 0,
    device: Any = "cpu",
    settings: Sequence[Setting] | None = None,
    task: Goal | str | None = None,
) -> tuple[nn.Module, RepairReport]:
    """Fit every linear layer and convolution of a pruned network to what it put out in the dense one.

    In the order of the forward: X are the layer's inputs in the pruned network as repaired so far, Y the
    dense layer's outputs, those that were kept; new weights minimise ‖X Wᵀ + b − Y‖² + ridge · ‖W − now‖²,
    see `gram.Gram.solve`. A quarter of the images is held out, and judges the whole network: what comes back
    is the best of the repairs, or the network as it was where none is better. The classifier is fitted last,
    see `head.with_head`. It is the same every time.

    Args:
        pruned: from `extract`, with its `architecture`; it is not changed.
        dense: the network that it was cut out of, or one with the same layers.
        batches: any iterable of (images, labels), or of images alone; labels are used to judge only. Images
            are normalised as the network wants them.
        images: how many of them at most; by default all that are given and fit in memory.
        device: where to compute: "cpu", "cuda" or "mps".
        task: what the network is for: says how its answers are judged. By default classification for
            classifiers, and "match" for others; batches are then of whatever the network takes.

    Returns:
        the network, a copy in eval mode on the CPU, and the report.

    Raises:
        MdpError: no images, too few, or of another size; the dense network's outputs are no numbers; it is
            another network; nobody says which units the pruned one has.
        Cancelled: on request.
    """
    report, start = report or Reporter(), time.monotonic()
    if getattr(pruned, "architecture", None) is None:
        raise MdpError("Only a pruned network can be repaired: one from net.extract(plan), or mdp.load.")
    ref = pruned.architecture.model
    goal = task_of(task, ref)
    judge = judge_of(goal)
    every = collect_for(goal, ref, batches, images, report)
    network, dense = (_ready(n, device) for n in (pruned, dense))
    every = Images(moved(every.images, device), every.labels)
    memory, notes = room(), []
    found = survey(network, every.images[:2])
    if fewer := _fewer(len(every), found, memory):
        notes.append(f"Memory holds {fewer:,} of the {len(every):,} images; the others are not looked at.")
        every = every.take(torch.arange(fewer))
    learn, held = parted(every, seed)
    todo, skipped = tasks(network, dense, found, len(learn), seed, memory / 4)
    if rows_of(todo) > memory / 2:
        raise MdpError(
            f"The dense network's answers take {rows_of(todo) / 1e9:.1f} GB, more than is free. Give fewer "
            "images."
        )
    ways = settings or _ways(todo)
    share = 1 / (3 + 2 * len(ways))
    wanted = targets(dense, learn.images, todo, PartOf(report, 0, share))
    by_dense = judge.answers(dense, held.images, report)
    if not judge.finite(by_dense):
        raise MdpError("The dense network answers with values that are no numbers: it teaches nothing.")
    before = judge.worth(judge.answers(network, held.images, report), by_dense, held)
    trials = Trials(network, before, len(held))
    parts = iter(PartOf(report, share * (1 + 2 * i), share * (3 + 2 * i)) for i in range(len(ways) + 1))

    def tried(now: nn.Module, setting: Setting | None, left: dict[str, str]) -> bool:
        worth = judge.worth(judge.answers(now, held.images, report), by_dense, held)
        return trials.add(now, worth, setting, left)

    def attempt(begin: nn.Module, setting: Setting, sweeps: int = 1) -> None:
        now = copy.deepcopy(begin)
        left = sweep(now, learn.images, todo, wanted, setting, next(parts))
        whole = tried(now, replace(setting, sweeps=sweeps), left)
        if settings is None and sweeps == 1 and (setting.variance or not whole):
            for step in STEPS:
                tried(between(begin, now, step), replace(setting, step=step), left)

    for way in ways if todo else ():
        attempt(network, way)
        if trials.setting and settings is None:
            break
    if (
        trials.setting
        and trials.setting.step == 1
        and _transformer(todo)
        and _work(network, todo, len(learn)) < CHEAP
    ):
        attempt(trials.best, trials.setting, sweeps=2)
    classifier = False
    if todo and isinstance(goal, Classification):
        own = with_head(trials.best, learn.images, wanted.answers, report)
        classifier = own is not None and tried(own, trials.setting, trials.failed)
    done = RepairReport(
        repaired=trials.kept,
        images=len(learn),
        held_out=len(held),
        before=before,
        after=trials.after,
        setting=asdict(trials.setting) if trials.setting else {},
        classifier=classifier,
        layers=sum(t.name not in trials.failed and fitted(t, trials.setting) for t in todo),
        skipped={**skipped, **{name: f"its inputs are {why}" for name, why in trials.failed.items()}},
        tried=tuple(trials.tried),
        seconds=time.monotonic() - start,
        notes=tuple(notes),
        task=goal.name,
    )
    best = trials.best.cpu().to(memory_format=torch.contiguous_format)
    best.architecture = pruned.architecture
    return best, done


def _ready(network: nn.Module, device: Any) -> nn.Module:
    """A copy in eval mode on the device, without gradients, laid out as convolutions are fastest."""
    made = copied(network).requires_grad_(False).to(device).float().eval()
    last = has_channels_last(made)
    return made.to(memory_format=torch.channels_last) if last else made


def _ways(todo: Sequence[Task]) -> Sequence[Setting]:
    """What is tried until something is better than the network as it was cut."""
    if _transformer(todo):
        return TRANSFORMERS, KEPT, CAUTIOUS
    grouped = any(t.layer.groups > 1 and t.layer.norm for t in todo)  # mobile networks
    return (KEPT, CONVOLUTIONS, CAUTIOUS) if grouped else (CONVOLUTIONS, KEPT, CAUTIOUS)


def _transformer(todo: Sequence[Task]) -> bool:
    """Whether streams are of tokens."""
    return any(t.write and t.write.after.axis == -1 for t in todo)


def _work(network: nn.Module, todo: Sequence[Task], images: int) -> float:
    """Multiply-adds of one pass of the images through all that is repaired."""
    return images * sum(t.layer.places * network.get_submodule(t.name).weight.numel() for t in todo)


def _fewer(images: int, found: Survey, memory: float) -> int:
    """How many of the images memory holds on their way through, 0 where it holds all.

    Raises:
        MdpError: not even the fewest.
    """
    fit = int(memory / max(found.bytes_per_image, 1))
    if fit < FEWEST:
        raise MdpError(
            f"One image takes about {found.bytes_per_image / 1e9:.1f} GB on its way through the network, "
            f"and a repair holds {FEWEST} or more: that is more memory than is free."
        )
    return fit if fit < images else 0
