"""An upper bound of what any choice within a budget can have, however closely the dims hang together.

Every table chooses for itself: min over m >= 0 of m x budget + the sum over tables of the largest entry of
importance - m x latency (Lagrangian relaxation of the budget, and of the agreement between tables). A table
of importance is shared out between the tables of latency of its block that span its dims. It is loose, and
one look at every table for each m.
"""

from collections.abc import Callable, Mapping

import numpy as np

from ..core.problem import Problem, Term
from .precision import ROUNDING, carried, facts
from .protocol import Clock, OutOfTime

# Steps towards the best multiplier: the bound falls, then rises along m.
STEPS = 30
GOLDEN = (5**0.5 - 1) / 2
# Of one block: tables of (latency, importance), of one shape each.
Pairs = list[tuple[np.ndarray, np.ndarray]]


def loose_bound(problem: Problem, budget: float, importance: float, clock: Clock) -> float | None:
    """No choice within the budget has more importance than this; None where float64 does not carry that.

    Args:
        importance: of a plan that is known.
        clock: of this bound alone; when time is up, the least bound so far is the answer.

    Raises:
        Cancelled: on request.
    """
    if not carried(problem, budget, importance):
        return None
    times, worth = facts(problem)[0].largest, facts(problem)[1].largest
    room = budget + 0.5e-9 * abs(budget)
    blocks, always = _by_block(problem), {b.name for b in problem.blocks if not b.removable} | {None}

    def at(m: float) -> float:
        total = m * room
        for block, pairs in blocks.items():
            own = sum(float((v - m * t).max()) for t, v in pairs)
            total += own if block in always else max(own, 0.0)
        return total + 4 * ROUNDING * (worth + m * (times + abs(room)))

    with np.errstate(all="ignore"):
        bound = _least(at, worth / max(times, 1e-300), clock)
    return bound if np.isfinite(bound) else None


def _least(at: Callable[[float], float], size: float, clock: Clock) -> float:
    """The least that is found of a convex function, at zero and above: powers first, then golden section."""
    least = at(0.0)
    try:
        row = [0.0]
        for k in range(-12, 13):
            clock()
            row.append(size * 2.0**k)
            if (value := at(row[-1])) > least:
                break
            least = value
        low, high = row[max(len(row) - 3, 0)], row[-1]
        for _ in range(STEPS):
            clock()
            left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
            on_left, on_right = at(left), at(right)
            low, high = (low, right) if on_left < on_right else (left, high)
            least = min(least, on_left, on_right)
    except OutOfTime:
        pass
    return least


def _by_block(problem: Problem) -> Mapping[str | None, Pairs]:
    """The tables of each block, every importance shared out between the latencies that span it."""
    found: dict[str | None, Pairs] = {}
    made: dict[int, np.ndarray] = {id(t): np.zeros(t.values.shape) for t in problem.latency}
    spanning: dict[tuple[str | None, str], list[Term]] = {}
    for term in problem.latency:
        for name in term.dims:
            spanning.setdefault((term.block, name), []).append(term)
    for term in problem.importance:
        near = min((spanning.get((term.block, name), []) for name in term.dims), key=len, default=[])
        hosts = [t for t in near if set(term.dims) <= set(t.dims)]
        for host in hosts:
            made[id(host)] = made[id(host)] + _spread(term, host.dims) / len(hosts)
        if not hosts:
            found.setdefault(term.block, []).append((np.zeros(()), term.values))
    for term in problem.latency:
        found.setdefault(term.block, []).append((term.values, made[id(term)]))
    return found


def _spread(term: Term, dims: tuple[str, ...]) -> np.ndarray:
    """A table over some of `dims` as one that broadcasts over all of them, in their order."""
    order = sorted(range(len(term.dims)), key=lambda i: dims.index(term.dims[i]))
    values, sizes = term.values.transpose(order), dict(zip(term.dims, term.values.shape, strict=True))
    return values.reshape([sizes.get(d, 1) for d in dims])
