"""The architecture and what survives of it: stages, blocks, and in every block its dims, kept against dense.

`survivors_info` is the record, the same for every family: a group is a run of blocks that share widths (a
stage of a ResNet, the residual stream of a ViT), a row is a block, a bar is a dim.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..core.plan import Plan
from ..core.problem import Problem
from ..core.study import StudyRecord
from ..core.words import many
from ..solve import Pins
from .formats import budgeted, measured_in, ms
from .labels import dim_label, label_of, short_names, stage_name, stages

# Up to this many heads are drawn one by one, in the order of the dense model; all else is a bar by rank.
SINGLE = 16


@dataclass(frozen=True)
class Bar:
    """One dim. `kept` is 0 where the dim is gone; `units` marks survivors one by one where they are few.

    `a` and `units_a` are the same of the plan A that it is compared with; None and () without one.
    """

    dim: str
    label: str
    kind: str
    dense: int
    kept: int
    units: tuple[bool, ...]
    pinned: bool
    a: int | None = None
    units_a: tuple[bool, ...] = ()


@dataclass(frozen=True)
class Row:
    """One block. Latency and importance are its own terms', as chosen and dense. `a_removed`, `a_latency`:
    those of the plan A that it is compared with, None without one."""

    block: str
    label: str
    removable: bool
    removed: bool
    pinned: bool
    bars: tuple[Bar, ...]
    latency: float
    dense_latency: float
    importance: float
    a_removed: bool | None = None
    a_latency: float | None = None


@dataclass(frozen=True)
class RowGroup:
    """Blocks in a row that share widths; `bars` are the shared dims that start here."""

    name: str
    bars: tuple[Bar, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class SurvivorsInfo:
    """The whole picture. `columns` are the labels of the bars inside blocks, in order; `fixed` is the latency
    of what no plan changes, `latency` that of the whole plan; `what` heads the column of latencies."""

    unit: str
    columns: tuple[str, ...]
    groups: tuple[RowGroup, ...]
    fixed: float = 0.0
    latency: float = 0.0
    what: str = "latency, ms"


def survivors_info(
    study: StudyRecord, plan: Plan, pins: Pins | None = None, a: Plan | None = None
) -> SurvivorsInfo:
    """The record of one plan, beside a plan A of the same study where one is given."""
    problem, pins = study.problem, pins or Pins()
    names = [b.name for b in problem.blocks]
    short = short_names(names)
    home = {
        d: next(iter(users))
        for d, users in problem.dim_blocks.items()
        if len(users) == 1 and None not in users
    }

    def bar(dim: str, block: str | None) -> Bar:
        kept = plan.choices.get(dim) or 0
        d = problem.dim[dim]
        order = np.asarray(study.scores.order.get(dim, np.arange(d.dense)))
        single = d.kind == "heads" and d.dense <= SINGLE
        kept_a = None if a is None else a.choices.get(dim) or 0

        def units(count: int | None) -> tuple[bool, ...]:
            return tuple(np.isin(np.arange(d.dense), order[:count]).tolist()) if single else ()

        units_a = () if kept_a is None else units(kept_a)
        label = label_of(dim, d.kind, block)
        return Bar(dim, label, d.kind, d.dense, kept, units(kept), dim in pins.dims, kept_a, units_a)

    latency, importance = own_terms(problem, plan)
    latency_a = own_terms(problem, a)[0] if a else {}
    dense = own_terms(problem, None)[0]
    rows = {
        b.name: Row(
            block=b.name,
            label=short[b.name],
            removable=b.removable,
            removed=b.name in plan.removed_blocks,
            pinned=b.name in pins.blocks,
            bars=tuple(bar(d, b.name) for d, owner in home.items() if owner == b.name),
            latency=latency[b.name],
            dense_latency=dense[b.name],
            importance=importance[b.name],
            a_removed=b.name in a.removed_blocks if a else None,
            a_latency=latency_a.get(b.name),
        )
        for b in problem.blocks
    }
    groups = tuple(
        RowGroup(
            stage_name(problem, shared, blocks),
            tuple(bar(d, None) for d in shared),
            tuple(rows[b] for b in blocks),
        )
        for shared, blocks in stages(problem)
    )
    columns = dict.fromkeys(b.label for row in rows.values() for b in row.bars)
    fixed = sum(problem.entry(term, {}) for term in problem.latency if term.block is None and not term.dims)
    return SurvivorsInfo(
        problem.latency_unit,
        tuple(columns),
        groups,
        fixed,
        sum(latency.values()),
        measured_in(problem.latency_unit),
    )


def own_terms(problem: Problem, plan: Plan | None) -> tuple[dict[str | None, float], dict[str | None, float]]:
    """Latency and importance of each block's own terms; 0 for a removed one; None: what no block owns.

    Without a plan: dense.
    """
    choices: Mapping[str, int | None] = problem.dense_choices if plan is None else plan.choices
    removed = () if plan is None else plan.removed_blocks
    sums = []
    for terms in (problem.latency, problem.importance):
        total: dict[str | None, float] = {None: 0.0, **{b.name: 0.0 for b in problem.blocks}}
        for term in terms:
            if term.block not in removed:
                total[term.block] += problem.entry(term, choices)
        sums.append(total)
    return sums[0], sums[1]


@dataclass(frozen=True)
class ZoomInfo:
    """One dim close up. `options` are the ends of its width steps by rank; `ranks` the rank of every unit, 0
    the most important, in the dense network's order."""

    dim: str
    label: str
    options: tuple[int, ...]
    ranks: tuple[int, ...]


def zoom_info(study: StudyRecord, dim: str) -> ZoomInfo:
    """The record of one dim; what of it is kept stands in the picture's own record."""
    problem = study.problem
    d = problem.dim[dim]
    order = study.scores.order.get(dim, np.arange(d.dense))
    return ZoomInfo(dim, dim_label(problem, dim), d.options, tuple(np.argsort(order).tolist()))


def zoom_json(info: ZoomInfo) -> dict[str, Any]:
    """Plain data for the drawing."""
    return asdict(info)


def survivors_json(info: SurvivorsInfo) -> dict[str, Any]:
    """Plain data for the drawing. By hand: `asdict` copies every number, for half of a step's time here."""

    def group(g: RowGroup) -> dict[str, Any]:
        rows = tuple({**vars(r), "bars": tuple(dict(vars(b)) for b in r.bars)} for r in g.rows)
        return {"name": g.name, "bars": tuple(dict(vars(b)) for b in g.bars), "rows": rows}

    return {**vars(info), "groups": tuple(map(group, info.groups))}


def survivors_table(info: SurvivorsInfo) -> tuple[list[str], list[list[str]]]:
    """The same as text: one line per block, then the shared widths."""
    head = ["block", *info.columns, budgeted(info.unit), "dense"]
    rows = []
    for group in info.groups:
        for bar in group.bars:
            rows.append([f"{bar.label} (shared)", f"{bar.kept} of {bar.dense}", *[""] * (len(head) - 2)])
        for row in group.rows:
            cells = {b.label: f"{b.kept} of {b.dense}" for b in row.bars}
            middle = ["removed" if row.removed else cells.get(c, "") for c in info.columns]
            rows.append([row.block, *middle, ms(row.latency, info.unit), ms(row.dense_latency, info.unit)])
    return head, rows


def survivors_label(info: SurvivorsInfo) -> str:
    rows = [row for group in info.groups for row in group.rows]
    gone = [row.block for row in rows if row.removed]
    text = f"Architecture: {len(rows) - len(gone)} of {many(len(rows), 'block')} kept."
    text += f" Removed: {', '.join(gone)}." if gone else ""
    return text + (f" {fixed_words(info)}" if info.fixed else "")


def fixed_words(info: SurvivorsInfo) -> str:
    """Say what no plan changes: a detector's end, layers that cannot be followed."""
    share = 100 * info.fixed / info.latency if info.latency else 0.0
    what = "time" if budgeted(info.unit) == "latency" else budgeted(info.unit)
    return f"Parts that stay whole take {ms(info.fixed, info.unit)}, {share:.0f} % of the plan's {what}."
