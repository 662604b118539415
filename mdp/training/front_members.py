"""What a front of fine-tunings is made of: one member for each budget and method, and what is known of it."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import Infeasible, MdpError
from ..core.file_sets import current
from ..core.files import read_json
from ..core.model_ref import model_to_json
from ..core.names import LONGEST, digest, readable
from ..core.plan import Plan, plan_from_json
from ..core.saved_networks import number
from ..core.study import StudyRecord
from ..solve import check_methods, solve

# How far a member is. "same" has the plan of another one and its network.
STATES = ("waiting", "running", "done", "same", "no plan", "failed")
FACTS = ("latency_predicted", "latency_measured", "accuracy_pruned", "accuracy_repaired", "accuracy_tuned")


@dataclass(frozen=True)
class Member:
    """One fine-tuning of a front.

    Attributes:
        method: the solver whose plan it is; `budget` in the problem's unit, `share` of dense.
        folder: where its network is kept.
        plan: None where the solver finds none.
        state: one of STATES; `why` says in a sentence why there is no plan, or what failed.
        facts: of the outcome: latencies in ms, accuracies as shares.
    """

    method: str
    budget: float
    share: float
    folder: Path
    plan: Plan | None = None
    state: str = "waiting"
    why: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.method} at {100 * self.share:.3g} %"

    def to_json(self) -> dict[str, Any]:
        """As `--json` and `front.json` tell it."""
        told = {key: number(self.facts, key) for key in FACTS}
        path = str(self.folder) if self.state in ("done", "same") else None
        return {
            "method": self.method, "budget": self.budget, "share": self.share, "state": self.state,
            "why": self.why, "path": path, **told,
        }  # fmt: skip


def members_of(
    study: StudyRecord,
    budgets: Sequence[float],
    methods: Sequence[str],
    folder: Path,
    words: str,
    trained: Mapping[str, Any] | None = None,
) -> list[Member]:
    """A member for each budget and method, in this order, with its plan.

    Of plans that are the same, the first is trained. No two networks share a folder: beside `words` its name
    holds a hash of the dense network, of what is kept of it and of how that is `trained`.

    Raises MdpError for a method that is no solver, or where nothing is asked for.
    """
    check_methods(methods)
    if not budgets or not methods:
        raise MdpError("A front needs at least one budget and one method: --budgets 60%,40% --methods exact.")
    found: list[Member] = []
    stem = readable(study.path.stem if study.path else study.name)[:LONGEST]
    for budget in dict.fromkeys(budgets):
        for method in dict.fromkeys(methods):
            share = budget / study.problem.dense_latency
            own = f"{stem}-{method}-{100 * share:.4g}-{words}"
            one = Member(method, budget, share, folder / own)
            try:
                plan = solve(study.problem, budget, method)
                path = folder / f"{own}-{_digest(study, plan, trained or {})}"
                one = dataclasses.replace(one, plan=plan, folder=path)
            except Infeasible as error:
                one = dataclasses.replace(one, state="no plan", why=str(error))
            first = next((m for m in found if one.plan and m.plan and is_same(one.plan, m.plan)), None)
            if first is not None:
                one = dataclasses.replace(one, state="same", folder=first.folder, why=f"as {first.name}")
            found.append(one)
    return found


def _digest(study: StudyRecord, plan: Plan, trained: Mapping[str, Any]) -> str:
    """What tells one network from another: the dense one, what is kept of it, and how that is trained."""
    order = {dim: np.asarray(units).tolist() for dim, units in study.scores.order.items()}
    kept = plan.fingerprint, dict(plan.choices), plan.removed_blocks, order
    return digest(json.dumps([model_to_json(study.model), kept, trained], sort_keys=True, default=str))


def is_same(a: Plan, b: Plan) -> bool:
    """Whether two plans make the same network."""
    return a.fingerprint == b.fingerprint and (a.choices, a.removed_blocks) == (b.choices, b.removed_blocks)


def done_before(member: Member, recipe: Mapping[str, Any]) -> Member:
    """The member as done, where its folder holds the network of this plan, trained by this recipe."""
    try:
        extra = read_json(current(member.folder, "architecture.json")).get("extra") or {}
        plan = plan_from_json(extra["plan"], "plan")
        facts = extra["finetuned"]
        same = member.plan is not None and is_same(plan, member.plan) and _trained_by(facts, recipe)
    except (MdpError, AttributeError, KeyError, TypeError):
        return member
    return dataclasses.replace(member, state="done", facts=facts, why="") if same else member


def _trained_by(facts: Mapping[str, Any], recipe: Mapping[str, Any]) -> bool:
    """A batch is made smaller where there are fewer images; the rest has to be as asked for."""
    if number(facts, "accuracy_tuned") is None:
        return False
    own = {k: v for k, v in (facts.get("recipe") or {}).items() if k != "batch"}
    return own == {k: v for k, v in recipe.items() if k != "batch"}


def with_same(members: Sequence[Member]) -> list[Member]:
    """Those of the same plan as another one with its facts, or with what became of it."""
    by_folder = {one.folder: one for one in members if one.state != "same"}
    return [
        dataclasses.replace(m, facts=by_folder[m.folder].facts) if m.state == "same" else m for m in members
    ]


def table(members: Sequence[Member]) -> str:
    """What is done of a front, a line a member."""
    rows = [("method", "budget", "predicted", "measured", "as cut", "repaired", "fine-tuned", "state")]
    for one in members:
        ms = [_number(one, key, "{:.4g} ms") for key in FACTS[:2]]
        shares = [_number(one, key, "{:.1%}") for key in FACTS[2:]]
        state = f"{one.state}: {one.why}" if one.why else one.state
        rows.append((one.method, f"{100 * one.share:.3g} %", *ms, *shares, state))
    wide = [max(len(row[i]) for row in rows) for i in range(7)]
    return "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(row, (*wide, 0), strict=True)).rstrip() for row in rows
    )


def _number(member: Member, key: str, form: str) -> str:
    value = number(member.facts, key)
    return "–" if value is None else form.format(value)
