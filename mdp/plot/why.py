"""Why a block or a dim is as it is: what the best plan would be worth with the opposite decision."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from ..core.errors import Infeasible, MdpError
from ..core.plan import Plan
from ..core.problem import Problem
from ..core.study import StudyRecord
from ..solve import Pins, solve
from .formats import ms, number
from .labels import dim_label

SAME = 5e-7  # a share of dense importance below which two plans are as good


@dataclass(frozen=True)
class DecisionPrice:
    """The best plan within the same budget under one decision taken otherwise.

    `loss` is the importance that it loses against the plan, as a share of dense (negative where it gains,
    which only a pin can cause); None where nothing within the budget has that decision. `price` is what the
    block in question takes then.
    """

    decision: str
    loss: float | None
    price: float = 0.0


@dataclass(frozen=True)
class WhyInfo:
    """The decision about one block and about one dim, and their opposites.

    Attributes:
        price: what the block takes in the plan, in `unit`; 0 where it is removed.
        block_counterfactual: None where there is no choice, none was asked for, or it is not proven in time.
        dim_counterfactuals: the best of the narrower widths and of the wider ones, where there are any.
        free_block, free_dim: the best plan without the pin on the block or the dim; None without one.
    """

    block: str
    removed: bool
    removable: bool
    price: float
    unit: str
    budget: float
    dim: str
    label: str
    kept: int | None
    dense: int
    block_counterfactual: DecisionPrice | None = None
    dim_counterfactuals: tuple[DecisionPrice, ...] = ()
    pinned_block: bool = False
    pinned_dim: bool = False
    free_block: DecisionPrice | None = None
    free_dim: DecisionPrice | None = None


def as_it_is(study: StudyRecord, plan: Plan, pins: Pins, block: str, dim: str) -> WhyInfo:
    """What is decided, without the opposites: solves nothing, for every step of a drag."""
    problem = study.problem
    return WhyInfo(
        block=block,
        removed=block in plan.removed_blocks,
        removable=block in problem.block and problem.block[block].removable,
        price=_price(problem, plan, block),
        unit=problem.latency_unit,
        budget=plan.budget,
        dim=dim,
        label=dim_label(problem, dim) if dim in problem.dim else "",
        kept=plan.choices.get(dim),
        dense=problem.dim[dim].dense if dim in problem.dim else 0,
        pinned_block=block in pins.blocks,
        pinned_dim=dim in pins.dims,
    )


def why_info(
    study: StudyRecord, plan: Plan, pins: Pins, block: str, dim: str, solver: Callable = solve
) -> WhyInfo:
    """Solve again with the decision about `block` and the width of `dim` taken otherwise.

    Pins on other blocks and dims stay; where this block or dim is pinned, it is also left free.
    """
    problem, info = study.problem, as_it_is(study, plan, pins, block, dim)
    held = {"most": plan.most} if plan.limits else {}  # the other limits hold for the opposite, too

    def opposite(decision: Callable[[Plan | None], str], changed: Pins) -> DecisionPrice | None:
        """None where it is not known in time: then nothing is claimed."""
        try:
            other = solver(problem, plan.budget, pins=changed, **held)
        except Infeasible:
            return DecisionPrice(decision(None), None)
        except MdpError:
            return None
        loss = (plan.importance - other.importance) / (problem.dense_importance or 1.0)
        return DecisionPrice(decision(other), loss, _price(problem, other, block)) if other.optimal else None

    def block_as(kept: bool) -> Pins:
        return dataclasses.replace(pins, blocks={**pins.blocks, block: kept})

    def within(low: int, high: int) -> DecisionPrice | None:
        """The best plan with another width, which the decision names; the dim's own block stays kept."""
        alone = problem.dim_blocks[dim] == {block} and info.removable and not info.pinned_block
        blocks = {**pins.blocks, block: True} if alone else pins.blocks
        changed = Pins({**pins.dims, dim: (low, high)}, blocks)
        next_best = str(high if high < info.kept else low)
        return opposite(lambda other: str(other.choices.get(dim)) if other else next_best, changed)

    block_counterfactual, free_block, free_dim = None, None, None
    if info.pinned_block:
        others = {b: k for b, k in pins.blocks.items() if b != block}
        free_block = opposite(lambda _: "free", dataclasses.replace(pins, blocks=others))
    elif info.removable:
        turned = "kept" if info.removed else "removed"
        block_counterfactual = opposite(lambda _: turned, block_as(info.removed))
    near = []
    if info.pinned_dim:
        others = {d: r for d, r in pins.dims.items() if d != dim}
        free_dim = opposite(lambda _: "free", dataclasses.replace(pins, dims=others))
    elif info.kept is not None:
        options = problem.dim[dim].options
        i = options.index(info.kept)
        sides = (options[:i], options[i + 1 :])
        near = [found for side in sides if side and (found := within(side[0], side[-1]))]
    return dataclasses.replace(
        info,
        block_counterfactual=block_counterfactual,
        dim_counterfactuals=tuple(near),
        free_block=free_block,
        free_dim=free_dim,
    )


def _price(problem: Problem, plan: Plan, block: str) -> float:
    """What a block's own terms take in a plan."""
    if block in plan.removed_blocks:
        return 0.0
    return sum(problem.entry(t, plan.choices) for t in problem.latency if t.block == block)


def why_sentences(info: WhyInfo) -> list[str]:
    """The block and the dim, each in one plain sentence."""
    found = [block_sentence(info)] if info.block else []
    return [*found, dim_sentence(info)] if info.label else found


def block_sentence(info: WhyInfo) -> str:
    """Why the block stays or goes, and what the opposite would cost."""
    price = ms(info.price, info.unit)
    if info.pinned_block:
        state = "removed" if info.removed else f"kept ({price})"
        return f"{info.block} is {state} because you pinned it{_pin(info.free_block)}."
    if info.removed:
        text, other = f"{info.block} is removed", info.block_counterfactual
        if other is None:
            return f"{text}."
        if other.loss is None:
            return f"{text}: no plan that keeps it meets the budget."
        then = f"kept, it would take {ms(other.price, info.unit)}, and the best plan then"
        return f"{text}: {then} {_loses(other.loss)}."
    text, other = f"{info.block} is kept and takes {price}", info.block_counterfactual
    if not info.removable:
        return f"{info.block} cannot be removed; it takes {price}."
    if other is None:
        return f"{text}."
    if other.loss is None:
        return f"{text}: no plan without it meets the budget."
    return f"{text}: the best plan without it {_loses(other.loss)}."


def dim_sentence(info: WhyInfo) -> str:
    """Why the dim is as wide as it is, and what the next widths would cost."""
    if info.kept is None:
        return f"{info.label}: gone with {'the block' if info.removed else 'its blocks'}."
    text = f"{info.label}: {'all' if info.kept == info.dense else f'{info.kept} of'} {info.dense} kept"
    if info.pinned_dim:
        return f"{text} because you pinned it{_pin(info.free_dim)}."
    parts = [_step(info.kept, o) for o in info.dim_counterfactuals]
    if not parts:
        return f"{text}."
    before, what, after = ", ".join(parts).rpartition(" of importance")  # saying it once is enough
    return f"{text}; {before.replace(what, '')}{what}{after}."


def _step(kept: int, o: DecisionPrice) -> str:
    wider = int(o.decision) > kept
    if o.loss is None:
        return f"no plan with {o.decision} or {'more' if wider else 'less'} meets the budget"
    if wider and o.loss > SAME:
        return f"with {o.decision} the best plan must save time elsewhere and loses {points(o.loss)}"
    return f"with {o.decision} the best plan {_loses(o.loss)}"


def _pin(free: DecisionPrice | None) -> str:
    """What a pin costs, to append to what it does."""
    if free is None or free.loss is None:
        return ""
    if free.loss > -SAME:
        return ", and that costs nothing: the best plan decides the same"
    return f", which loses {points(-free.loss)}"


def _loses(loss: float) -> str:
    if abs(loss) < SAME:
        return "keeps just as much importance"
    return f"loses {points(loss)}" if loss > 0 else f"gains {points(-loss)}"


def points(share: float) -> str:
    """A share of dense importance as percentage points with two digits that count."""
    figure = number(100 * share, 2) if share >= 1e-6 else "less than 0.0001"
    return f"{figure} point{'' if figure == '1.0' else 's'} of importance"
