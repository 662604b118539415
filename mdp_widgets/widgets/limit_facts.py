"""Limits beside the budget as the budget bar shows them: amount, share of dense, use and shadow price."""

from collections.abc import Mapping
from typing import Any

from mdp.core.plan import Plan
from mdp.core.problem import Problem
from mdp.core.resources import WORDS, said
from mdp.core.unit_names import milliseconds
from mdp.plot import formats as fmt

from ..state.limits import shown_resources


def limit_rows(problem: Problem, plan: Plan, most: Mapping[str, float]) -> list[dict[str, Any]]:
    """One row for each resource that can be limited: {"name", "label", "text", "share", "note", "title"}.

    `text` is the limit, "" without one; `share` what it is of dense, in per cent.
    """
    names = [*shown_resources(problem), *(n for n in most if n not in shown_resources(problem))]
    return [_row(problem, plan, name, most.get(name)) for name in names]


def _row(problem: Problem, plan: Plan, name: str, most: float | None) -> dict[str, Any]:
    resource, dense = problem.resource[name], problem.dense_use(name)
    used = problem.use(name, plan.choices, plan.removed_blocks)
    price = plan.limits[name].shadow_price if name in plan.limits else None
    amount, whole = quantity(used, resource.unit), quantity(dense, resource.unit)
    worth = price_text(price, dense, problem.dense_importance)
    held = f"At most {quantity(most, resource.unit)}. " if most is not None else "No limit. "
    more = f"A limit of 1 % of dense more would keep about {worth} more of the importance." if worth else ""
    label = said(resource)
    return {
        "name": name,
        "label": label[:1].upper() + label[1:] if name in WORDS else label,  # a name as it was given
        "text": "" if most is None else quantity(most, resource.unit),
        "share": 100.0 if most is None or not dense else 100 * most / dense,
        "note": f"{amount} used · +1 % is worth {worth}" if worth else f"{amount} of {whole} used",
        "title": f"{held}{more}".strip(),
    }


def price_text(price: float | None, dense: float, importance: float) -> str:
    """What 1 % of dense more is worth, as a share of dense importance: `0.05 %`; "" if unknown."""
    if price is None or not importance:
        return ""
    return fmt.percent(price * dense / 100 / importance, 3 if price else 0)


def quantity(value: float, unit: str) -> str:
    """An amount with its prefix, and the unit where it is no count: `480 k`, `25 MB`, `12.4 ms`."""
    if milliseconds(unit):
        return fmt.ms(value, unit)
    return fmt.count(value) + ("B" if unit == "bytes" else "")


def used_text(plan: Plan, name: str, kept: float, whole: float) -> str:
    """`405 k of 1.20 M`, or where it is limited `405 k, at most 420 k`."""
    limit = plan.limits.get(name)
    if limit is None:
        return f"{fmt.count(kept)} of {fmt.count(whole)}"
    return f"{fmt.count(kept)}, at most {quantity(limit.most, limit.unit)}"
