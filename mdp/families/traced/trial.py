"""The last word on a dim or a block: cut at random and masked at random, the network must compute the same.

What does not agree, for whatever reason nobody thought of, is left whole.
"""

import copy
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from ...core.errors import first_line
from ...networks.lively import liven
from ...networks.slices import Slice
from ..masked_norms import kept_norms
from .bare_norms import bare_positions
from .batches import _tensors, same
from .dims import Group
from .follow import Follower
from .in_place import writes_over_casts
from .rebuild import rebuild
from .residuals import Branch


class Trial:
    """Cuts a copy of a network with lively weights.

    Args:
        inputs: of the forward.
    """

    def __init__(self, follower: Follower, inputs: Sequence[torch.Tensor], seed: int = 0):
        self.follower, self.inputs = follower, inputs
        self.lively = copy.deepcopy(follower.model)
        liven(self.lively, seed)
        self.random = np.random.default_rng(seed)

    def fails(
        self,
        groups: Sequence[Group],
        branches: Sequence[Branch],
        slices: Sequence[Slice],
        removed: Collection[str],
    ) -> str:
        """Why half of the units of `groups`, and the blocks `removed`, cannot be cut; empty if they can."""
        kept = {g.name: self._some(len(g.roots)) for g in groups}
        labels = self.follower.ledger.labels
        keep = np.ones(len(labels), dtype=bool)
        for g in groups:
            keep[g.roots] = False
            keep[g.roots[kept[g.name]]] = True
        keep = keep[labels.roots(np.arange(len(labels)))]
        gone = [b for b in branches if b.name in removed]
        try:
            pruned = rebuild(self.follower, keep, branches, removed, self.lively)
            with torch.no_grad():
                # Not as pruned(...), which writes to the terminal what goes wrong here.
                actual = _tensors(type(pruned).forward(pruned, *(t.clone() for t in self.inputs)))
                with self._masked(slices, kept, gone, keep) as masked:
                    expected = _tensors(masked(*(t.clone() for t in self.inputs)))
                    right = _agree(actual, expected, same) or self._exactly(pruned, masked)
        except Exception as error:  # a cut that does not run
            return f"cut, the network does not run ({first_line(error)})"
        return "" if right else "cut, the network computes something else"

    def _exactly(self, pruned: nn.Module, masked: nn.Module) -> bool:
        """Whether two networks agree in float64: some make so much of the last digits of a sum, with these
        weights, that in float32 nothing of the answer is left."""
        if writes_over_casts(self.follower.traced):  # there a cast gives a copy
            return False
        inputs = [t.double() if t.is_floating_point() else t for t in self.inputs]
        a, b = pruned.double(), copy.deepcopy(masked).double()
        actual = _tensors(type(a).forward(a, *(t.clone() for t in inputs)))
        return _agree(actual, _tensors(b(*inputs)), _much_nearer)

    def _some(self, units: int) -> np.ndarray:
        return np.sort(self.random.permutation(units)[: max(1, units // 2)])

    @contextmanager
    def _masked(
        self,
        slices: Sequence[Slice],
        kept: Mapping[str, np.ndarray],
        gone: Sequence[Branch],
        keep: np.ndarray,
    ) -> Iterator[nn.Module]:
        """The lively network, masked where it stands for as long as it is looked at."""
        model = self.lively
        tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        stays: dict[str, np.ndarray] = {}
        before: dict[str, torch.Tensor] = {}
        norms: dict[str, nn.Module] = {}

        def changed(name: str) -> torch.Tensor:
            before.setdefault(name, tensors[name].clone())
            return tensors[name]

        try:
            for s in (s for s in slices if s.dim in kept):
                cut = np.setdiff1d(np.arange(len(s.index)), kept[s.dim])
                positions = s.index[cut].ravel()
                changed(s.tensor).index_fill_(s.axis, torch.from_numpy(positions), 0)
                if s.axis == 0:
                    stay = stays.setdefault(s.tensor, np.ones(tensors[s.tensor].shape[0], dtype=bool))
                    stay[positions] = False
            for name in (n for branch in gone for n in branch.last):
                changed(name).zero_()
            stays |= {f"{n}.weight": s for n, s in bare_positions(self.follower.ledger, model, keep).items()}
            for name in [n for n in stays if n.endswith(".weight")]:
                path = name.rpartition(".")[0]
                for place, norm in kept_norms(model, path, torch.from_numpy(stays[name])):
                    norms[place] = model.get_submodule(place)
                    model.set_submodule(place, norm)
            yield model
        finally:
            for path, norm in norms.items():
                model.set_submodule(path, norm)
            for name, tensor in before.items():
                tensors[name].copy_(tensor)


def _agree(
    actual: Sequence[torch.Tensor],
    expected: Sequence[torch.Tensor],
    are: Callable[[torch.Tensor, torch.Tensor], bool],
) -> bool:
    return len(actual) == len(expected) and all(map(are, actual, expected))


def _much_nearer(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Far nearer than float32 could show: its rounding is a hundred million times smaller in float64, and
    a network that makes all of it still leaves that much."""
    if a.dtype != torch.float64 or a.shape != b.shape:
        return False
    return bool((a - b).abs().max() <= 1e-6 * b.abs().max())


def faults(
    trial: Trial, groups: Sequence[Group], branches: Sequence[Branch], slices: Sequence[Slice]
) -> Iterator[tuple[str, str]]:
    """(name, reason) of the dims and blocks that, cut, do not agree: halves are tried, and halves of those
    that fail, since few of many are wrong. What fails together alone is left whole together."""

    def of_dims(some: Sequence[Group]) -> str:
        return trial.fails(some, branches, slices, ())

    def of_blocks(some: Sequence[Branch]) -> str:
        return trial.fails([], branches, slices, [b.name for b in some])

    yield from _narrowed(groups, of_dims)
    for half in (branches[::2], branches[1::2]):
        yield from _narrowed(half, of_blocks)


def _narrowed(some: Sequence, fails: Callable[[Sequence], str]) -> Iterator[tuple[str, str]]:
    reason = fails(some) if some else ""
    if not reason:
        return
    if len(some) == 1:
        yield some[0].name, reason
        return
    found = [f for half in (some[::2], some[1::2]) for f in _narrowed(half, fails)]
    yield from found or [(one.name, reason) for one in some]
