"""The budget bar: slider, exact entry, and what the budget buys."""

from collections.abc import Mapping
from typing import Any

import anywidget
from traitlets import Float, List, Unicode

from mdp.core.counted import counted_in
from mdp.core.measurements import Timed, timed
from mdp.core.plan import Plan
from mdp.core.quality import (
    FAILED,
    accuracy_check,
    accuracy_check_words,
    failed_words,
    follows_accuracy,
    importance_doubt,
    importance_words,
    tables_words,
    verification_words,
)
from mdp.core.resources import budgeted
from mdp.core.study import StudyRecord, interpolation_note
from mdp.plot import formats as fmt

from ..state.explorer_state import ExplorerState
from ..theme import ui
from .fact import accuracy_fact, fact, with_stage
from .limit_facts import limit_rows, price_text, used_text

# What "proven" is about.
PROVEN = "No choice within the budget keeps more importance under these tables and pins."
PROVEN_LIMITED = (
    "No choice within the budget and the other limits keeps more importance under these tables and pins."
)


LABELS = {
    "parameters": "Parameter budget", "multiply-adds": "Multiply-add budget",
    "weight memory": "Weight memory budget",
}  # fmt: skip


class BudgetBar(anywidget.AnyWidget):
    """Slider and entries over one ExplorerState; it works alone in a notebook cell.

    Traits:
        budget, min_latency, dense: in the unit of latency; the slider goes from min_latency to dense.
        budget_text, dense_text, unit: as shown.
        limits: limits beside the budget, as `limit_rows` makes them.
        label: over the slider: `Latency budget`, `Parameter budget`.
        price: what a little more latency is worth, in a sentence.
        facts: what the budget buys: {"name", "value", "band", "note", "kind", "title"} each.
    """

    _esm = ui.script("theme/dom.js", "widgets/limits.js", "widgets/budget.js")
    _css = ui.css() + ui.static("widgets/budget.css")

    budget = Float(0.0).tag(sync=True)
    min_latency = Float(0.0).tag(sync=True)
    dense = Float(0.0).tag(sync=True)
    label = Unicode("Latency budget").tag(sync=True)
    budget_text = Unicode("").tag(sync=True)
    dense_text = Unicode("").tag(sync=True)
    unit = Unicode("ms").tag(sync=True)
    limits = List().tag(sync=True)
    price = Unicode("").tag(sync=True)
    facts = List().tag(sync=True)

    def __init__(self, selection: ExplorerState):
        super().__init__()
        self.selection = selection
        self._shown: tuple = (None, None, None)
        self._timed: tuple[Timed, ...] = ()
        selection.observe(self._look, ["study", "settled"])
        selection.observe(self._show, ["plan", "reference", "budget", "min_latency", "study", "limits"])
        selection.accuracies.observe(self._learn, ["since", "networks", "measuring", "problem"])
        self.observe(self._dragged, "budget")
        self.on_msg(self._receive)
        self._look()
        self._show()

    def _look(self, _change: Any = None) -> None:
        """Networks that were timed since: files are read, so not at every step of a drag."""
        found = timed(self.selection.study) if self.selection.study else ()
        if found != self._timed:
            self._timed, self._shown = found, (None, None, None)
            self._show()

    def _learn(self, _change: Any = None) -> None:
        self._shown = (None, None, None)
        self._show()

    def _facts(self, plan: Plan, *, now: bool = False) -> list[dict[str, str]]:
        s = self.selection
        facts = plan_facts(s.study, plan, self._timed)
        at = next(i for i, fact in enumerate(facts) if fact["name"] == "importance kept") + 1
        known = s.accuracies.of(plan)
        facts.insert(at, accuracy_fact(s.study, known, s.accuracies.measuring and now, s.accuracies.problem))
        return facts

    def _show(self, _change: Any = None) -> None:
        s = self.selection
        with self.hold_sync():
            self.budget = s.budget
            self.min_latency = s.min_latency
            if s.study is not None and s.plan is not None:
                self.unit = s.study.problem.latency_unit
                self.dense = s.study.problem.dense_latency
                self.label = LABELS.get(budgeted(self.unit), "Latency budget")
                self.dense_text = amount_text(self.dense, self.unit)
                self.budget_text = amount_text(s.budget, self.unit)
                self._show_limits(s.study, s.plan)
                now = (s.study, s.plan, s.reference)
                if any(new is not old for new, old in zip(now, self._shown, strict=True)):
                    self._shown = now
                    facts = self._facts(s.plan, now=True)
                    self.facts = beside_a(facts, self._facts(s.reference.plan)) if s.reference else facts

    def _show_limits(self, study: StudyRecord, plan: Plan) -> None:
        problem = study.problem
        self.limits = limit_rows(problem, plan, self.selection.limits)
        worth = price_text(plan.shadow_price, problem.dense_latency, problem.dense_importance)
        what = budgeted(problem.latency_unit)
        self.price = f"1 % of dense more {what} would keep about {worth} more of the importance." * bool(
            worth
        )

    def _dragged(self, change: Mapping[str, Any]) -> None:
        s = self.selection
        if s.study is not None and change["new"] != s.budget:
            s.drag_to(change["new"])

    def _receive(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        if content.get("kind") == "settle":
            self.selection.settle()
        elif content.get("kind") == "typed":
            self.selection.set_budget(str(content.get("text", "")))
        elif content.get("kind") == "limit" and self.selection.study is not None:
            self.selection.set_limit(str(content.get("name", "")), str(content.get("text", "")))
            self.send({"kind": "answered"})  # a limit that cannot be leaves the slider where it was


def amount_text(value: float, unit: str) -> str:
    """A number for the entry; of what is counted with its prefix, whose unit stands behind it."""
    return fmt.number(value) if budgeted(unit) == "latency" else fmt.count(value)


def plan_facts(study: StudyRecord, plan: Plan, known: tuple[Timed, ...] = ()) -> list[dict[str, str]]:
    """What a plan buys, each fact as it is read: name, value, note. `known` are networks that were timed."""
    problem, unit = study.problem, plan.latency_unit
    dense = problem.dense_latency
    what = budgeted(unit)
    speed = dense / plan.latency if plan.latency else float("inf")
    doubt = importance_doubt(study)
    tested = failed_words(study) or importance_words(doubt) or accuracy_check_words(study)
    rough = "only a rough guide" if tested and follows_accuracy(accuracy_check(study)) is None else ""
    facts = [
        fact(
            "predicted latency" if what == "latency" else what,
            fmt.ms(plan.latency, unit),
            f"{fmt.percent(plan.latency / dense)} of {fmt.ms(dense, unit)}",
            **_band(study, plan, known),
        ),
        fact("speed-up" if what == "latency" else "smaller", f"{fmt.number(speed)}×", "against dense"),
        fact(
            "importance kept",
            fmt.percent(plan.importance / (problem.dense_importance or 1.0)),
            doubt or rough or f"{len(plan.removed_blocks)} of {len(problem.blocks)} blocks removed",
            "wrong" if doubt else "",
            tested,
        ),
    ]
    own = counted_in(study.tables.provenance)
    for what, name in (("parameters", "parameters"), ("macs", "MACs")):
        if study.counts.get(what) and what != own:
            kept, whole = study.count(what, plan.choices, plan.removed_blocks), study.count(what)
            facts.append(
                fact(
                    name,
                    fmt.change(kept / whole),
                    used_text(plan, what, kept, whole),
                )
            )
    said = failed_words(study) or importance_words(doubt)
    doubt = "failed importance" if doubt == FAILED else doubt
    if not doubt and (said := _wrong(study)):
        doubt = "unreliable tables"
    return [*facts, proof_fact(plan, doubt, said)]


def beside_a(facts: list[dict[str, str]], of_a: list[dict[str, str]]) -> list[dict[str, str]]:
    """The facts of B with A's values in the place of the notes, which move to the titles."""
    return [
        # A doubt stays beside the number that it is about.
        {**b, "note": f"A: {a['value']}" + f", {b['note']}" * wrong, "title": b["title"] or b["note"]}
        for b, a in zip(facts, (with_stage(a) for a in of_a), strict=True)
        for wrong in [b["kind"] == "wrong" and b["name"] == "importance kept"]
    ]


def proof_fact(plan: Plan, doubt: str = "", said: str = "") -> dict[str, str]:
    """Whether the plan is proven optimal, and if not, how far from the bound it may be. Where the
    numbers mean nothing (`doubt`, and `said` in a sentence), neither does having the most of them."""
    time = f"solved in {fmt.number(1000 * plan.seconds, 2)} ms"
    if plan.optimal:
        return fact(
            "best possible",
            "✓ proven",
            f"for {doubt}" if doubt else time,
            "" if doubt else "proven",
            " ".join(filter(None, (PROVEN_LIMITED if plan.limits else PROVEN, said, plan.note))),
        )
    if plan.bound is None:
        return fact("best possible", "not proven", time, "open", plan.note)
    gap = (plan.bound - plan.importance) / (abs(plan.bound) or 1.0)
    return fact("best possible", f"within {fmt.percent(gap, 2)}", f"not proven · {time}", "open", plan.note)


def _band(study: StudyRecord, plan: Plan, known: tuple[Timed, ...]) -> dict[str, str]:
    """How far predictions were off on whole measured networks, or that none was measured yet."""
    if counted_in(study.tables.provenance):
        return {"band": "exact", "title": "Counted, not measured: it holds on any device."}
    check, inferred = study.verification or {}, interpolation_note(study.tables)
    error, worst = check.get("median_error"), check.get("worst_error")
    if wrong := _wrong(study):
        return {"band": "unreliable", "title": wrong, "kind": "wrong"}
    if not isinstance(error, int | float):
        own = next((one for one in known if one.is_of(plan)), None)
        if own is not None:
            off = fmt.change(own.measured / own.predicted) if own.predicted else ""
            return {
                "band": f"measured {fmt.ms(own.measured)}",
                "title": f"The whole network of this plan was measured by {own.by}: {fmt.ms(own.measured)}, "
                f"predicted {fmt.ms(own.predicted)} ({off}). {inferred}".rstrip(),
            }
        if known:
            far = max(abs(one.predicted / one.measured - 1) for one in known)
            many = f"{len(known)} network{'s' * (len(known) > 1)}"
            return {
                "band": f"±{fmt.percent(far)} on {len(known)}",
                "title": f"{many} of other plans measured whole: the prediction was off by "
                f"{fmt.percent(far)} at worst. More of them: mdp verify '{study.name}'. {inferred}".rstrip(),
            }
        return {
            "band": "not verified",
            "title": "Not verified yet: predicted from the tables, and no whole network was measured to say "
            f"how good that is. Run: mdp verify '{study.name}'. {inferred}".rstrip(),
        }
    count = check.get("subnetworks")
    text = (
        f"Whole networks measured end to end: {count}. The prediction was off by {fmt.percent(error)} at the "
    )
    text += "median" + (f" and {fmt.percent(worst)} at worst." if isinstance(worst, int | float) else ".")
    text += f" {inferred}" if inferred else ""
    return {"band": f"±{fmt.percent(error)}", "title": text}


def _wrong(study: StudyRecord) -> str:
    """Why the tables are not to be trusted, "" where they may be."""
    tables = study.tables
    return tables_words(tables.provenance, tables.details) or verification_words(study.verification)
