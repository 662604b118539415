"""`repair(network, batches)`: a pruned network fitted to the dense one, without training."""

import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..core.errors import MdpError
from ..operations import RepairOptions, check
from .progress import Progress, reporter

if TYPE_CHECKING:
    from torch import nn

    from ..tasks import Task

# Pruned network -> the dense one that it was cut out of, while both are in memory.
_ORIGINS: "weakref.WeakKeyDictionary[nn.Module, weakref.ref[nn.Module]]" = weakref.WeakKeyDictionary()


def repair(
    network: "nn.Module",
    batches: Iterable[Any],
    *,
    dense: "nn.Module | None" = None,
    images: int | None = None,
    device: str = "cpu",
    seed: int = RepairOptions.seed,
    task: "Task | str | None" = None,
    progress: Progress = True,
) -> "nn.Module":
    """Fit the layers of a pruned network to those of the dense one, in closed form; returns a copy.

    Seconds instead of epochs, and no labels. A quarter of the images is held out and judges: where no repair
    is better than the network as it was, a copy of that comes back. `returned.repair_report` says what was
    done (`.text` in words), and what each of the two is worth on the held-out images.

    Args:
        network: from `net.extract` or `load`; it is not changed.
        batches: any iterable of (images, labels), or of images alone; a few hundred images do. They are
            normalised as the network wants them. Labels, where given, help to judge.
        dense: the network that it was cut out of; found where `net` is still in memory, or where its weights
            come with the project or lie in a checkpoint.
        images: how many at most; by default all that are given.
        device: where to compute: "cpu", "cuda" or "mps".
        seed: which images are held out.
        task: what the network is for, as for `score`: says how its answers are judged.
        progress: True, False, or a `mdp.Reporter` that is told and may cancel.

    Raises:
        MdpError: no images, too few, or of another size; the dense network is not at hand, or is another one.
        Cancelled: the reporter asked to stop.

    >>> import torch, mdp
    >>> network = mdp.load("data/networks/fmnist-vit-40")
    >>> images = [torch.randn(16, 1, 28, 28) for _ in range(2)]
    >>> repaired = mdp.repair(network, images, progress=False)
    >>> repaired.repair_report.held_out, repaired.training
    (8, False)
    """
    from ..latency.device import deployment
    from ..reconstruction import repair as fit

    check(RepairOptions, seed=seed, **({} if images is None else {"images": images}))
    report = reporter(progress)
    dense = dense if dense is not None else origin(network)
    repaired, told = fit(
        network,
        dense,
        batches,
        report,
        images=images,
        seed=seed,
        device=deployment(device).kind,
        task=task,
    )
    note_origin(repaired, dense)
    report.message(told.text)
    repaired.repair_report = told  # type: ignore[assignment]  # a note for the caller, no part of the network
    return repaired


def note_origin(pruned: "nn.Module", dense: "nn.Module") -> None:
    """Remember what a network was cut out of, without keeping it in memory."""
    _ORIGINS[pruned] = weakref.ref(dense)


def pass_on_origin(former: "nn.Module", new: "nn.Module") -> None:
    """What was made of a pruned network was cut out of the same dense one."""
    if former in _ORIGINS:
        _ORIGINS[new] = _ORIGINS[former]


def origin(pruned: Any) -> "nn.Module":
    """The dense network of a pruned one: in memory, or built from weights that are at hand.

    Raises:
        MdpError: it is neither.
    """
    from ..core.model_ref import MEMORY
    from ..networks.models import create

    architecture = getattr(pruned, "architecture", None)
    if architecture is None:
        raise MdpError("Only a pruned network can be repaired: one from net.extract(plan) or mdp.load.")
    noted = _ORIGINS.get(pruned)
    dense = noted() if noted else None
    if dense is not None:
        return dense
    ref = architecture.model
    if ref.weights in (MEMORY, "none") or ref.new_head:
        raise MdpError(
            f"The dense {ref.name} is no longer in memory, and no file has its weights. Give it: "
            "mdp.repair(network, batches, dense=model)."
        )
    return create(ref)
