"""`python -m benchmarks.activations MODEL ...`: the peak of activations as counted, against what torch keeps.

Random pruned networks of each model, deployed (batch norms folded), run on one image on the CPU, and after
every operation all tensors that are still alive are added up, weights apart. Once as a graph of steps, each
value freed after its last reader, and once as the module itself, whose calls hold on to what they were given.
"""

import argparse
from statistics import median

import numpy as np
import torch
from torch import fx, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from mdp.core.space import Space
from mdp.families import find
from mdp.latency.draws import drawn
from mdp.latency.whole_networks import whole_network
from mdp.networks.models import create, resolve
from mdp.networks.trace import LayerTracer


class Alive(TorchDispatchMode):
    """Adds up the memory of tensors that are alive, after every operation; `peak` in bytes."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.weights = {t.untyped_storage()._cdata for t in (*model.parameters(), *model.buffers())}
        self.found: dict = {}
        self.peak = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, torch.Tensor) and tensor.untyped_storage()._cdata not in self.weights:
                reference = StorageWeakRef(tensor.untyped_storage())
                self.found[reference.cdata] = reference, tensor.untyped_storage().nbytes()
        self.found = {key: pair for key, pair in self.found.items() if not pair[0].expired()}
        self.peak = max(self.peak, sum(size for _, size in self.found.values()))
        return out


def measured(model: nn.Module, size: tuple[int, ...]) -> int:
    """Bytes at the peak of one image."""
    with torch.no_grad(), Alive(model) as alive:
        model(torch.zeros(1, *size))
    return alive.peak


def counted(space: Space, choices: dict, removed: tuple[str, ...]) -> float:
    """Bytes at the peak as the moments say."""
    return max(
        4 * sum(factor * np.prod([choices[d] for d in dims]) for factor, dims in m.parts)
        for m in space.moments
        if m.block not in removed
    )


def as_graph(model: nn.Module) -> nn.Module | None:
    """The module's graph of steps; None for a transformer, whose attention is one step of it."""
    if hasattr(model, "pos_embed"):
        return None
    return fx.GraphModule(model, LayerTracer().trace(model))


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.activations", description=__doc__.split("\n")[0]
    )
    parser.add_argument("models", nargs="+")
    parser.add_argument("--networks", type=int, default=12, help="random ones, after the dense one")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    print("| network | dense, counted | as a graph: median error, worst | as a module: median, worst |")
    print("|---|---|---|---|")
    for name in args.models:
        ref = resolve(name)
        found = find(create(ref, load_weights=False).eval(), ref)
        random, space = np.random.default_rng(args.seed), found.space
        plans = [({d.name: d.units for d in space.dims}, ())]
        plans += [drawn(space.dims, space.blocks, random) for _ in range(args.networks)]
        errors: tuple[list, list] = [], []
        for choices, removed in plans:
            model = whole_network(found, choices, removed).make()
            said = counted(space, choices, removed)
            for kind, one in enumerate((as_graph(model), model)):
                if one is not None:
                    errors[kind].append(said / measured(one, tuple(ref.input_size)) - 1)
        dense = counted(space, *plans[0])
        words = [
            f"{100 * median(e):+.1f} %, {100 * max(e, key=abs):+.1f} %" if e else "not traced" for e in errors
        ]
        print(f"| {name} | {dense / 1e6:.4g} MB | {words[0]} | {words[1]} |", flush=True)


if __name__ == "__main__":
    main()
