"""`score(net, batches)`: the importance of every unit of a network, on anybody's images."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..core.study import Scores
from ..operations import ScoreOptions, check
from .network import Network, checked
from .progress import Progress, reporter

if TYPE_CHECKING:
    from torch import Tensor

    from ..tasks import Task


def score(
    net: Network,
    batches: "Iterable[tuple[Tensor, Tensor]]" = (),
    *,
    method: str | None = ScoreOptions.method,
    against: str = ScoreOptions.against,
    seconds: float | None = ScoreOptions.seconds,
    loss: "Callable[[Any, Tensor], Tensor] | None" = None,
    device: str = ScoreOptions.device,
    task: "Task | str | None" = None,
    progress: Progress = True,
) -> Scores:
    """Score every unit of a network on real images. The network is left as it was.

    Args:
        net: from `prunable`.
        batches: any iterable of (images, labels), or for the measured methods of images alone: images float
            (batch, channels, height, width), normalised as the network wants them. Small batches (16) give
            steadier scores than large ones.
        method: "measured" runs the network with every dim at several widths and without each block;
            "calibrated" does so for a few and scales a gradient score by it; "taylor", "hessian" and
            "nvit" are such scores, "magnitude" needs no images. "auto" is calibrated for classifiers, with 8
            images or more.
        against: what the measured methods compare with: the dense network's "outputs", or "labels".
        seconds: time limit of the measured methods; a table cut short is whole, and the next call goes on
            from there.
        loss: what the scores are the change of, `loss(outputs, labels)` -> scalar; by default cross-entropy.
        device: where to compute: "cpu", "cuda", "mps", or "auto", the GPU where there is one.
        task: what the network is for: "classification", "match" (answer as the dense network does, whatever
            it answers: no labels, and batches of whatever it takes), or an `mdp.Detection`; by default
            classification for classifiers and match for others.
        progress: True, False, or a `mdp.Reporter` that is told and may cancel.

    Raises:
        MdpError: an unknown method, no images, or scores that are not finite.
        Cancelled: the reporter asked to stop.

    >>> import timm, torch, mdp
    >>> net = mdp.prunable(timm.create_model("test_resnet", num_classes=10))
    >>> batches = [(torch.randn(4, 3, 160, 160), torch.randint(10, (4,))) for _ in range(2)]
    >>> mdp.score(net, batches, progress=False)
    Scores(10 dims, calibrated, 8 images)
    """
    from ..importance import score as measure
    from ..latency.device import deployment
    from ..networks.weights import HASH, state_hash

    net = checked(net)
    check(ScoreOptions, against=against, seconds=seconds)
    facts = {"weights": net.ref.weights, HASH: state_hash(net.model.state_dict())}
    return measure(
        net,
        batches,
        None if method == "auto" else method,
        reporter(progress),
        device=deployment(device).kind,
        loss=loss,
        against=against,
        seconds=seconds,
        provenance=facts,
        task=task,
    )
