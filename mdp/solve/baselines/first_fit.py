"""The first of a row of choices, from dense down, that meets a budget."""

from collections.abc import Callable, Mapping

from ...core.plan import within
from ...core.problem import Problem
from ..heuristic import Found
from ..protocol import Clock


def first_fit(
    problem: Problem, budget: float, count: int, at: Callable[[int], Mapping[str, int]], clock: Clock
) -> Found:
    """The choice `at(i)` of the smallest i below `count` that fits, by bisection; no block is removed.

    Latency falls along the row wherever a narrower network is faster; where some are not, a smaller i may be
    passed over, but never the first. Where the last choice does not fit, the whole row is tried, and the
    fastest of it is the answer if none fits.
    """

    def latency(i: int) -> float:
        clock()
        return problem.evaluate(at(i))[0]

    if within(latency(0), budget):
        return Found(at(0))
    low, high = 0, count - 1
    if not within(latency(high), budget):
        times = [latency(i) for i in range(count)]
        return Found(at(next((i for i, t in enumerate(times) if within(t, budget)), times.index(min(times)))))
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if within(latency(middle), budget) else (middle + 1, high)
    return Found(at(high))
