"""The obvious heuristic: from dense, drop what costs the least importance per latency saved."""

from ...core.plan import within
from ...core.problem import Problem
from ..heuristic import Found
from ..protocol import Clock
from .state import Move, State


def search(problem: Problem, budget: float, clock: Clock) -> Found:
    """Drop one step at a time, the one that loses the least importance per latency saved, until it fits.

    It never takes a step back, and steps that save nothing are taken only when nothing else is left.
    """
    state = State(problem)

    def cost(move: Move) -> tuple[int, float]:
        saved, lost = state.price(move)
        return (0, lost / saved) if saved > 0 else (1, -saved)

    latency = state.latency()
    fastest = latency, state.choices(), frozenset[str]()
    while not within(latency, budget):
        clock()
        moves = state.moves()
        if not moves:
            break
        state.apply(min(moves, key=cost))
        latency = state.latency()
        if latency < fastest[0]:
            fastest = latency, state.choices(), frozenset(state.removed)
    return Found(*fastest[1:])
