"""The obvious heuristic, as a baseline: from dense, drop what costs the least importance per latency saved.

And random plans that fit, as the floor that every method must beat.
"""

import math
import time
from collections.abc import Callable

import numpy as np

from ...core.errors import Cancelled, MdpError
from ...core.pins import Pins, pinned, removed_with
from ...core.plan import Plan, infeasible, make_plan, within
from ...core.problem import Problem, Term


class _State:
    """A choice that changes step by step, with its latency and importance."""

    def __init__(self, problem: Problem):
        self.problem = problem
        self.index = {d.name: len(d.options) - 1 for d in problem.dims}
        self.removed: set[str] = set()
        self.of_dim = {
            d.name: tuple(
                [t for t in side if d.name in t.dims] for side in (problem.latency, problem.importance)
            )
            for d in problem.dims
        }
        self.of_block = {
            b.name: tuple(
                [t for t in side if t.block == b.name] for side in (problem.latency, problem.importance)
            )
            for b in problem.blocks
        }

    def value(self, term: Term) -> float:
        if term.block in self.removed:
            return 0.0
        return float(term.values[tuple(self.index[d] for d in term.dims)])

    def of(self, terms) -> tuple[float, float]:
        return tuple(math.fsum(self.value(t) for t in side) for side in terms)

    def latency(self) -> float:
        return math.fsum(self.value(t) for t in self.problem.latency)

    def moves(self) -> list[tuple[str, str]]:
        """Each single step down: one option, or one block."""
        dims = [("dim", d.name) for d in self.problem.dims if self.index[d.name] > 0]
        left = [b.name for b in self.problem.blocks if b.removable and b.name not in self.removed]
        return dims + [("block", name) for name in left]

    def price(self, move: tuple[str, str]) -> tuple[int, float]:
        """What a step costs: importance lost per latency saved; steps that save nothing come last."""
        kind, name = move
        if kind == "block":
            saved, lost = self.of(self.of_block[name])
        else:
            before = self.of(self.of_dim[name])
            self.index[name] -= 1
            after = self.of(self.of_dim[name])
            self.index[name] += 1
            saved, lost = before[0] - after[0], before[1] - after[1]
        return (0, lost / saved) if saved > 0 else (1, -saved)

    def apply(self, move: tuple[str, str]) -> None:
        if move[0] == "dim":
            self.index[move[1]] -= 1
        else:
            self.removed.add(move[1])

    def choices(self) -> dict[str, int]:
        return {d.name: d.options[self.index[d.name]] for d in self.problem.dims}


def solve(
    problem: Problem,
    budget: float,
    *,
    pins: Pins | None = None,
    time_limit: float | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Plan:
    """Drop one step at a time, the one that loses the least importance per latency saved, until it fits.

    It never takes a step back, and steps that save nothing are taken only when nothing else is left.

    Raises:
        Infeasible: nothing meets the budget.
        MdpError: something meets it, but this heuristic did not find it.
        Cancelled: `cancelled()` became true.
    """
    start = time.perf_counter()
    state = _State(pinned(problem, pins))
    latency = state.latency()
    while not within(latency, budget):
        if cancelled is not None and cancelled():
            raise Cancelled("Stopped on request.")
        moves = state.moves()
        if not moves:
            _give_up(problem, budget, pins, "greedy")
        state.apply(min(moves, key=state.price))
        latency = state.latency()
    removed = removed_with(state.removed, pins)
    seconds = time.perf_counter() - start
    return make_plan(problem, budget, state.choices(), removed, solver="greedy", seconds=seconds)


def solve_random(
    problem: Problem,
    budget: float,
    *,
    pins: Pins | None = None,
    time_limit: float | None = None,
    cancelled: Callable[[], bool] | None = None,
    seed: int = 0,
) -> Plan:
    """A random plan that fits: from a random choice, random steps down until it does. Seeded.

    Raises:
        Infeasible: nothing meets the budget.
        MdpError: something meets it, but a hundred random walks did not.
        Cancelled: `cancelled()` became true.
    """
    start = time.perf_counter()
    rng = np.random.default_rng(seed)
    smaller = pinned(problem, pins)
    for _ in range(100):
        state = _State(smaller)
        state.index = {d.name: int(rng.integers(len(d.options))) for d in smaller.dims}
        state.removed = {b.name for b in smaller.blocks if b.removable and rng.random() < 0.2}
        while not within(state.latency(), budget):
            if cancelled is not None and cancelled():
                raise Cancelled("Stopped on request.")
            moves = state.moves()
            if not moves:
                break
            state.apply(moves[int(rng.integers(len(moves)))])
        else:
            removed = removed_with(state.removed, pins)
            seconds = time.perf_counter() - start
            return make_plan(
                problem,
                budget,
                state.choices(),
                removed,
                solver="random",
                seconds=seconds,
                note=f"seed {seed}",
            )
    raise _give_up(problem, budget, pins, "random")


def _give_up(problem: Problem, budget: float, pins: Pins | None, solver: str):
    """Raise what is true: nothing fits, or only this heuristic found nothing."""
    from ..exact import solver as exact

    smallest = exact.fastest(problem, pins).latency
    if not within(smallest, budget):
        raise infeasible(problem, budget, smallest)
    raise MdpError(
        f"The {solver} heuristic found no plan within {budget:g} {problem.latency_unit}, though some exist "
        f"(from {smallest:.6g}). Use exact."
    )
