"""What a plan buys, fact by fact, and how far each is to be trusted; the budget bar shows them."""

from mdp.core.counted import counted_in
from mdp.core.measurements import Timed
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
from mdp.core.words import many
from mdp.plot import formats as fmt

from .fact import fact, with_stage
from .limit_facts import used_text

# What "proven" is about.
PROVEN = "No choice within the budget keeps more importance under these tables and pins."
PROVEN_LIMITED = (
    "No choice within the budget and the other limits keeps more importance under these tables and pins."
)


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
            doubt or rough or f"{len(plan.removed_blocks)} of {many(len(problem.blocks), 'block')} removed",
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
    took = seconds_text(plan.seconds)
    time = f"solved in {took}"
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
    near = f"within {fmt.number(100 * max(gap, 0.0001), 2)} %"
    return fact("best possible", near, f"not proven in {took}", "open", plan.note)


def seconds_text(seconds: float) -> str:
    """`9.8 ms`, `6.2 s`."""
    return f"{fmt.number(seconds, 2)} s" if seconds >= 1 else f"{fmt.number(1000 * seconds, 2)} ms"


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
            return {
                "band": f"±{fmt.percent(far)} on {len(known)}",
                "title": f"{many(len(known), 'network')} of other plans measured whole: the prediction "
                f"was off by {fmt.percent(far)} at worst. More of them: mdp verify '{study.name}'. "
                f"{inferred}".rstrip(),
            }
        return {
            "band": "± ?",
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
