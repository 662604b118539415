"""Step 6: what the proof does not prove."""

from mdp.core.plan_accuracy import PlanAccuracy, measured_plans
from mdp.core.study import StudyRecord
from mdp.plot import formats as fmt
from mdp.plot.accuracy_words import dense_accuracy

from ..quiz import Option, Quiz, ranges
from .step import Step

EDGES = (20, 40, 60, 70, 80, 90)
BUDGET = 0.25
DROPS = (2, 5, 10, 20, 40)


def proof(study: StudyRecord) -> Step:
    """The step of one study; of one without measured accuracy it says what is missing."""
    plans = optimal(study)
    asked = (
        (_accuracy(study, plans), _fall(study, plans)) if len(plans) > 1 else (_unmeasured(study), _meant())
    )
    return Step(
        "What the proof does not prove",
        "You can say what is proven of a plan, and what only a measurement shows.",
        "Proven is that no other choice within the budget keeps more importance. Importance is an estimate "
        "of what the network would miss. What is the pruned network worth on images that it has never seen?",
        asked[0],
        "Drag the budget. The dashed line is what is proven, the solid ones are what was measured.",
        asked[1],
        "The proof is about the program. Accuracy must be measured; repair and fine-tuning bring it back.",
        6,
    )


def optimal(study: StudyRecord) -> tuple[PlanAccuracy, ...]:
    """The measured plans that are optimal, by latency."""
    return tuple(p for p in measured_plans(study) if p.method == "exact")


def near(study: StudyRecord, plans: tuple[PlanAccuracy, ...], share: float = BUDGET) -> PlanAccuracy:
    return min(plans, key=lambda p: abs(p.latency / study.problem.dense_latency - share))


def kept(study: StudyRecord, plan: PlanAccuracy) -> str:
    return fmt.percent(plan.importance / (study.problem.dense_importance or 1.0))


def _accuracy(study: StudyRecord, plans: tuple[PlanAccuracy, ...]) -> Quiz:
    plan, dense = near(study, plans), dense_accuracy(study)
    options, right = ranges(EDGES, 100 * plan.cut)
    of = "" if dense is None else f" The dense network is right on {fmt.percent(dense)}."
    repaired = (
        ""
        if plan.repaired is None
        else (f" Repaired, in seconds and without labels, it is right on {fmt.percent(plan.repaired)}.")
    )
    return Quiz(
        "proof-prediction",
        "prediction",
        f"The best plan at {fmt.percent(plan.latency / study.problem.dense_latency, 0)} of the latency keeps "
        f"{kept(study, plan)} of the importance, proven.{of} On how many images is the pruned network right, "
        "cut out and not trained?",
        options,
        right,
        f"On {fmt.percent(plan.cut)} of {plan.images:,} test images.{repaired}",
    )


def _fall(study: StudyRecord, plans: tuple[PlanAccuracy, ...]) -> Quiz:
    """From a loose plan to a tight one: importance says little, accuracy as cut says much, or the reverse."""
    loose, tight = near(study, plans, 0.8), near(study, plans, BUDGET)
    if loose is tight:
        loose = plans[-1]
    drop = 100 * (loose.cut - tight.cut)
    options, right = ranges(DROPS, drop, " points")
    total = study.problem.dense_importance or 1.0
    fell = 100 * (loose.importance - tight.importance) / total
    look = "Read the line “accuracy as cut” in the figure at both latencies, and subtract."
    dense = study.problem.dense_latency
    back = ""
    if loose.repaired is not None and tight.repaired is not None:
        back = f" Repaired, only {100 * (loose.repaired - tight.repaired):.1f}."
    return Quiz(
        "proof-check",
        "check",
        f"From {fmt.percent(loose.latency / dense, 0)} to {fmt.percent(tight.latency / dense, 0)} of the "
        f"latency importance falls by {fell:.1f} points. By how much does accuracy fall, as cut?",
        tuple(Option(o.value, o.text, look) for o in options),
        right,
        f"By {drop:.1f} points, from {fmt.percent(loose.cut)} to {fmt.percent(tight.cut)}.{back}",
    )


def _unmeasured(study: StudyRecord) -> Quiz:
    options = (Option("yes", "Yes, the proof says it."), Option("no", "No, only images tell."))
    return Quiz(
        "proof-prediction",
        "prediction",
        "The plan is proven. Does that say how many images the pruned network is right on?",
        options,
        "no",
        f"The plans of “{study.name}” were not measured, so nobody knows. mdp measure '{study.name}' "
        "--budgets 15,25,40,60,80 --save measures them.",
    )


def _meant() -> Quiz:
    options = (
        Option("importance", "No choice within the budget keeps more importance."),
        Option(
            "accuracy", "No choice within the budget is more accurate.", "No image was shown for the proof."
        ),
        Option(
            "time", "The network will take exactly the predicted time.", "Tables predict; mdp verify tests."
        ),
    )
    return Quiz(
        "proof-check",
        "check",
        "What does “proven” say of a plan?",
        options,
        "importance",
        "It is a statement about the program: its tables, its scores and its pins.",
    )
