"""Where a forward can be entered in the middle: modules behind which nothing else of the image is needed.

A network with one narrower dim computes what the dense one computes, up to the first module that differs.
What the module before it gave, kept from the dense network, stands in for all that ran until then.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...networks.prunable import PrunableNetwork


@dataclass(frozen=True)
class Link:
    """One module of the chain, and the shape of what it gives, without the batch axis."""

    name: str
    shape: tuple[int, ...]


class _Enough(Exception):
    """Ends a forward once the module in question has run."""


def chain(found: PrunableNetwork, image: Tensor, taken_out: nn.Module) -> tuple[Link, ...]:
    """The modules, in the order in which they run, behind which a forward of a pruned network can go on.

    Blocks and the model's own children are tried: each must run once, take and give one tensor, and stand in
    for all before it (the outputs are compared). None at all is an answer: every forward is then whole.

    Args:
        image: a batch of one or two images on the model's device, shape (batch, channels, height, width).
        taken_out: what `extract` makes of the dense network, on that device. A family that cuts graphs gives
            one that calls layers alone: a block's forward is never asked there, and is no entry.
    """
    links = _called(found, taken_out, image)
    with torch.no_grad():
        whole = taken_out(image)
        good = []
        for i, link in enumerate(links):
            try:
                kept = _output(found.model, link.name, image)
                with entered(taken_out, links, i, kept):
                    same = torch.equal(taken_out(image), whole)
            except Exception:  # whatever a stranger's forward raises on a stand-in: not an entry then
                same = False
            if same:
                good.append(link)
    return tuple(good)


@contextmanager
def entered(model: nn.Module, links: Sequence[Link], at: int, kept: Tensor) -> Iterator[None]:
    """Forwards of `model` begin behind link `at`: that module gives `kept`, those before it zeros, at no
    cost.

    Args:
        kept: what link `at` gives for the batch at hand, shape (batch, *link.shape).
    """
    changed = []
    try:
        for i, link in enumerate(links[: at + 1]):
            module = model.get_submodule(link.name)
            given = kept if i == at else kept.new_zeros(()).expand(len(kept), *link.shape)
            module.forward = lambda *_, given=given, **__: given
            changed.append(module)
        yield
    finally:
        for module in changed:
            del module.forward


def _output(model: nn.Module, name: str, images: Tensor) -> Tensor:
    """What module `name` gives; the forward ends there."""
    got = []

    def stop(_module, _inputs, output):
        # A later module may work in place on what this one gave.
        got.append(output.detach().clone())
        raise _Enough

    handle = model.get_submodule(name).register_forward_hook(stop)
    try:
        model(images)
    except _Enough:
        pass
    finally:
        handle.remove()
    return got[0]


def kept_output(
    model: nn.Module, links: Sequence[Link], at: int, images: Tensor, start: tuple[int, Tensor] | None = None
) -> Tensor:
    """What link `at` of the dense model gives for these images, from link `start` on where that is known."""
    with torch.no_grad():
        if start is None:
            return _output(model, links[at].name, images)
        with entered(model, links, start[0], start[1]):
            return _output(model, links[at].name, images)


def entry(links: Sequence[Link], tensors: Iterable[str], blocks: Iterable[str]) -> int:
    """The last link before everything that differs, -1 for none.

    Args:
        tensors: names of the parameters that differ.
        blocks: names of the blocks that are gone.
    """
    first = len(links)
    for name in (*tensors, *(f"{block}." for block in blocks)):
        owners = [i for i, link in enumerate(links) if name.startswith(f"{link.name}.")]
        # Parameters outside of every link: only those of a head behind the last one would do no harm.
        first = min(first, owners[0] if owners else _behind(links, name))
    return first - 1


def _behind(links: Sequence[Link], name: str) -> int:
    """Where to enter for a parameter of no link: nowhere, since nobody says when it is used."""
    return 0


def _called(found: PrunableNetwork, taken_out: nn.Module, image: Tensor) -> list[Link]:
    """Candidates in the order in which they end, those that ran once from tensor to tensor."""
    blocks = [b.name for b in found.space.blocks]
    names = {n for n, _ in found.model.named_children()}
    outer = {b for b in blocks if not any(b.startswith(f"{other}.") for other in blocks)}
    names = {n for n in names if not any(b.startswith(f"{n}.") for b in outer)} | outer
    # The attention and the MLP of a block may be blocks of their own: the block around them is the link.
    names |= {b.rpartition(".")[0] for b in outer if b.endswith((".attn", ".mlp"))}
    calls: list[tuple[str, tuple[int, ...] | None]] = []

    def note(name):
        def hook(_module, inputs, output):
            plain = isinstance(output, Tensor) and output.ndim and len(output) == len(image)
            calls.append((name, tuple(output.shape[1:]) if plain else None))

        return hook

    modules = dict(taken_out.named_modules())
    handles = [modules[name].register_forward_hook(note(name)) for name in sorted(names & set(modules))]
    try:
        with torch.no_grad():
            taken_out(image)
    finally:
        for handle in handles:
            handle.remove()
    often = [name for name, _ in calls]
    return [Link(n, shape) for n, shape in calls if shape is not None and often.count(n) == 1]
