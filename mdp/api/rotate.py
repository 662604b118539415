"""`rotate(model, batches)`: the same dense transformer, its units sorted by what they carry."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..core.errors import MdpError
from ..operations import RotateOptions, check
from .network import Network
from .progress import Progress, reporter

if TYPE_CHECKING:
    from torch import nn


def rotate(
    model: "nn.Module | Network",
    batches: Iterable[Any],
    *,
    images: int = RotateOptions.images,
    progress: Progress = True,
) -> "nn.Module":
    """Turn a dense transformer into the basis of its principal components; it computes the same.

    The first units of the embedding, of the values, and of queries and keys carry most then, so that a cut
    loses less (as in SliceGPT, arXiv 2401.15024, for the embedding). Do it before `prunable` and `score`.

    Args:
        model: one of timm's plain vision transformers, or what `prunable` found in it; it is not changed.
        batches: any iterable of (images, labels), or of images alone; a few hundred images do, normalised as
            the network wants them. Labels are not looked at.
        images: how many at most.
        progress: True, False, or a `mdp.Reporter` that is told and may cancel.

    Returns:
        a copy in eval mode on the CPU.

    Raises:
        MdpError: no images, too few, or of a size that the network does not take; the network is of a kind
            that has no other basis, and the sentence says why.
        Cancelled: the reporter asked to stop.

    >>> import timm, torch, mdp
    >>> model = timm.create_model("test_vit", num_classes=10).eval()
    >>> turned = mdp.rotate(model, [torch.randn(16, 3, 160, 160)], progress=False)
    >>> x = torch.randn(2, 3, 160, 160)
    >>> torch.allclose(turned(x), model(x), rtol=1e-3, atol=1e-4)
    True
    """
    check(RotateOptions, images=images)
    from ..families import find
    from ..networks.in_memory import at_rest, reference
    from ..reconstruction.images import collect
    from ..reconstruction.rotation import fits, rotated, step_of

    dense = at_rest(model.model if isinstance(model, Network) else model)
    if reason := fits(dense):
        raise MdpError(f"This network cannot be rotated: {reason}.")
    report = reporter(progress)
    pixels = collect(batches, None, images, report).images
    ref = reference(dense, tuple(pixels.shape[1:]))
    return rotated(dense, pixels, step_of(find(dense, ref).space), report)
