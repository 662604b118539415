"""`prunable(model)`: what can be pruned in a network, and the pruned network of a plan."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from ..core.errors import MdpError
from ..core.plan import Plan, check_plan
from ..core.study import Scores
from ..networks.prunable import PrunableNetwork
from ..operations import ProfileOptions, check
from .repair import note_origin

if TYPE_CHECKING:
    import pandas as pd
    import torch
    from torch import nn


@dataclass(frozen=True, eq=False, repr=False)
class Network(PrunableNetwork):
    """A dense network, taken apart: its prunable dimensions, its blocks, and what stays whole and why.

    Shown in a notebook it is a table; `to_frame()` gives the same as data. The network itself is `model`.
    """

    def extract(self, plan: Plan, scores: Scores | None = None) -> "nn.Module":
        """Cut the pruned network of a plan: a plain `nn.Module`, nothing masked in it. The dense one stays.

        Args:
            plan: from `study.solve`, which also says which units are the important ones.
            scores: where the plan was read from a file: the scores that rank the units.

        Raises:
            MdpError: the plan is of another network, or nobody says which units to keep.

        >>> import timm, mdp
        >>> net = mdp.prunable(timm.create_model("test_vit", num_classes=10))
        >>> here = mdp.Deployment("cpu", batch_size=1, threads=1)
        >>> tables = mdp.profile(net, here, seconds=1, progress=False)
        >>> scores = mdp.score(net, method="magnitude", progress=False)
        >>> plan = mdp.Study(net, tables, scores).solve("60%")
        >>> type(net.extract(plan)).__name__
        'VisionTransformer'
        """
        check_plan(plan)
        from ..surgery import extract

        pruned = extract(self, plan.choices, plan.removed_blocks, _order(plan, scores))
        note_origin(pruned, self.model)
        return pruned

    def mask(self, plan: Plan, scores: Scores | None = None) -> "nn.Module":
        """Copy the dense network with all that the plan prunes at zero: it computes what `extract` gives.

        Raises:
            MdpError: as `extract`.
        """
        check_plan(plan)
        from ..surgery import mask

        return mask(self, plan.choices, plan.removed_blocks, _order(plan, scores))

    def to_frame(self) -> "pd.DataFrame":
        """List one row per prunable dimension (name, kind, units, options), then one per block and per part
        that stays whole (with the reason)."""
        import pandas as pd

        rows: list[dict[str, Any]] = [
            {"what": "dim", "name": d.name, "kind": d.kind, "units": d.units, "options": len(d.options)}
            for d in self.space.dims
        ]
        rows += [
            {"what": "block", "name": b.name, "note": "can go" if b.removable else "stays"}
            for b in self.space.blocks
        ]
        rows += [{"what": "whole", "name": s.name, "note": s.reason} for s in self.space.skipped]
        return pd.DataFrame(rows, columns=["what", "name", "kind", "units", "options", "note"])

    def __repr__(self) -> str:
        removable = sum(b.removable for b in self.space.blocks)
        return (
            f"Network({self.ref.name!r}, {len(self.space.dims)} dims, {len(self.space.blocks)} blocks of "
            f"which {removable} can go)"
        )

    def _repr_html_(self) -> str:
        frame = self.to_frame().astype(object)
        table = frame.where(frame.notna(), "").to_html(index=False, border=0, max_rows=60)
        return f"<b>{escape(repr(self))}</b>{table}"


def prunable(
    model: "nn.Module",
    example_inputs: "torch.Tensor | Sequence[torch.Tensor] | None" = None,
    *,
    input_size: tuple[int, ...] | None = None,
    factory: str | None = ProfileOptions.factory,
    checkpoint: "str | os.PathLike | None" = None,
    width_step: Mapping[str, int] | None = None,
    split_blocks: bool = ProfileOptions.split_blocks,
    attention: str = ProfileOptions.attention,
) -> Network:
    """Find what can be pruned in a network whose weights are in memory.

    Args:
        model: a timm model, or any `nn.Module` whose forward torch.fx can trace. It is not changed; where it
            is on a GPU, in training mode or in another float type, a copy on the CPU in eval mode and float32
            is taken.
        example_inputs: what its forward takes, a tensor or several, with a first axis for the batch. Networks
            of the families know their own; for others give this, or `input_size`.
        input_size: (channels, height, width) of one image; by default what timm says of the model.
        factory: the function that makes a network of your own, package.module:function or FILE.py:function;
            it is run, here and in the jobs of this process, which can then make this network again.
        checkpoint: with `factory`: the safetensors file that has these weights, where the function gives
            others.
        width_step: units per step of the widths offered, by kind of dim or name: `{"channels": 32}`.
        split_blocks: let a transformer's attention and MLP be removed apart.
        attention: how a transformer's attention is timed, as it runs or in two as in the paper: "fused" or
            "split".

    Raises:
        Unsupported: the forward cannot be traced (it says why), nothing in it can be pruned, or it is built
            for one size of batch. A part that cannot be followed stays whole, and `space.skipped` says why.
        MdpError: the input size is not known, or the network does not take it; or the factory makes another.

    >>> import timm, mdp
    >>> mdp.prunable(timm.create_model("test_resnet"))
    Network('test_resnet', 10 dims, 4 blocks of which 4 can go)

    A module of one's own is followed step by step:

    >>> import torch
    >>> from torch import nn
    >>> own = nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 6 * 6, 10))
    >>> mdp.prunable(own, torch.randn(1, 1, 8, 8))
    Network('Sequential', 1 dims, 0 blocks of which 0 can go)
    """
    check(ProfileOptions, attention=attention)
    from torch import random

    from ..families import find
    from ..networks.in_memory import at_rest, examples, reference

    with random.fork_rng(devices=[]):  # the caller's random numbers are the caller's
        model = at_rest(model)
        inputs = None if example_inputs is None else examples(example_inputs, model)
        if inputs is not None and input_size is not None:
            raise MdpError("Give an example, or input_size, and not both: the example says the size.")
        ref = reference(model, input_size, inputs)
        if factory is not None:
            from ..networks.factories import with_factory

            ref = with_factory(ref, model, factory, checkpoint)
        elif checkpoint is not None:
            raise MdpError("A checkpoint goes with factory: the function that makes the network it is of.")
        found = find(
            model, ref, width_step=width_step, split_blocks=split_blocks, attention=attention, inputs=inputs
        )
    return Network(**{name: getattr(found, name) for name in found.__dataclass_fields__})


def checked(net: Any) -> Network:
    """Return the network, if it is one that was taken apart. Raises MdpError for a module that was not."""
    if not isinstance(net, Network):
        raise MdpError(f"Give what mdp.prunable(model) returns, not a {type(net).__name__}.")
    return net


def _order(plan: Plan, scores: Scores | None) -> Mapping[str, Any]:
    order = scores.order if scores is not None else plan.order
    if order is None:
        raise MdpError(
            "The plan does not say which units are kept: it was read from a file, or solved for a problem "
            "alone. Solve with study.solve(...), or give extract(plan, scores)."
        )
    return order
