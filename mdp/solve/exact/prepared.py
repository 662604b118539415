"""A problem made ready for any budget: tree, lists and hull, kept with the Problem object."""

import threading
from dataclasses import dataclass, field

import numpy as np

from ...core.pins import Pins, allowed_options
from ...core.problem import Problem
from ..cache import kept, kept_few
from .clusters import Cluster
from .elimination import Parts, Restriction, Tree, build_tree, make_parts
from .hull import Hulls, make_hulls
from .pareto_lists import Node, make_nodes
from .program import Names, make_program
from .root_search import Roots


@dataclass(frozen=True, eq=False)
class PreparedProblem:
    """A problem, perhaps with fewer choices, ready to be solved for any budget."""

    problem: Problem
    tree: Tree
    names: Names
    hulls: Hulls
    roots: Roots
    only: Restriction | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)

    def decisions(self, points) -> tuple[dict[str, int], set[str]]:
        """Kept units of every dim, and removed blocks. Dims that are no matter stay as wide as they can."""
        chosen, removed = self.names.decisions(points)
        choices = {d: options[chosen.get(d, -1)] for d, options in self.tree.options.items()}
        return choices, removed | self.tree.removed


@dataclass(frozen=True, eq=False)
class _Base:
    """What all restrictions of a problem share."""

    parts: Parts
    nodes: dict[Cluster, Node]


def _base(problem: Problem) -> _Base:
    return kept(problem, "_exact_base", lambda: _Base(make_parts(problem), {}))


def prepared(problem: Problem, pins: Pins | None = None) -> PreparedProblem:
    """The problem made ready, kept with the Problem object (of pins, the last few).

    Raises:
        Unsupported: the shared dims form no tree of small width.
        MdpError: pins that the problem does not have.
    """
    if not pins:
        return kept(problem, "_exact", lambda: _prepare(problem, None, _base(problem).nodes))
    only = Restriction(allowed_options(problem, pins), pins.blocks)
    key = (tuple(sorted(pins.dims.items())), tuple(sorted(pins.blocks.items())))
    return kept_few(problem, "_exact_pinned", key, lambda: restricted(problem, only))


def restricted(problem: Problem, only: Restriction) -> PreparedProblem:
    """The problem with fewer choices, made ready from what the whole problem has made already."""
    prepared(problem)
    return _prepare(problem, only, dict(_base(problem).nodes))


def _prepare(problem: Problem, only: Restriction | None, nodes) -> PreparedProblem:
    tree = build_tree(_base(problem).parts, only)
    with np.errstate(all="ignore"):  # numbers beyond float64 are found out later, see digits
        program, names = make_program(make_nodes(tree, nodes))
        hulls = make_hulls(program)
    return PreparedProblem(problem, tree, names, hulls, Roots(program, hulls), only)
