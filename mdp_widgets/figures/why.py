"""Why a block or a dim is as it is: what the best plan would be worth with the opposite decision."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from mdp.errors import MdpError
from mdp.plan import Plan
from mdp.problem import Problem
from mdp.solve import Pins, solve
from mdp.study import Study

from ..ui import ms, number
from .survivors import label_of


@dataclass(frozen=True)
class Opposite:
    """The best plan within the same budget under one decision taken otherwise.

    `loss` is the importance that it loses against the plan, as a share of dense (negative where it gains,
    which only a pin can cause); None where nothing within the budget has that decision.
    """

    decision: str
    loss: float | None


@dataclass(frozen=True)
class WhyInfo:
    """The decision about one block and about one dim, and their opposites. None where there is no choice."""

    block: str
    removed: bool
    removable: bool
    block_latency: float
    unit: str
    budget: float
    block_opposite: Opposite | None
    dim: str
    label: str
    kept: int | None
    dense: int
    dim_opposites: tuple[Opposite, ...]
    pinned_block: bool
    pinned_dim: bool
    free: Opposite | None


def why_info(study: Study, plan: Plan, pins: Pins, block: str, dim: str, solver: Callable = solve) -> WhyInfo:
    """Solve again with the decision about `block` and the width of `dim` taken otherwise.

    Pins on other blocks and dims stay; where this block or dim is pinned, `free` says what the pin costs.
    """
    problem = study.problem
    removed = block in plan.removed_blocks
    removable = block in problem.block and problem.block[block].removable
    kept = plan.choices.get(dim)
    options = problem.dim[dim].options if dim in problem.dim else ()

    def opposite(decision: str, changed: Pins) -> Opposite:
        try:
            other = solver(problem, plan.budget, pins=changed)
        except MdpError:
            return Opposite(decision, None)
        return Opposite(decision, (plan.importance - other.importance) / (problem.dense_importance or 1.0))

    def with_dim(width: int) -> Pins:
        return dataclasses.replace(pins, dims={**pins.dims, dim: (width, width)})

    block_opposite = None
    if removable:
        flipped = dataclasses.replace(pins, blocks={**pins.blocks, block: removed})
        block_opposite = opposite("kept" if removed else "removed", flipped)
    near = []
    if kept is not None:
        i = options.index(kept)
        near = [
            opposite(str(options[j]), with_dim(options[j])) for j in (i - 1, i + 1) if 0 <= j < len(options)
        ]
    free = None
    if block in pins.blocks or dim in pins.dims:
        free = opposite(
            "free",
            Pins(
                {d: r for d, r in pins.dims.items() if d != dim},
                {b: k for b, k in pins.blocks.items() if b != block},
            ),
        )
    price = sum(
        problem.entry(t, problem.dense_choices | {d: k for d, k in plan.choices.items() if k is not None})
        for t in problem.latency
        if t.block == block
    )
    return WhyInfo(
        block=block,
        removed=removed,
        removable=removable,
        block_latency=price,
        unit=problem.latency_unit,
        budget=plan.budget,
        block_opposite=block_opposite,
        dim=dim,
        label=_label(problem, dim),
        kept=kept,
        dense=options[-1] if options else 0,
        dim_opposites=tuple(near),
        pinned_block=block in pins.blocks,
        pinned_dim=dim in pins.dims,
        free=free,
    )


def why_sentences(info: WhyInfo) -> list[str]:
    """The block, the dim, and what a pin costs, each in one plain sentence."""
    found = [_block_sentence(info)] if info.block else []
    if info.kept is not None:
        found.append(_dim_sentence(info))
    if info.free is not None and info.free.loss is not None:
        gain = -info.free.loss
        found.append(
            "The pin costs nothing: the best plan would decide the same."
            if gain < 5e-7
            else f"The pin costs {points(gain)} of the importance."
        )
    return found


def _block_sentence(info: WhyInfo) -> str:
    name, other = info.block, info.block_opposite
    price = ms(info.block_latency, info.unit)
    if other is None:
        return f"{name} cannot be removed; it takes {price}."
    state = f"{name} is removed" if info.removed else f"{name} is kept for {price}"
    if info.pinned_block:
        state += ", because you pinned it"
    against = "that keeps it" if info.removed else "without it"
    if other.loss is None:
        return f"{state}: no plan {against} meets the budget."
    return f"{state}: the best plan {against} {_loses(other.loss)}."


def _dim_sentence(info: WhyInfo) -> str:
    text = f"{info.label} keeps {info.kept} of {info.dense}" + (" (pinned)" if info.pinned_dim else "")
    parts = [
        f"with {o.decision} it {_loses(o.loss)}" if o.loss is not None else f"with {o.decision} nothing fits"
        for o in info.dim_opposites
    ]
    return f"{text}: {', '.join(parts)}." if parts else f"{text}; nothing else is offered."


def _loses(loss: float) -> str:
    if abs(loss) < 5e-7:
        return "is just as good"
    return f"loses {points(loss)}" if loss > 0 else f"gains {points(-loss)}"


def points(share: float) -> str:
    """A share of dense importance as percentage points with two digits that count: `1.8 points`."""
    return f"{number(100 * share, 2)} points" if share >= 1e-6 else "less than 0.0001 points"


def _label(problem: Problem, dim: str) -> str:
    if dim not in problem.dim:
        return ""
    users = problem.dim_blocks[dim]
    block = next(iter(users)) if len(users) == 1 else None
    return label_of(dim, problem.dim[dim].kind, block)
