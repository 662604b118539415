"""Who a pruned network learns from: its dense network, or another model with weights."""

from torch import nn

from ..core.errors import MdpError
from ..core.study import ModelRef
from ..networks.models import SHIPPED_MODELS, create, resolve


def teacher_of(name: str, ref: ModelRef) -> nn.Module:
    """A model of timm, with its weights, to learn from.

    Args:
        name: a demo network, an architecture with weights that come along, or one that timm has weights of.
        ref: the dense network of the one that learns.

    Raises:
        MdpError: there is no such model, its weights are not at hand, or it takes other images or tells
            other classes apart.
    """
    found = resolve(name, None if name in SHIPPED_MODELS else "pretrained")
    for what, theirs, ours in (
        ("tells {} classes apart", found.classes, ref.classes),
        ("takes images of {}", found.input_size, ref.input_size),
    ):
        if theirs != ours:
            raise MdpError(
                f"{name} cannot teach {ref.name}: it {what.format(_words(theirs))}, and {ref.name} "
                f"{_words(ours)}. Choose a teacher of the same classes and image size."
            )
    return create(found)


def _words(value: int | tuple[int, ...]) -> str:
    return " x ".join(map(str, value)) if isinstance(value, tuple) else str(value)
