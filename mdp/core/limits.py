"""What a plan was held to beside its budget, and what it uses of that: frozen, JSON, no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import BadFile
from .plan_claims import within
from .problem import Problem
from .resources import amount, said


@dataclass(frozen=True)
class Limit:
    """One limit of a plan.

    Attributes:
        most: what the plan may use, in `unit`; `used` is what it uses.
        shadow_price: importance gained per unit more of it, all other limits as they are; None if unknown.
    """

    most: float
    used: float
    unit: str
    shadow_price: float | None = None


def kept_to(
    problem: Problem,
    most: Mapping[str, float],
    choices: Mapping[str, int | None],
    removed,
    prices: Mapping[str, float] | None = None,
) -> dict[str, Limit]:
    """What a choice uses of each resource that is limited."""
    found = {}
    for name, limit in most.items():
        resource = problem.resource[name]
        used = problem.use(name, choices, removed)
        found[name] = Limit(float(limit), used, resource.unit, (prices or {}).get(name))
    return found


def broken(limits: Mapping[str, Limit], problem: Problem) -> str:
    """Which limit is not met, in words: `uses 3 M params of parameters, over its limit of 2 M params`."""
    for name, limit in limits.items():
        if not within(limit.used, limit.most):
            called = said(problem.resource[name]) if name in problem.resource else name
            used, most = amount(limit.used, limit.unit), amount(limit.most, limit.unit)
            if used == most:
                used, most = f"{limit.used!r} {limit.unit}", f"{limit.most!r} {limit.unit}"
            return f"uses {used} of {called}, over its limit of {most}"
    return ""


def limits_to_json(limits: Mapping[str, Limit]) -> dict[str, Any]:
    """By resource: most, used, unit, shadow_price."""
    return {name: dict(vars(limit)) for name, limit in limits.items()}


def limits_from_json(data: Any, source: str) -> dict[str, Limit]:
    """Read what `limits_to_json` wrote. Raises BadFile, saying what is wrong."""

    def fail(what: str):
        raise BadFile(f"The {source} is damaged: {what}.")

    if not isinstance(data, dict):
        fail("limits must be an object")
    found = {}
    for name, item in data.items():
        if not isinstance(item, dict) or set(item) - {"most", "used", "unit", "shadow_price"}:
            fail(f"the limit of {name} must give most, used, unit and shadow_price")
        for key in ("most", "used"):
            if type(item.get(key)) not in (int, float):
                fail(f"{key} of the limit of {name} must be a number")
        if not isinstance(item.get("unit"), str):
            fail(f"the unit of the limit of {name} must be a text")
        price = item.get("shadow_price")
        if price is not None and type(price) not in (int, float):
            fail(f"the shadow_price of the limit of {name} must be a number or null")
        found[name] = Limit(float(item["most"]), float(item["used"]), item["unit"], price)
    return found
