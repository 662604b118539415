"""HALP (Shen et al., NeurIPS 2022; NVlabs/HALP prune/pruner.py, prune/cost.py) on a Problem, as a rival.

Channel pruning as a knapsack in steps. A layer's latency is a function of its output width, read from its
table at the input width of now and read anew in every step. Where this differs from the original:

- The scores are the study's own curves and stay as they are: there is no training between the 30 steps.
- Nothing tells the first convolution of a Problem from others, so it is pruned too; a pin can hold it.
- The knapsack is solved by dynamic programming over 4,000 steps of latency, the original's over its own.
- A transformer's layers, which the original does not have, put out the dims that only their block uses.
- Where true tables are not monotone, 30 steps may end above the budget; steps at the budget itself follow,
  and where these end above it too, the same is done for smaller budgets, until a plan fits the one asked for.
"""

import math
from collections import defaultdict
from itertools import chain, repeat

import numpy as np

from ...core.plan import within
from ...core.problem import Problem, Term
from ..curves import importance_curves
from ..heuristic import Found
from ..outputs import outputs
from ..protocol import Clock
from .knapsack import cheapest, pick

STEPS = 30
MORE_STEPS = 30
AIMS = (1.0, 0.98, 0.9, 0.75, 0.5)  # shares of the budget that are aimed at, one after the other


def search(problem: Problem, budget: float, clock: Clock) -> Found:
    """From dense down in 30 steps, each a knapsack over what the last one left; no block is removed."""
    fastest: list[tuple[float, dict[str, int]]] = []
    for share in AIMS:
        reached = _reach(problem, budget, budget * share, clock)
        fastest.append(reached)
        if within(reached[0], budget) or not budget > 0:
            break
    return Found(_choices(problem, min(fastest, key=lambda f: f[0])[1]))


def _reach(problem: Problem, budget: float, aim: float, clock: Clock) -> tuple[float, dict[str, int]]:
    """(latency, index of every dim) of the first that fits the budget on the way down to `aim`; the fastest
    on the way where none does."""
    layers = _layers(problem)
    worth = importance_curves(problem)
    now = {d.name: len(d.options) - 1 for d in problem.dims}
    latency = _latency(problem, now)
    fastest = latency, now
    for target in chain(targets(latency, aim, STEPS), repeat(aim, MORE_STEPS)):
        if within(latency, budget):
            return latency, now
        if latency <= target:
            continue
        after = _step(layers, worth, now, target - latency, clock)
        if after == now and target == aim:
            break
        now, latency = after, _latency(problem, after)
        fastest = min(fastest, (latency, now), key=lambda f: f[0])
    return fastest


def targets(dense: float, budget: float, steps: int) -> list[float]:
    """The budget of every step: exp(a ln budget + (1 - a) ln dense) with a = step / steps.

    A straight line where one of the two has no logarithm.
    """
    shares = [step / steps for step in range(1, steps)]
    if dense > 0 and budget > 0:
        path = [math.exp(a * math.log(budget) + (1 - a) * math.log(dense)) for a in shares]
    else:
        path = [a * budget + (1 - a) * dense for a in shares]
    return [*path, budget]


def _layers(problem: Problem) -> dict[str, list[tuple[Term, int]]]:
    """Dim -> the tables that put it out, each with the dim's axis. A dim that none puts out costs nothing."""
    layers = defaultdict(list)
    for term in problem.latency:
        for name in outputs(problem, term):
            layers[name].append((term, term.dims.index(name)))
    return layers


def _step(layers, worth, now: dict[str, int], change: float, clock) -> dict[str, int]:
    """The most important widths of at most the present ones that change latency by at most `change`.

    An option costs the sum, over the dim's layers, of the table at that output and the present inputs.
    """
    names = [name for name, index in now.items() if index > 0]
    costs = []
    for name in names:
        cost = np.zeros(now[name] + 1)
        for term, axis in layers[name]:
            at = tuple(slice(None) if i == axis else now[d] for i, d in enumerate(term.dims))
            cost += term.values[at][: now[name] + 1] - term.values[at][now[name]]
        costs.append(cost)
    worths = [worth[name][: now[name] + 1] for name in names]
    picked = pick(costs, worths, change, clock) or cheapest(costs, worths)
    return {**now, **dict(zip(names, picked, strict=True))}


def _latency(problem: Problem, index: dict[str, int]) -> float:
    return problem.evaluate(_choices(problem, index))[0]


def _choices(problem: Problem, index: dict[str, int]) -> dict[str, int]:
    return {d.name: d.options[index[d.name]] for d in problem.dims}
