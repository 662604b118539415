"""The best plan that single steps find where time ran out: from a few starts, first to fit, then to be good.

It proves nothing and is used only where a solver ends with nothing better. Tables need not fall with width:
a step may go to any option of a dim, and a block may come back.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..core.plan import within
from ..core.problem import Problem, Term
from .baselines.state import Move
from .protocol import Clock, Limits, OutOfTime

# Random starts after those that are given, where there is time for them.
STARTS = 200
# A start: kept units of every dim, and removed blocks.
Start = tuple[Mapping[str, int | None], frozenset[str]]


# How a plan of this search was found, for its note.
BY_STEPS = "found by single steps"


def extra(limits: Limits) -> Limits:
    """The time for what is done where time ran out: a tenth of the limit, half a second to two."""
    seconds = min(max(0.1 * (limits.or_default().time_limit or 0.0), 0.5), 2.0)
    return replace(limits, time_limit=seconds)


def in_time(limits: Limits) -> str:
    """The time limit as the end of a sentence."""
    limit = limits.or_default().time_limit
    return f" within {limit:g} s" if limit is not None and limit < math.inf else ""


@dataclass(frozen=True)
class Reached:
    """The best choice that fits, None where none does, and the smallest latency of all that was seen."""

    choices: dict[str, int] | None
    removed: frozenset[str]
    smallest: float


def search(
    problem: Problem, budget: float, most: Mapping[str, float], starts: list[Start], clock: Clock
) -> Reached:
    """Improve `starts`, the dense network and random choices until time is up; the same seed each time.

    Args:
        most: what it may use of other resources.
        clock: of this search alone.

    Raises:
        Cancelled: on request.
    """
    best, value, smallest = None, -np.inf, np.inf
    steps = _Steps(problem, budget, most, clock)
    late = False
    with np.errstate(all="ignore"):  # numbers beyond float64 are looked at in the end
        for start in _all_starts(problem, starts):
            try:
                steps.begin(*start)
                steps.fit()
                steps.improve()
            except OutOfTime:
                late = True
            choices, removed = steps.decisions()
            latency, importance = problem.evaluate(choices, removed)
            smallest = min(smallest, latency)
            uses = ((problem.total(problem.resource[n].terms, choices, removed), m) for n, m in most.items())
            if within(latency, budget) and all(within(u, m) for u, m in uses) and importance > value:
                best, value = (choices, removed), importance
            if late:
                break
    return Reached(best[0] if best else None, best[1] if best else frozenset(), smallest)


def _all_starts(problem: Problem, given: list[Start]) -> Iterator[tuple[np.ndarray, set[str]]]:
    """Options by number, and removed blocks."""
    for choices, removed in given:
        row = [d.options.index(choices[d.name] or d.dense) for d in problem.dims]
        yield np.array(row, dtype=int), set(removed)
    dense = np.array([len(d.options) for d in problem.dims], dtype=int) - 1
    yield dense, set()
    yield 0 * dense, set()
    random = np.random.default_rng(0)
    for _ in range(STARTS):
        yield random.integers(0, dense + 1), set()


class _Steps:
    """A choice that changes one dim or block at a time, with what it uses of each limited row."""

    def __init__(self, problem: Problem, budget: float, most: Mapping[str, float], clock: Clock):
        self.problem, self.clock = problem, clock
        rows = [(problem.latency, budget)] + [(problem.resource[n].terms, m) for n, m in most.items()]
        self.room = np.array([[m + 0.5e-9 * abs(m)] for _, m in rows])
        self.tables = [*(terms for terms, _ in rows), problem.importance]  # the last row is what is wanted
        self.number = {d.name: i for i, d in enumerate(problem.dims)}
        moves: list[Move] = [("dim", d.name) for d in problem.dims]
        moves += [("block", b.name) for b in problem.blocks if b.removable]
        self.touched: dict[Move, list[list[Term]]] = {move: [[] for _ in self.tables] for move in moves}
        for row, terms in enumerate(self.tables):
            for term in terms:
                users: list[Move] = [("dim", name) for name in term.dims]
                users += [("block", term.block)] if term.block is not None else []
                for user in users:
                    if user in self.touched:
                        self.touched[user][row].append(term)

    def begin(self, index: np.ndarray, removed: set[str]) -> None:
        self.index, self.removed = index, removed
        self.use = np.array([self._sum(t for t in terms if self._counts(t)) for terms in self.tables])

    def decisions(self) -> tuple[dict[str, int], frozenset[str]]:
        made = zip(self.problem.dims, self.index, strict=True)
        return {d.name: d.options[i] for d, i in made}, frozenset(self.removed)

    def fit(self) -> None:
        """Step to where less is over the limits, until all is within or no single step helps."""
        while self._over(self.use[:, None])[0] > 0:
            if not self._round(lambda uses: (-self._over(uses), uses[-1])):
                return

    def improve(self) -> None:
        """Where all is within: step to more importance, or as much of it for less latency."""
        while self._over(self.use[:, None])[0] <= 0:
            if not self._round(lambda uses: (np.where(self._over(uses) > 0, -np.inf, uses[-1]), -uses[0])):
                return

    def _over(self, uses: np.ndarray) -> np.ndarray:
        """How far uses, of shape (rows, options), are over the limits, as shares of these; 0 where not."""
        return (np.maximum(uses[:-1] - self.room, 0.0) / np.maximum(np.abs(self.room), 1e-300)).sum(axis=0)

    def _round(self, rank: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]) -> bool:
        """Give each dim and block in turn its best-ranked option. Whether anything changed."""
        moved = False
        for move, touched in self.touched.items():
            self.clock()
            uses, now = self._uses(move, touched)
            ranks = list(zip(*rank(uses), strict=True))
            best = max(range(len(ranks)), key=ranks.__getitem__)
            if ranks[best] > ranks[now]:
                self._take(move, best)
                self.use, moved = uses[:, best], True
        return moved

    def _uses(self, move: Move, touched: list[list[Term]]) -> tuple[np.ndarray, int]:
        """Uses with each option of a dim or block, of shape (rows, options), and which of them is taken."""
        if move[0] == "dim":
            now = int(self.index[self.number[move[1]]])
            made = np.array([self._along(terms, move[1]) for terms in touched])
            return self.use[:, None] + made - made[:, [now]], now
        own, now = np.array([self._sum(terms) for terms in touched]), int(move[1] in self.removed)
        kept = self.use + own if now else self.use
        return np.stack([kept, kept - own], axis=1), now

    def _take(self, move: Move, option: int) -> None:
        if move[0] == "dim":
            self.index[self.number[move[1]]] = option
        else:
            self.removed ^= {move[1]}

    def _counts(self, term: Term) -> bool:
        return term.block not in self.removed

    def _sum(self, terms: Iterable[Term]) -> float:
        return sum(float(t.values[tuple(self.index[self.number[d]] for d in t.dims)]) for t in terms)

    def _along(self, terms: list[Term], name: str) -> np.ndarray:
        """What these tables add up to for every option of a dim, all else as it is."""
        total = np.zeros(len(self.problem.dim[name].options))
        for term in terms:
            if self._counts(term):
                at = (slice(None) if d == name else self.index[self.number[d]] for d in term.dims)
                total = total + term.values[tuple(at)]
        return total
