"""HiGHS, asked again and again about one problem: built in Pyomo, compiled once."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...core.plan import within
from ...core.problem import Problem
from ..precision import sizes
from .model import build

# Both rows are scaled to this size, so that HiGHS's absolute tolerances are far below a table's digits.
SCALE = 1e5


# Pyomo imports parts of itself when they are first used, which two threads must not do at once.
_building = threading.Lock()


@dataclass(frozen=True)
class Answer:
    """What HiGHS says of one solve. `choices` is None where it found nothing."""

    status: str
    choices: dict[str, int] | None = None
    removed: set[str] = field(default_factory=set)
    bound: float | None = None
    optimal: bool = False
    note: str = ""


class Milp:
    """One problem, built once: Pyomo's model (`model.budget` is a mutable parameter), compiled for HiGHS.

    The compiled matrix is kept in HiGHS, so that another budget changes one number.
    """

    def __init__(self, problem: Problem, most: Mapping[str, float] | None = None):
        """`most` are limits of other resources; each is asked for a hair less than `within` forgives."""
        self.problem = problem
        # Not `facts`: entries that limits of peaks forbid count here, where they stand in the rows.
        self.latency_scale = SCALE / max(sizes(problem.latency).largest, 1e-300)
        self.importance_scale = SCALE / max(sizes(problem.importance).largest, 1e-300)
        with _building:
            self.model = build(problem, self.latency_scale, self.importance_scale, self._rows(most or {}))
            self._compile()

    def _rows(self, most: Mapping[str, float]) -> dict[str, tuple[float, float]]:
        """(scale, limit) of each resource that is limited."""
        rows = {}
        for name, limit in most.items():
            scale = SCALE / max(sizes(self.problem.resource[name].terms).largest, 1e-300)
            rows[name] = (scale, limit + 0.5e-9 * abs(limit))
        return rows

    def solve(self, budget: float, *, time_limit=None, stop=None) -> Answer:
        """Maximise importance within the budget; `stop`, an event, ends it early with what is known."""
        # Forgive what `within` forgives, then ask HiGHS for less than that.
        answer = self._solve(budget + 0.5e-9 * abs(budget), time_limit, stop)
        if answer.choices is None:
            return answer
        latency = self.problem.total(self.problem.latency, answer.choices, answer.removed)
        if within(latency, budget):
            return answer
        # HiGHS's tolerance let it over the budget by a hair: ask again a hair lower, keep the bound.
        again = self._solve(budget - 2e-7 / self.latency_scale - abs(latency - budget), time_limit, stop)
        if again.choices is None:
            return again
        proven = again.optimal and again.bound is not None and answer.bound <= again.bound
        return Answer(again.status, again.choices, again.removed, answer.bound, proven, again.note)

    def fastest(self, stop=None) -> Answer:
        """The choice with the smallest latency."""
        self._objective(-self._latency_row)
        try:
            return self._solve(np.inf, None, stop)
        finally:
            self._objective(self._importance_row)

    def _compile(self) -> None:
        import highspy
        from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

        form = LinearStandardFormCompiler().write(self.model, mixed_form=True, set_sense=None)
        rows, lp = form.A.tocsr(), highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(form.columns), rows.shape[0]
        lp.col_lower_ = np.array([v.lb for v in form.columns], dtype=float)
        lp.col_upper_ = np.array([np.inf if v.ub is None else v.ub for v in form.columns], dtype=float)
        lp.col_cost_ = np.asarray(form.c.todense()).ravel()
        lp.sense_ = highspy.ObjSense.kMaximize
        lp.offset_ = float(form.c_offset[0])
        # bound_type: 0 is an equality, 1 is <=, -1 is >=.
        kind = np.array([row.bound_type for row in form.rows])
        lp.row_lower_ = np.where(kind == 1, -np.inf, form.rhs)
        lp.row_upper_ = np.where(kind == -1, np.inf, form.rhs)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = rows.indptr, rows.indices
        lp.a_matrix_.value_ = rows.data
        lp.integrality_ = [
            highspy.HighsVarType.kInteger if v.is_binary() else highspy.HighsVarType.kContinuous
            for v in form.columns
        ]
        self._highs = highspy.Highs()
        self._highs.silent()
        for option, value in (
            # Its presolve (1.15.1) calls 38 optimal where 60 is, on problems of a few whole numbers with ties
            # (tests/solve/test_digits.py); without it, it takes about as long.
            ("presolve", "off"),
            ("mip_rel_gap", 0.0),
            ("mip_abs_gap", 1e-7),
            ("primal_feasibility_tolerance", 1e-9),
            ("mip_feasibility_tolerance", 1e-9),
            ("threads", 1),
            ("random_seed", 1),
        ):
            self._highs.setOptionValue(option, value)
        self._highs.passModel(lp)
        self._offset = lp.offset_
        self._importance_row = np.array(lp.col_cost_)
        self._budget_row = next(i for i, row in enumerate(form.rows) if row.constraint is self.model.within)
        self._latency_row = np.asarray(rows[self._budget_row].todense()).ravel()
        self._latency_fixed = self.model.budget.value - form.rhs[self._budget_row]
        self._columns = {id(v): i for i, v in enumerate(form.columns)}

    def _objective(self, costs: np.ndarray) -> None:
        self._highs.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), costs)

    def _solve(self, budget: float, time_limit, stop) -> Answer:
        import highspy

        h = self._highs
        self.model.budget = budget * self.latency_scale
        h.changeRowBounds(self._budget_row, -np.inf, self.model.budget.value - self._latency_fixed)
        h.clearSolver()
        h.setOptionValue("time_limit", float("inf") if time_limit is None else float(time_limit))
        with _stopping(h, stop):
            h.run()
        status, info = h.getModelStatus(), h.getInfo()
        if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            return Answer("infeasible")
        if info.primal_solution_status != 2:  # kSolutionStatusFeasible
            return Answer("unknown")
        choices, removed = self._read(np.array(h.getSolution().col_value))
        optimal = status == highspy.HighsModelStatus.kOptimal
        bound = info.mip_dual_bound / self.importance_scale
        note = "" if optimal else f"stopped with a gap of {100 * info.mip_gap:.2g} %"
        return Answer("optimal" if optimal else "feasible", choices, removed, bound, optimal, note)

    def _read(self, x: np.ndarray) -> tuple[dict[str, int], set[str]]:
        """Choices and removed blocks. What no term uses has no column: it stays as it is."""

        def share(variable) -> float:
            column = self._columns.get(id(variable))
            return 1.0 if column is None else float(x[column])

        choices = {}
        for dim in self.problem.dims:
            shares = [share(self.model.x[dim.name, i]) for i in range(len(dim.options))]
            choices[dim.name] = dim.options[max(range(len(shares)), key=lambda i: (shares[i], i))]
        removable = [b.name for b in self.problem.blocks if b.removable]
        return choices, {name for name in removable if share(self.model.kept[name]) < 0.5}


class _stopping:
    """Looks at an event now and then while HiGHS runs, and interrupts it."""

    def __init__(self, highs, stop):
        self._stop = stop
        self._callbacks = () if stop is None else (highs.cbMipInterrupt, highs.cbSimplexInterrupt)

    def __enter__(self):
        for callback in self._callbacks:
            callback += self._ask

    def __exit__(self, *error):
        for callback in self._callbacks:
            callback -= self._ask

    def _ask(self, event):
        if self._stop.is_set():
            event.interrupt()
