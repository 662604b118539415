"""Other ways to choose, to compare the front with: ablations, greedy, random. Computed when first asked for.

They cost seconds on a large network, so they run in a thread that rests while the person moves the slider,
and stops when the study changes or when nobody wants to see them any more.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from traitlets import Dict, HasTraits, Unicode
from traitlets import Tuple as TupleTrait

from mdp.errors import Cancelled, MdpError
from mdp.plan import Plan
from mdp.problem import Problem
from mdp.solve import CORNERS, ablation, fastest, solve

from .refine import kernel_loop
from .state import Selection

BUDGETS = 20
SEEDS = 3
# After a move of the slider the thread rests this long: the page comes first.
REST = 0.4


@dataclass(frozen=True)
class Spot:
    """One choice. `latency` is by the true tables, whatever was believed when choosing; `plan` is None where
    that breaks its budget."""

    budget: float
    latency: float
    importance: float
    removed: int
    plan: Plan | None


@dataclass(frozen=True)
class Line:
    """One way to choose, at several budgets."""

    name: str
    spots: tuple[Spot, ...]


def corner_line(problem: Problem, corner, budgets: list[float], cancelled: Callable[[], bool]) -> Line:
    table = ablation(problem, budgets, corners=[corner], cancelled=cancelled)
    rows = [r for r in table.to_dict("records") if math.isfinite(r["latency"])]
    spots = (
        Spot(r["budget"], r["latency"], r["importance"], int(r["removed_blocks"]), r["plan"]) for r in rows
    )
    return Line(corner.name, tuple(spots))


def solver_line(
    problem: Problem, solver: str, budgets: list[float], cancelled: Callable[[], bool], seeds: int = 1
) -> Line:
    spots = []
    for budget in budgets:
        for seed in range(seeds):
            options = {"seed": seed} if seeds > 1 else {}
            try:
                plan = _solve(problem, budget, solver, cancelled, **options)
            except Cancelled:
                raise
            except MdpError:  # this heuristic found nothing here; the exact solver may
                continue
            spots.append(Spot(budget, plan.latency, plan.importance, len(plan.removed_blocks), plan))
    return Line(solver, tuple(spots))


def _solve(problem: Problem, budget: float, solver: str, cancelled: Callable[[], bool], **options) -> Plan:
    if not options:
        return solve(problem, budget, solver, cancelled=cancelled)
    from mdp.solve.greedy import solve_random

    return solve_random(problem, budget, cancelled=cancelled, **options)


def lines(problem: Problem, what: str, cancelled: Callable[[], bool]) -> Iterator[Line]:
    """The lines of one of WHAT, each as soon as it is there. Raises Cancelled."""
    budgets = np.linspace(fastest(problem).latency, problem.dense_latency, BUDGETS).tolist()
    if what == "ablations":
        for corner in CORNERS[:-1]:  # the last one is the front itself
            yield corner_line(problem, corner, budgets, cancelled)
    elif what == "greedy":
        yield solver_line(problem, "greedy", budgets, cancelled)
    else:
        yield solver_line(problem, "random", budgets, cancelled, SEEDS)


WHAT = ("ablations", "greedy", "random")


class Others(HasTraits):
    """Over one Selection: which of WHAT to show, and what was found.

    Traits:
        wanted: of WHAT, in any order. Assigning it starts what is missing and stops what nobody wants.
        found: what -> tuple of Lines, as far as they are there, of the present study.
        computing: of WHAT, the one that is being computed now, or "".
    """

    wanted = TupleTrait()
    found = Dict()
    computing = Unicode("")

    def __init__(self, selection: Selection):
        super().__init__()
        self.selection = selection
        self._stop = threading.Event()
        self._moved = 0.0
        self._done: set[str] = set()
        selection.observe(self._on_study, "study")
        selection.observe(self._on_move, "plan")
        self.observe(self._start, "wanted")

    def shown(self) -> tuple[Line, ...]:
        """The lines that are wanted and there."""
        return tuple(line for what in WHAT if what in self.wanted for line in self.found.get(what, ()))

    def waiting(self) -> tuple[str, ...]:
        """What is wanted and not all there yet, in the order in which it comes."""
        return tuple(what for what in WHAT if what in self.wanted and what not in self._done)

    def stop(self) -> None:
        self._stop.set()
        self.computing = ""

    def _on_move(self, _change) -> None:
        self._moved = time.monotonic()

    def _on_study(self, change) -> None:
        old, new = change["old"], change["new"]
        if old and new and old.problem is new.problem:
            return  # only more is known about it
        self.stop()
        self.found, self._done = {}, set()
        self._start()

    def _start(self, _change=None) -> None:
        """Compute the next of what is wanted; where there is no loop to answer to, all of it at once."""
        if self.computing in self.wanted and self.computing:
            return
        self.stop()
        study = self.selection.study
        what = next(iter(self.waiting()), None)
        if study is None or what is None:
            return
        self.computing = what
        self._stop = stop = threading.Event()
        loop = kernel_loop()

        def tell(act: Callable[[], None]) -> None:
            def if_current() -> None:
                if not stop.is_set():
                    act()

            if loop is None:
                if_current()
            else:
                loop.call_soon_threadsafe(if_current)

        def cancelled() -> bool:
            while loop is not None and not stop.is_set() and time.monotonic() - self._moved < REST:
                time.sleep(0.05)
            return stop.is_set()

        def work() -> None:
            found: list[Line] = []
            try:
                for line in lines(study.problem, what, cancelled):
                    found.append(line)
                    tell(lambda so_far=tuple(found): self._add(what, so_far))
            except MdpError:  # cancelled, or a study that none of this fits: there is no line to show
                pass
            tell(lambda: self._end(what))

        if loop is None:
            work()
        else:
            threading.Thread(target=work, daemon=True).start()

    def _add(self, what: str, found: tuple[Line, ...]) -> None:
        self.found = {**self.found, what: found}

    def _end(self, what: str) -> None:
        self._done.add(what)
        self.computing = ""
        self._start()
