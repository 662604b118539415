"""The plan: what a solver decided, what it costs, and what is proven about it. Frozen, JSON, no torch."""

import dataclasses
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from .accuracy_claims import wrong_accuracy
from .budgets import budget_and_limits, infeasible, parse_budget
from .errors import BadFile, MdpError
from .files import read_json, said_format, write_json
from .given import must_be
from .limits import Limit, broken, kept_to, limits_from_json, limits_to_json
from .plan_claims import check_plan_fits, false_claim, within
from .problem import Problem
from .unit_names import check_unit
from .words import many

if TYPE_CHECKING:
    import pandas as pd

# What other rooms ask a plan's module for.
__all__ = [
    "FORMAT", "Plan", "budget_and_limits", "check_plan_fits", "false_claim", "infeasible", "load_plan",
    "make_plan", "parse_budget", "plan_from_json", "plan_to_json", "save_plan", "within",
]  # fmt: skip

FORMAT = "mdp-plan/1"
# Left out by older versions, or where there is nothing to say.
OPTIONAL = {"shadow_price", "note", "accuracy", "limits", "pins"}


@dataclass(frozen=True)
class Plan:
    """One architecture that fits a budget.

    Attributes:
        problem: name of the problem it solves; `fingerprint` identifies it beyond doubt.
        budget, latency: in `latency_unit`.
        importance: total importance of what is kept, re-evaluated from the tables.
        bound: no choice within the budget has more importance than this (None if nothing is known).
        optimal: True only if proven, that is `bound == importance` up to rounding.
        choices: dim -> kept units; None where every block that uses the dim is removed.
        removed_blocks: in the problem's order.
        solver: the solver that found it; `note` says what a reader should know about how.
        seconds: solving time alone.
        shadow_price: importance gained per unit of latency at this budget (the Lagrange multiplier).
        order: dim -> units, most important first, of the study that it was solved for; None for a problem
            alone or a plan read from a file. It is the study's, and not saved.
        accuracy: what is known of the pruned network's accuracy: share, images, stage ("cut", "repaired",
            "tuned"), interval and estimate, as `Known.to_json` writes it; None where nothing is.
        limits: resource -> what it was held to beside its budget, and what it uses of that; `bound` and
            `optimal` are of the budget and all of these together.
        pins: what was held by hand, as `--pins` takes it; "" where nothing was. `bound` and `optimal` are of
            the plans that keep to them.
    """

    problem: str
    fingerprint: str
    latency_unit: str
    budget: float
    latency: float
    importance: float
    bound: float | None
    optimal: bool
    choices: Mapping[str, int | None]
    removed_blocks: tuple[str, ...]
    solver: str
    seconds: float
    shadow_price: float | None = None
    note: str = ""
    order: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)
    accuracy: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)
    limits: Mapping[str, Limit] = field(default_factory=dict)
    pins: str = ""

    @property
    def most(self) -> dict[str, float]:
        """What it may use of each resource that was limited."""
        return {name: limit.most for name, limit in self.limits.items()}

    @property
    def is_optimal(self) -> bool:
        """Whether it is proven that no choice within the budget has more importance."""
        return self.optimal

    def to_frame(self) -> "pd.DataFrame":
        """List one row per dim with its kept units (None where it is gone), then one per removed block."""
        import pandas as pd

        rows = [("dim", name, kept) for name, kept in self.choices.items()]
        rows += [("removed block", name, None) for name in self.removed_blocks]
        return pd.DataFrame(rows, columns=["what", "name", "kept"]).astype({"kept": "Int64"})

    def __str__(self) -> str:
        return f"{self.problem}: {self._in_short}"

    def _repr_html_(self) -> str:
        return f"<b>{escape(self.problem)}</b>: {escape(self._in_short)}"

    @property
    def _in_short(self) -> str:
        proven = "proven optimal" if self.optimal else "not proven optimal"
        return (
            f"{self.latency:.4g} {self.latency_unit} within {self.budget:.4g}, importance "
            f"{self.importance:.4g}, {proven}, {many(len(self.removed_blocks), 'block')} removed"
        )


def make_plan(
    problem: Problem,
    budget: float | None,
    choices: Mapping[str, int | None],
    removed: Collection[str],
    *,
    solver: str,
    seconds: float,
    bound: float | None = None,
    optimal: bool = False,
    shadow_price: float | None = None,
    note: str = "",
    most: Mapping[str, float] | None = None,
    shadow_prices: Mapping[str, float] | None = None,
) -> Plan:
    """Re-evaluate a solver's answer from the tables and freeze it. Every solver ends here.

    Without a budget, the plan's own latency is its budget. `most` are the limits of other resources, and
    `shadow_prices` what a little more of each is worth.

    Raises:
        MdpError: the answer breaks the budget or a limit, or does not belong to the problem (a solver's
            fault).
    """
    latency, importance = problem.evaluate(choices, removed)
    if budget is None:
        budget = latency
    if not within(latency, budget):
        raise MdpError(
            f"Solver {solver} returned {latency:g} {problem.latency_unit}, over the budget of {budget:g}."
        )
    limits = kept_to(problem, most, choices, removed, shadow_prices) if most else {}
    if wrong := broken(limits, problem):
        raise MdpError(f"Solver {solver} returned a plan that {wrong}.")
    gone = problem.unused_dims(removed)
    return Plan(
        problem=problem.name,
        fingerprint=problem.fingerprint,
        latency_unit=problem.latency_unit,
        budget=float(budget),
        latency=latency,
        importance=importance,
        bound=None if bound is None else max(float(bound), importance),
        optimal=optimal,
        choices={d.name: None if d.name in gone else int(choices[d.name]) for d in problem.dims},
        removed_blocks=tuple(b.name for b in problem.blocks if b.name in set(removed)),
        solver=solver,
        seconds=seconds,
        shadow_price=shadow_price,
        note=note,
        limits=limits,
    )


def plan_to_json(plan: Plan) -> dict[str, Any]:
    body = {f.name: getattr(plan, f.name) for f in dataclasses.fields(plan) if f.name != "order"}
    data = {"format": FORMAT, **body, "choices": dict(plan.choices)}
    data["removed_blocks"] = list(plan.removed_blocks)
    if plan.accuracy is None:
        del data["accuracy"]  # a plan without it is the file that it always was
    else:
        data["accuracy"] = dict(plan.accuracy)
    if plan.limits:
        data["limits"] = limits_to_json(plan.limits)
    else:
        del data["limits"]
    if not plan.pins:
        del data["pins"]
    return data


def plan_from_json(data: Any, source: str = "plan") -> Plan:
    """Check and build a Plan from parsed JSON. Raises BadFile, saying what is wrong."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BadFile(f"The {source} is not an {FORMAT} file{said_format(data)}.")
    body = {k: v for k, v in data.items() if k != "format"}
    expected = {f.name: f for f in dataclasses.fields(Plan) if f.name != "order"}
    unknown, missing = set(body) - set(expected), set(expected) - set(body) - OPTIONAL
    if unknown or missing:
        raise BadFile(
            f"The {source} is damaged: {', '.join(sorted(unknown | missing))} is unexpected or missing."
        )
    for key in ("budget", "latency", "importance", "seconds"):
        if type(body[key]) not in (int, float):
            raise BadFile(f"The {source} is damaged: {key} must be a number.")
    for key in ("bound", "shadow_price"):
        if body.get(key) is not None and type(body[key]) not in (int, float):
            raise BadFile(f"The {source} is damaged: {key} must be a number or null.")
    for key in ("problem", "fingerprint", "latency_unit", "solver", "note", "pins"):
        if not isinstance(body.get(key, ""), str):
            raise BadFile(f"The {source} is damaged: {key} must be a text.")
    choices, removed = body["choices"], body["removed_blocks"]
    if not isinstance(choices, dict) or any(v is not None and type(v) is not int for v in choices.values()):
        raise BadFile(f"The {source} is damaged: choices must give whole numbers or null.")
    if not isinstance(removed, list) or any(not isinstance(b, str) or removed.count(b) > 1 for b in removed):
        raise BadFile(f"The {source} is damaged: removed_blocks must be a list of names, each once.")
    check_unit(body["latency_unit"], source)
    if type(body["optimal"]) is not bool:
        raise BadFile(f"The {source} is damaged: optimal must be true or false.")
    if wrong := wrong_accuracy(body.get("accuracy")):
        raise BadFile(f"The {source} is damaged: accuracy {wrong}.")
    limits = limits_from_json(body["limits"], source) if "limits" in body else {}
    return Plan(**{**body, "removed_blocks": tuple(removed), "limits": limits})


def load_plan(path: str | os.PathLike) -> Plan:
    """Read a plan. Raises BadFile, saying what is wrong.

    >>> import tempfile, mdp
    >>> plan = mdp.load_study("fmnist-vit-cpu").solve("40%")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mdp.save_plan(plan, f"{folder}/plan.json")
    ...     mdp.load_plan(f"{folder}/plan.json") == plan
    True
    """
    return plan_from_json(read_json(path, "plan"), f"plan {path}")


def save_plan(plan: Plan, path: str | os.PathLike) -> None:
    """Write a plan as JSON. Raises MdpError if it cannot be written.

    >>> import tempfile, mdp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mdp.save_plan(mdp.load_study("fmnist-vit-cpu").solve("40%"), f"{folder}/plan.json")
    """
    check_plan(plan)
    write_json(path, plan_to_json(plan), indent=1)


def check_plan(plan: object) -> None:
    """Raise MdpError for what is no plan."""
    must_be(plan, Plan, "a plan, as study.solve returns it")
