"""Grade 3: find something that nobody wrote down, or write it."""

import time
from typing import Any

import mdp

from .exercise import Exercise, Wrong, measured, near, network, number, study, two_studies

# A pupil's own method: how much of the solver's importance it must keep, at which budgets, in how many
# seconds.
ENOUGH, BUDGETS, SECONDS = 0.7, (0.6, 0.4, 0.3), 20.0


def shadow_price(answer: Any) -> str:
    problem = study().problem
    step = 0.02 * problem.dense_latency
    middle = 0.5 * problem.dense_latency
    low, high = (study().solve(at).importance for at in (middle - step, middle + step))
    slope = 100 * (high - low) / problem.dense_importance / (2 * step)
    value = number(answer, "points of importance for a millisecond")
    if 0.4 * slope <= value <= 2.5 * slope:
        return "The front is steep where time is scarce: try the same at 20%."
    if 0.4 * slope <= 100 * value <= 2.5 * slope:
        raise Wrong("The digits are right. Give points: per cent of the dense importance for a millisecond.")
    raise Wrong(
        "Not this. Solve a little below and a little above 50%, and divide the gain in importance (in per "
        "cent of dense) by the milliseconds between the two budgets."
    )


def contradiction(answer: Any) -> str:
    if len(measured()) < 2:
        raise Wrong("No plan of these studies was measured: mdp measure fmnist-vit-cpu --save does it.")
    try:
        a, b = (int(place) for place in answer)
        first, second = measured()[a], measured()[b]
    except (TypeError, ValueError, IndexError):
        raise Wrong(f"The answer is two places in measured(), from 0 to {len(measured()) - 1}.") from None
    if first["importance"] <= second["importance"]:
        raise Wrong("Put first the plan with more importance.")
    if first["accuracy"] >= second["accuracy"]:
        raise Wrong(
            "The first has more importance and is at least as accurate: importance was right. Look on."
        )
    gap = 100 * (second["accuracy"] - first["accuracy"])
    return (
        f"Importance says the first, {gap:.1f} points of accuracy say the second. An estimate is an estimate."
    )


def crossing(answer: Any) -> str:
    vit, resnet = two_studies()
    shares = {s.model.name: s.solve("30%").importance / s.problem.dense_importance for s in (vit, resnet)}
    right = 100 * (shares[vit.model.name] - shares[resnet.model.name])
    words = "Not this. Solve both at 30%; importance in per cent of dense, the ViT's less the ResNet's."
    near(answer, right, 0.05, what="points of importance", low=words, high=words)
    return "How much a network has to spare is its own affair; the method is the same."


def own_method(answer: Any) -> str:
    if not callable(answer):
        raise Wrong(
            "The answer is a function of a problem and a budget in ms that returns (choices, removed)."
        )
    began, worst = time.monotonic(), 1.0
    for one in two_studies():
        problem = one.problem
        for share in BUDGETS:
            budget = share * problem.dense_latency
            worst = min(worst, _kept(one, answer(problem, budget), budget))
            if time.monotonic() - began > SECONDS:
                raise Wrong(
                    f"It took more than {SECONDS:.0f} seconds. Change more at each step, or try fewer."
                )
    if worst < ENOUGH:
        raise Wrong(
            f"It always fits, and at its worst keeps {100 * worst:.0f} % of what the solver's plan keeps. "
            f"{100 * ENOUGH:.0f} % are enough."
        )
    return f"At its worst it keeps {100 * worst:.0f} % of what the solver's plan keeps, on two networks."


def _kept(one: mdp.Study, made: Any, budget: float) -> float:
    """Importance as a share of the solver's. Raises Wrong above the budget."""
    choices, gone = network(made)
    latency, importance = one.problem.evaluate(choices, gone)
    if latency > budget * (1 + 1e-9):
        raise Wrong(
            f"On {one.name} it returns a network of {latency:.2f} ms for a budget of {budget:.2f} ms."
        )
    return importance / one.solve(budget).importance


INVENT = (
    Exercise(11, 3, "The price of a millisecond", shadow_price),
    Exercise(12, 3, "Where importance is wrong", contradiction),
    Exercise(13, 3, "Two networks", crossing),
    Exercise(14, 3, "A method of your own", own_method),
)
