"""`finetune(pruned, train, val)`: train a pruned network on, on anybody's batches; `evaluate` counts."""

import copy
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..operations import FinetuneOptions, check
from .progress import Progress, reporter

if TYPE_CHECKING:
    from torch import Tensor, nn

    Batches = Iterable[tuple[Tensor, Tensor]]


def evaluate(network: "nn.Module", batches: "Batches") -> float:
    """Measure accuracy: the share of the images whose class the network says, between 0 and 1.

    Args:
        network: in any mode; it is evaluated in eval mode and left there, on the device that trains.
        batches: any iterable of (images, labels), as for `score`.

    >>> import torch, mdp
    >>> network = mdp.load("data/networks/fmnist-vit-15")
    >>> 0 <= mdp.evaluate(network, [(torch.randn(4, 1, 28, 28), torch.randint(10, (4,)))]) <= 1
    True
    """
    from ..training.batches import as_loader
    from ..training.evaluation import accuracy

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
    progress: Progress = True,
) -> "nn.Module":
    """Train a copy of a pruned network, and return it on the CPU, in eval mode.

    `returned.history` has one entry an epoch: epoch, loss, accuracy, seconds.

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
    from ..training.batches import as_loader
    from ..training.loop import train
    from ..training.recipe import recipe_of

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
    tuned = copy.deepcopy(network).requires_grad_(True)
    with tempfile.TemporaryDirectory(prefix="mdp-") as folder:
        path = Path(checkpoint) if checkpoint else Path(folder) / "checkpoint.safetensors"
        history = train(
            tuned,
            train_loader,
            val_loader,
            chosen,
            reporter(progress),
            checkpoint_path=path,
            teacher=copy.deepcopy(teacher),
            loss=loss,
        )
        path.unlink(missing_ok=True)
    tuned.history = history.epochs  # type: ignore[assignment]  # a note for the caller, no part of the network
    return tuned
