"""The Pyomo model of the exact linearisation; `milp` says what its variables mean."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from ...core.problem import Problem


def build(problem: Problem, latency_scale: float, importance_scale: float, most: Mapping | None = None):
    """A Pyomo model that maximises `importance` subject to `within`: latency <= parameter `budget`.

    `most` gives resource -> (scale, limit) of further constraints, each resource at most its limit.

    `x[dim, option index]` and `kept[removable block]` are binary and hold the answer; the rest is continuous.
    """
    import pyomo.environ as pyo

    others = [(problem.resource[name].terms, scale) for name, (scale, _) in (most or {}).items()]
    tables = merge_tables(problem, latency_scale, importance_scale, others)
    size = {d.name: len(d.options) for d in problem.dims}
    m = pyo.ConcreteModel()
    m.one = pyo.Var(bounds=(1, 1))
    m.x = pyo.Var([(d, i) for d in size for i in range(size[d])], domain=pyo.Binary)
    m.kept = pyo.Var([b.name for b in problem.blocks if b.removable], domain=pyo.Binary)
    uses = sorted({(b, d) for b, scope in tables for d in scope if b in m.kept})
    m.y = pyo.Var([(b, d, i) for b, d in uses for i in range(size[d])], bounds=(0, 1))
    m.rules = pyo.ConstraintList()
    for d in size:
        m.rules.add(pyo.quicksum(m.x[d, i] for i in range(size[d])) == m.one)
    for b, d in uses:
        m.rules.add(pyo.quicksum(m.y[b, d, i] for i in range(size[d])) == m.kept[b])
        for i in range(size[d]):
            m.rules.add(m.y[b, d, i] <= m.x[d, i])

    joint = _joint_scopes(tables)
    entries = [(k, *e) for k, (_, scope) in enumerate(joint) for e in np.ndindex(*(size[d] for d in scope))]
    m.w = pyo.Var(pyo.Set(initialize=entries, dimen=None), bounds=(0, 1))  # indices of several lengths
    number = {pair: k for k, pair in enumerate(joint)}

    def variable(block, scope, entry):
        """The share of one entry of the tables over `scope`, one index per dim."""
        if not scope:
            return m.kept[block] if block in m.kept else m.one
        if len(scope) == 1:
            return m.y[block, scope[0], entry[0]] if block in m.kept else m.x[scope[0], entry[0]]
        return m.w[(number[block, scope], *entry)]

    for block, scope in joint:
        for part in _margins(scope, {s for b, s in joint if b == block}):
            rest = [d for d in scope if d not in part]
            for entry in np.ndindex(*(size[d] for d in part)):
                at = dict(zip(part, entry, strict=True))
                entries = (
                    tuple({**at, **dict(zip(rest, other, strict=True))}[d] for d in scope)
                    for other in np.ndindex(*(size[d] for d in rest))
                )
                m.rules.add(
                    pyo.quicksum(variable(block, scope, e) for e in entries) == variable(block, part, entry)
                )

    total: dict[int, list] = {i: [] for i in range(2 + len(others))}
    for (block, scope), values in tables.items():
        for which, value in enumerate(values):
            total[which] += [
                value[e] * variable(block, scope, e) for e in np.ndindex(*value.shape) if value[e]
            ]
    m.budget = pyo.Param(mutable=True, initialize=0.0)
    m.importance = pyo.Objective(expr=pyo.quicksum([0 * m.one, *total[1]]), sense=pyo.maximize)
    # One more on both sides: the row is there even if no table has a latency.
    m.within = pyo.Constraint(expr=pyo.quicksum([m.one, *total[0]]) <= m.budget + 1)
    m.others = pyo.ConstraintList()
    for i, (scale, limit) in enumerate((most or {}).values(), 2):
        m.others.add(pyo.quicksum([m.one, *total[i]]) <= scale * limit + 1)
    return m


def merge_tables(
    problem: Problem, latency_scale: float = 1.0, importance_scale: float = 1.0, others: Sequence = ()
):
    """All terms over the same block and dims as one: (block, sorted dims) -> [latency, importance, *others].

    `others` are (terms, scale) of further resources.
    """
    tables: dict[tuple[str | None, tuple[str, ...]], list[np.ndarray]] = {}
    parts = ((problem.latency, latency_scale), (problem.importance, importance_scale), *others)
    for which, (terms, scale) in enumerate(parts):
        for term in terms:
            scope = tuple(sorted(term.dims))
            values = term.values.transpose([term.dims.index(d) for d in scope]) * scale
            sums = tables.setdefault((term.block, scope), [np.zeros(values.shape) for _ in parts])
            sums[which] = sums[which] + values
    return tables


def _joint_scopes(tables) -> list[tuple[str | None, tuple[str, ...]]]:
    """Scopes of two or more dims, per block, with the pairwise intersections of that size."""
    scopes: dict[str | None, set[tuple[str, ...]]] = {}
    for block, scope in tables:
        scopes.setdefault(block, set()).add(scope)
    for own in scopes.values():
        for a, b in itertools.combinations(sorted(own), 2):
            own.add(tuple(sorted(set(a) & set(b))))
    return [(block, scope) for block, own in scopes.items() for scope in sorted(own) if len(scope) > 1]


def _margins(scope: tuple[str, ...], joint: set[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The smaller scopes that the joint variables of `scope` must agree with: a few that imply the others."""
    inside = [part for part in joint if set(part) < set(scope)]
    largest = [part for part in inside if not any(set(part) < set(other) for other in inside)]
    covered = {d for part in largest for d in part}
    return [*largest, *((d,) for d in scope if d not in covered)]
