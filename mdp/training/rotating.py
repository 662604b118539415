"""A dense transformer turned before anything is cut, with images of a data set."""

from torch import nn

from ..core.progress import Reporter
from ..core.study import ModelRef
from ..datasets import Source
from ..datasets.loader import loader
from ..families import find
from ..reconstruction.images import collect
from ..reconstruction.rotation import rotated, step_of

IMAGES = 1024


def turned(
    model: nn.Module, ref: ModelRef, source: Source, report: Reporter, images: int = IMAGES, seed: int = 0
) -> nn.Module:
    """A copy that computes the same, its units sorted on training images.

    Raises:
        MdpError: as `mdp.reconstruction.rotation.rotated`, and for too few images or of another size.
    """
    batches = loader(source.train.sample(images, seed), source, ref, 64)
    pixels = collect(batches, ref.input_size, images, report).images
    return rotated(model, pixels, step_of(find(model, ref).space), report)
