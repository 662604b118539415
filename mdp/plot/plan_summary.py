"""A whole plan in two short lines, for a hover."""

from collections.abc import Collection

from ..core.plan import Plan
from ..core.problem import Problem
from ..core.words import many, plural
from .labels import LABELS, short_names

NAMED = 6  # removed blocks named one by one, at most


def plan_summary(problem: Problem, plan: Plan) -> str:
    """`blocks 3, 7 removed`, `heads 46 of 48 · Q/K 75 % · MLP 12 %`: every kind of dim over all blocks."""
    kept: dict[str, int] = {}
    dense: dict[str, int] = {}
    for dim in problem.dims:
        kept[dim.kind] = kept.get(dim.kind, 0) + (plan.choices.get(dim.name) or 0)
        dense[dim.kind] = dense.get(dim.kind, 0) + dim.options[-1]

    def share(kind: str) -> str:
        few = dense[kind] < 1000
        return f"{kept[kind]} of {dense[kind]}" if few else f"{100 * kept[kind] / dense[kind]:.0f} %"

    words = [f"{LABELS.get(kind, kind)} {share(kind)}" for kind in kept]
    lines = [" · ".join(words[i : i + 3]) for i in range(0, len(words), 3)]  # a hover is narrow
    return "<br>".join([removed_summary(problem, plan.removed_blocks), *lines])


def removed_count(plan: Plan) -> str:
    """`no block removed`, `1 block removed`, `12 blocks removed`."""
    gone = len(plan.removed_blocks)
    return f"{many(gone, 'block') if gone else 'no block'} removed"


def removed_summary(problem: Problem, removed: Collection[str]) -> str:
    """`no block removed`, `block 3 removed`, `blocks 3, 7 removed`, `12 of 33 blocks removed`."""
    if not removed:
        return "no block removed"
    if len(removed) > NAMED:
        return f"{len(removed)} of {many(len(problem.blocks), 'block')} removed"
    short = short_names([b.name for b in problem.blocks])
    return f"{plural(len(removed), 'block')} {', '.join(short[b] for b in removed)} removed"
