"""Grade 2: change one thing, and see what follows."""

from typing import Any

import mdp

from .exercise import Exercise, Wrong, names, near, network, number, study


def half_an_mlp(answer: Any) -> str:
    problem = study().problem
    latency, _ = problem.evaluate({**problem.dense_choices, "blocks.0.mlp": 256})
    near(
        answer, 1 - latency / problem.dense_latency, 0.05, what="a share, such as 0.1",
        low="It saves more. problem.evaluate gives (latency, importance) of a whole network.",
        high="It saves less: only this one dim is halved, and the latency is of the whole network.",
    )  # fmt: skip
    return "Half of one MLP is not half of anything that a user would notice."


def line_error(answer: Any) -> str:
    problem = study().problem
    term = next(t for t in problem.latency if t.name == "blocks.0.mlp")
    dense = problem.entry(term, problem.dense_choices)
    real = problem.entry(term, {**problem.dense_choices, "embedding": 64})
    near(
        answer, dense / real - 1, 0.04, what="a share, such as 0.1",
        low="It is off by more. Compare the table's entry at an embedding of 64 with the one at 128.",
        high="It is not off by so much: divide what the line says by what the layer really takes, less 1.",
    )  # fmt: skip
    return "A price list for a layer's own width does not notice what feeds it."


def smallest(answer: Any) -> str:
    try:
        study().solve(1e-6)
        least = 0.0
    except mdp.Infeasible as error:
        least = float(error.smallest or 0.0)
    near(
        answer, least / study().problem.dense_latency, 0.02, what="a share of dense, such as 0.1",
        low="Nothing is so fast. Ask for an impossible budget: the error says what is possible (.smallest).",
        high="There is something faster. Ask for an impossible budget, and look at error.smallest.",
    )  # fmt: skip
    return "Below it every budget is infeasible, whoever solves it."


def cheapest_to_keep(answer: Any) -> str:
    plan = study().solve("25%")
    worth = {block: study().solve("25%", pins={block: "keep"}).importance for block in plan.removed_blocks}
    given = names(answer)
    if len(given) != 1 or not given <= set(worth):
        raise Wrong(f"The answer is one of the removed blocks: {', '.join(worth)}.")
    best = max(worth.values())
    if worth[given.pop()] >= best - 1e-9 * abs(best):
        return "Everything else is decided anew around the block that you keep."
    raise Wrong(
        "Another one costs less. Solve again with pins={block: 'keep'} for each, and compare importance."
    )


def by_hand(answer: Any) -> str:
    problem, best = study().problem, study().solve("40%")
    choices, gone = network(answer)
    latency, importance = problem.evaluate(choices, gone)
    budget = 0.4 * problem.dense_latency
    if latency > budget:
        raise Wrong(f"It takes {latency:.2f} ms, and {budget:.2f} ms are allowed. Narrow what costs most.")
    if dict(best.choices) == choices and set(best.removed_blocks) == set(gone):
        raise Wrong("This is the solver's own plan. Make one by hand: problem.dense_choices is a start.")
    share = importance / best.importance
    if share < 0.8:
        raise Wrong(f"It fits, and keeps {100 * share:.0f} % of what the solver's plan keeps. Reach 80 %.")
    return f"It keeps {100 * share:.0f} % of what the solver's plan keeps, in {latency:.2f} ms."


def nothing_removed(answer: Any) -> str:
    free = study().solve("25%").importance
    kept = study().solve("25%", pins={b.name: "keep" for b in study().problem.blocks}).importance
    right = 100 * (free - kept) / study().problem.dense_importance
    value = number(answer, "points of importance, such as 5.0")
    if abs(value - right) <= 0.05 * right:
        return "So much is it worth that blocks may go."
    if abs(100 * value - right) <= 0.05 * right:
        raise Wrong("The digits are right. Give points: per cent of the dense importance.")
    raise Wrong(
        "Not this. Solve at 25% with every block pinned 'keep', and without pins; subtract, and "
        "divide by the dense importance."
    )


COMPARE = (
    Exercise(5, 2, "Half of one MLP", half_an_mlp),
    Exercise(6, 2, "A line instead of a table", line_error),
    Exercise(7, 2, "The smallest budget", smallest),
    Exercise(8, 2, "The cheapest block to keep", cheapest_to_keep),
    Exercise(9, 2, "A plan by hand", by_hand),
    Exercise(10, 2, "If no block may go", nothing_removed),
)
