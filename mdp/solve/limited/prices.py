"""Prices of several resources: which multipliers give the least Lagrangian bound.

For prices p, value(p) = max over choices of importance - p.uses, and value(p) + p.limits is a bound. Its
minimum is the linear program that mixes known choices within the limits; its dual prices name the next
choice to look at, and so on (Kelley's cutting planes; Dantzig-Wolfe from the other side). Choices that are
known stay of use for other limits.
"""

from dataclasses import dataclass

import numpy as np

# Beyond this price a resource's whole scale is worth this many times all importance: nothing fits.
DEAREST = 1e4
# Known choices beyond which a mixture starts anew.
MOST = 1500


@dataclass(frozen=True)
class Found:
    """A choice by its totals, and the points that it is made of as (level, point) of the whole program."""

    uses: np.ndarray
    importance: float
    points: tuple[tuple[int, int], ...]


class Mixture:
    """A linear program over choices, by what they use and are worth."""

    def __init__(self, scale_uses: np.ndarray, scale_importance: float):
        self.scale_uses = np.where(scale_uses > 0, scale_uses, 1.0)
        self.scale_importance = scale_importance or 1.0
        self._start()

    def _start(self) -> None:
        import highspy

        resources = len(self.scale_uses)
        self._highs = h = highspy.Highs()
        h.silent()
        for name, value in (("presolve", "off"), ("threads", 1), ("solver", "simplex")):
            h.setOptionValue(name, value)
        none = np.zeros(0, dtype=np.int32)
        for _ in range(resources):
            h.addRow(-np.inf, 0.0, 0, none, np.zeros(0))
        h.addRow(1.0, 1.0, 0, none, np.zeros(0))
        for r in range(resources):  # what may be exceeded, at the dearest price
            h.addCol(DEAREST, 0.0, np.inf, 1, np.array([r], dtype=np.int32), np.array([-1.0]))
        self._rows = np.arange(resources + 1, dtype=np.int32)
        self._keys: set[bytes] = set()
        self.choices: list[Found] = []

    def add(self, choice: Found) -> bool:
        """Make a choice known; False if it was."""
        key = np.append(choice.uses, choice.importance).tobytes()
        if key in self._keys:
            return False
        if len(self.choices) >= MOST:
            self._start()
        self._keys.add(key)
        self.choices.append(choice)
        column = np.append(choice.uses / self.scale_uses, 1.0)
        cost = -choice.importance / self.scale_importance
        self._highs.addCol(cost, 0.0, np.inf, len(column), self._rows, column)
        return True

    def mixed(self) -> list[Found]:
        """The choices that the last solution mixes, the largest share first."""
        shares = np.array(self._highs.getSolution().col_value)[len(self.scale_uses) :]
        order = (-shares).argsort(kind="stable")
        return [self.choices[i] for i in order.tolist() if shares[i] > 1e-9]

    def solve(self, limits: np.ndarray) -> tuple[np.ndarray, float]:
        """The prices at which the known choices bound least, and that bound, which is below the true one."""
        h = self._highs
        for r, limit in enumerate(limits / self.scale_uses):
            h.changeRowBounds(r, -np.inf, float(limit))
        h.run()
        dual = np.array(h.getSolution().row_dual[: len(limits)])
        prices = np.maximum(-dual, 0.0) * self.scale_importance / self.scale_uses
        return prices, -h.getInfo().objective_function_value * self.scale_importance
