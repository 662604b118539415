"""What a family finds in a model: the space of decisions, where every unit lives, what there is to time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.space import Space
from ..core.study import ModelRef
from .segments import Segment
from .slices import Slice

if TYPE_CHECKING:
    from torch import nn

# The scale and the shift of one normalisation (names in the state dict), and the block it vanishes with.
Norm = tuple[str, str, str | None]


@dataclass(frozen=True, eq=False)
class PrunableNetwork:
    """One dense model, taken apart.

    Attributes:
        model: the dense model itself; nothing here changes it.
        slices: where the units of every dim live.
        segments: what to time. Together they run the network as deployed (batch norms folded into the
            convolutions before them, see `mdp.surgery.deploy`), each part once.
        norms: channel dim -> the batch norms after its convolutions, for Taylor scores.
        anatomy: what the family keeps of the model for its own surgery, None if it needs nothing.
    """

    model: "nn.Module"
    ref: ModelRef
    space: Space
    slices: tuple[Slice, ...]
    segments: tuple[Segment, ...]
    norms: Mapping[str, tuple[Norm, ...]]
    anatomy: Any = None


def owner(name: str, blocks: Collection[str]) -> str | None:
    """The innermost block that a module or tensor lies in: `blocks.3.mlp.fc1.weight` -> `blocks.3`."""
    parts = name.split(".")
    prefixes = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next((p for p in prefixes if p in blocks), None)
