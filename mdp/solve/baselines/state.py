"""A choice that changes step by step, and what each single step down costs: for greedy ways to prune."""

import math

from ...core.problem import Problem, Term

# ("dim", name): one option narrower; ("block", name): removed.
Move = tuple[str, str]


class State:
    """A choice, dense at first, with what each next step would save and lose.

    A step's price is kept until a step changes a table that the price was read from.
    """

    def __init__(self, problem: Problem):
        self.problem = problem
        self.index = {d.name: len(d.options) - 1 for d in problem.dims}
        self.removed: set[str] = set()
        self._sides: dict[Move, tuple[list[Term], list[Term]]] = {
            ("dim", d.name): ([], []) for d in problem.dims
        }
        self._sides |= {("block", b.name): ([], []) for b in problem.blocks}
        self._readers: dict[Move, set[Move]] = {move: {move} for move in self._sides}
        for side, terms in enumerate((problem.latency, problem.importance)):
            for term in terms:
                users = [("dim", name) for name in term.dims]
                users += [("block", term.block)] if term.block is not None else []
                for user in users:
                    self._sides[user][side].append(term)
                    self._readers[user].update(users)
        self._prices: dict[Move, tuple[float, float]] = {}

    def latency(self) -> float:
        """Of the whole choice."""
        return math.fsum(self._value(t) for t in self.problem.latency)

    def narrower(self) -> list[Move]:
        """Each single step down of a dim."""
        return [("dim", name) for name, index in self.index.items() if index > 0]

    def moves(self) -> list[Move]:
        """Each single step down: one option, or one block."""
        blocks = [b.name for b in self.problem.blocks if b.removable and b.name not in self.removed]
        return self.narrower() + [("block", name) for name in blocks]

    def price(self, move: Move) -> tuple[float, float]:
        """(latency saved, importance lost) of a step, all else as it is now."""
        found = self._prices.get(move)
        if found is None:
            saved, lost = (self._of(terms, move) for terms in self._sides[move])
            found = self._prices[move] = saved, lost
        return found

    def apply(self, move: Move) -> None:
        """Take a step."""
        if move[0] == "dim":
            self.index[move[1]] -= 1
        else:
            self.removed.add(move[1])
        for reader in self._readers[move]:
            self._prices.pop(reader, None)

    def choices(self) -> dict[str, int]:
        """Kept units of every dim."""
        return {d.name: d.options[self.index[d.name]] for d in self.problem.dims}

    def _of(self, terms: list[Term], move: Move) -> float:
        before = math.fsum(self._value(t) for t in terms)
        if move[0] == "block":
            return before
        self.index[move[1]] -= 1
        after = math.fsum(self._value(t) for t in terms)
        self.index[move[1]] += 1
        return before - after

    def _value(self, term: Term) -> float:
        if term.block in self.removed:
            return 0.0
        return float(term.values[tuple(self.index[d] for d in term.dims)])
