"""Random plans that fit, as the floor that every method must beat."""

import numpy as np

from ...core.plan import within
from ...core.problem import Problem
from ..heuristic import Found, Search
from ..protocol import Clock
from .state import State

WALKS = 100


def seeded(seed: int) -> Search:
    """A search for a random plan that fits: from a random choice, random steps down until it does."""

    def search(problem: Problem, budget: float, clock: Clock) -> Found:
        rng = np.random.default_rng(seed)
        fastest, reached = None, np.inf
        for _ in range(WALKS):
            state = State(problem)
            state.index = {d.name: int(rng.integers(len(d.options))) for d in problem.dims}
            state.removed = {b.name for b in problem.blocks if b.removable and rng.random() < 0.2}
            latency = state.latency()
            while not within(latency, budget) and (moves := state.moves()):
                clock()
                state.apply(moves[int(rng.integers(len(moves)))])
                latency = state.latency()
            if fastest is None or latency < reached:
                fastest, reached = Found(state.choices(), frozenset(state.removed), f"seed {seed}"), latency
            if within(latency, budget):
                return Found(state.choices(), frozenset(state.removed), f"seed {seed}")
        return fastest

    return search
