"""`finetune(pruned, train, val)`: train a pruned network on, on anybody's batches; `evaluate` counts."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.given import must_be
from ..operations import FinetuneOptions, check
from .progress import Progress, reporter
from .repair import origin, pass_on_origin

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ..core.model_ref import ModelRef
    from ..tasks import Task

    Batches = Iterable[tuple[Tensor, Tensor]]


def evaluate(
    network: "nn.Module",
    batches: "Batches",
    *,
    task: "Task | str | None" = None,
    dense: "nn.Module | None" = None,
) -> float:
    """Measure quality, between 0 and 1: of a classifier the accuracy, the share of the images whose class it
    says; of a detector the mean average precision; for the task match how much of what varies in the dense
    network's answers its own have (R²).

    Args:
        network: in any mode; it is evaluated in eval mode and left there, on the device that trains.
        batches: any iterable of (images, labels), as for `score`.
        task: what the network is for, as for `score`; match where `dense` is given.
        dense: the dense network, for the task match; found as by `repair`.

    Raises:
        MdpError: nothing to measure on, batches that do not fit, or the dense network is not at hand.

    >>> import torch, mdp
    >>> network = mdp.load("data/networks/fmnist-vit-15")
    >>> 0 <= mdp.evaluate(network, [(torch.randn(4, 1, 28, 28), torch.randint(10, (4,)))]) <= 1
    True
    """
    check_module(network, "the network to evaluate, a torch.nn.Module")
    from ..tasks import Classification, examples, task_of
    from ..tasks.answers import quality
    from ..training.batches import as_loader
    from ..training.evaluation import accuracy

    goal = task_of("match" if task is None and dense is not None else task, _ref(network))
    if not isinstance(goal, Classification) or _several(network):
        first, batches = _begun(batches)
        fed = examples(_taken(network, first), batches, labelled=goal.labelled)
        return quality(goal.measure(network, fed, _dense_of(network, goal, dense)), goal)
    return accuracy(network, as_loader(batches))


def finetune(
    network: "nn.Module",
    train_batches: "Batches",
    val_batches: "Batches",
    *,
    teacher: "nn.Module | None" = None,
    recipe: str = FinetuneOptions.recipe,
    epochs: int | None = FinetuneOptions.epochs,
    rate: float | None = FinetuneOptions.rate,
    decay: float | None = FinetuneOptions.decay,
    distill: float | None = FinetuneOptions.distill,
    loss: "Callable[[Any, Tensor], Tensor] | None" = None,
    checkpoint: str | Path | None = None,
    seed: int = FinetuneOptions.seed,
    task: "Task | str | None" = None,
    progress: Progress = True,
) -> "nn.Module":
    """Train a copy of a pruned network, and return it on the CPU, in eval mode.

    `returned.history` has one entry an epoch: epoch, loss, accuracy, seconds; for tasks other than
    classification quality instead of accuracy, and measure, its name.

    Args:
        network: from `net.extract` or `load`; it is not changed.
        train_batches, val_batches: iterables of (images, labels) that can be read again and again, such as
            DataLoaders. Images are normalised as the network wants them.
        teacher: usually the dense network; its answers are learnt from, too, in the share `distill`.
        recipe: how to train; or the path of a JSON file that says it. Named ones are quick, thorough,
            imagenet-cnn and imagenet-vit (mdp/training/recipes). Images come as the batches hold them: what a
            recipe says of crops and the like is for `mdp finetune`.
        epochs: passes over the training images; with 0 nothing is trained. This and the following three are
            the recipe's unless given.
        rate: the highest learning rate; it warms up and falls to zero.
        decay: weight decay; norms, biases, positions and class tokens have none.
        distill: share of the loss that is the teacher's answer, where a teacher is given.
        loss: `loss(outputs, labels)` -> scalar; by default cross-entropy.
        checkpoint: a .safetensors file that a run which was cut off goes on from; it is removed at the end.
        seed: of the order of images.
        task: what the network is for, as for `score`. Match learns from the teacher alone, by default the
            dense network where it is at hand.
        progress: True, False, or a `mdp.Reporter` that is told and may cancel.

    Raises:
        MdpError: a number out of bounds, nothing to train on, or a loss that is no longer finite.
        Cancelled: the reporter asked to stop; `checkpoint` holds what was finished.

    >>> import torch, mdp
    >>> network = mdp.load("data/networks/fmnist-vit-15")
    >>> batches = [(torch.randn(8, 1, 28, 28), torch.randint(10, (8,))) for _ in range(2)]
    >>> tuned = mdp.finetune(network, batches, batches, epochs=1, progress=False)
    >>> len(tuned.history), tuned.training
    (1, False)
    """
    check(FinetuneOptions, epochs=epochs, rate=rate, decay=decay, distill=distill, seed=seed)
    check_module(network, "the network to train, a torch.nn.Module")
    if teacher is not None:
        check_module(teacher, "the teacher as a torch.nn.Module")
    from ..networks.in_memory import copied
    from ..tasks import Classification, task_of
    from ..training.batches import as_loader
    from ..training.loop import train
    from ..training.recipe import recipe_of

    goal = task_of(task, _ref(network))
    if not isinstance(goal, Classification) or _several(network):
        chosen = recipe_of(recipe, epochs=epochs, rate=rate, decay=decay, distill=distill, seed=seed)
        guide = _dense_of(network, goal, teacher) if loss is None else teacher
        return _of_task(
            network, train_batches, val_batches, goal, chosen, guide, loss, checkpoint, reporter(progress)
        )
    train_loader, val_loader = as_loader(train_batches), as_loader(val_batches)
    chosen = recipe_of(
        recipe,
        epochs=epochs,
        batch=train_loader.batch_size or 1,
        rate=rate,
        decay=decay,
        distill=distill,
        seed=seed,
    )
    tuned = copied(network).requires_grad_(True)
    with tempfile.TemporaryDirectory(prefix="mdp-") as folder:
        path = Path(checkpoint) if checkpoint else Path(folder) / "checkpoint.safetensors"
        history = train(
            tuned,
            train_loader,
            val_loader,
            chosen,
            reporter(progress),
            checkpoint_path=path,
            teacher=None if teacher is None else copied(teacher),
            loss=loss,
        )
        path.unlink(missing_ok=True)
    pass_on_origin(network, tuned)
    tuned.history = history.epochs  # type: ignore[assignment]  # a note for the caller, no part of the network
    return tuned


def _of_task(  # type: ignore[no-untyped-def]  # what `finetune` was given
    network, train_batches, val_batches, task, recipe, teacher, loss, checkpoint, report
) -> "nn.Module":
    """Fine-tune for a task other than classification."""
    from ..networks.in_memory import copied
    from ..training.loop import train_task

    tuned = copied(network).requires_grad_(True)
    with tempfile.TemporaryDirectory(prefix="mdp-") as folder:
        path = Path(checkpoint) if checkpoint else Path(folder) / "checkpoint.safetensors"
        history = train_task(
            tuned,
            _taken(network, next(iter(train_batches), None)),
            train_batches,
            val_batches,
            task,
            recipe,
            report,
            checkpoint_path=path,
            teacher=None if teacher is None else copied(teacher),
            loss=loss,
        )
        path.unlink(missing_ok=True)
    pass_on_origin(network, tuned)
    tuned.history = history.epochs  # type: ignore[assignment]  # a note for the caller, no part of the network
    return tuned


def check_module(given: object, wanted: str) -> None:
    """Raise MdpError for what is no module."""
    from torch import nn

    must_be(given, nn.Module, wanted)


def _several(network: "nn.Module") -> bool:
    """Whether the network takes more than one tensor, or another than floats."""
    from ..tasks.inputs import required

    ref = _ref(network)
    return required(network) > 1 if ref is None else bool(ref.inputs)


def _ref(network: "nn.Module") -> "ModelRef | None":
    """How a pruned network's dense one is made; None for a network that is not a pruned one."""
    architecture = getattr(network, "architecture", None)
    return None if architecture is None else architecture.model


def _begun(batches: "Batches") -> "tuple[Any, Batches]":
    """The first batch, None where there is none, and all of them: an iterator gives each only once."""
    if not isinstance(batches, Iterator):
        return next(iter(batches), None), batches
    first = next(batches, None)
    return first, batches if first is None else chain((first,), batches)


def _taken(network: "nn.Module", first: Any) -> "ModelRef":
    """What a network takes; of one that does not say it, what the first batch holds."""
    from ..tasks.inputs import guessed

    return _ref(network) or guessed(network, first)


def _dense_of(network: "nn.Module", task: "Task", given: "nn.Module | None") -> "nn.Module | None":
    """The dense network, for a task that has no targets of its own."""
    return given if given is not None or task.labelled else origin(network)
