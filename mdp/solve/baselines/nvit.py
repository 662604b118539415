"""NViT (Yang et al., CVPR 2023; NVlabs/NViT pruning_core/pruning_engine_general.py) on a Problem, as a rival.

Bundles of units of every dim in one list; a bundle counts its score minus eta times the latency that it costs
at the widths of now. The smallest of the whole network go, until the table says that the budget is met.
Latency is a soft term, and no block is removed. Where this differs from the original:

- The scores are the study's own curves and stay as they are: there is no training between steps.
- A bundle is one option's step, so its size is the problem's.
- eta (5e-4 in the original's units of score and seconds) is rescaled: what all bundles are worth over what
  all of them cost, so that score and latency weigh the same over the whole network.
- The bundle of the lowest count goes alone, then latencies are read again; the original takes a few at once.
"""

import math

from ...core.plan import within
from ...core.problem import Dim, Problem
from ..curves import importance_curves, latency_curves
from ..heuristic import Found
from ..protocol import Clock
from .state import Move, State

# Units below which a dim of a kind is not pruned, as in the original.
FLOORS = {"heads": 2, "qk": 8, "v": 8, "mlp": 16}


def search(problem: Problem, budget: float, clock: Clock) -> Found:
    """One bundle after another goes, the one of the smallest score minus eta times its latency."""
    state, eta = State(problem), rate(problem)
    floors = {d.name: floor(d) for d in problem.dims}

    def count(move: Move) -> float:
        saved, lost = state.price(move)
        return lost - eta * saved

    latency = state.latency()
    fastest = latency, state.choices()
    while not within(latency, budget):
        clock()
        moves = [m for m in state.narrower() if state.index[m[1]] > floors[m[1]]]
        if not moves:
            break
        state.apply(min(moves, key=count))
        latency = state.latency()
        fastest = min(fastest, (latency, state.choices()), key=lambda f: f[0])
    return Found(fastest[1])


def rate(problem: Problem) -> float:
    """eta: importance of all bundles over their latency, each bundle's own with all else dense."""
    worth = sum(float(c[-1] - c[0]) for c in importance_curves(problem).values())
    cost = sum(float(c[-1] - c[0]) for c in latency_curves(problem).values())
    eta = worth / cost if cost > 0 else 0.0
    return eta if math.isfinite(eta) and eta > 0 else 0.0


def floor(dim: Dim) -> int:
    """Index of the narrowest option that pruning may reach."""
    least = FLOORS.get(dim.kind, 0)
    return next((i for i, kept in enumerate(dim.options) if kept >= least), len(dim.options) - 1)
