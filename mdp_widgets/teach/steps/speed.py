"""Step 1: multiply-adds are not milliseconds."""

from mdp.core.problem import Problem
from mdp.core.study import StudyRecord
from mdp.plot import formats as fmt
from mdp.plot.labels import LABELS

from ..moves import Move, half, kind_moves, single_moves
from ..quiz import Option, Quiz, ranges
from .step import Step

MOST = 5
EDGES = (35, 45, 55, 65, 75)


def speed(study: StudyRecord) -> Step:
    """The step of one study."""
    what = work_name(study)
    work, time = even_cut(study)
    options, right = ranges(EDGES, 100 * time)
    problem = study.problem
    ms, dense = fmt.ms(time * problem.dense_latency, problem.latency_unit), _dense(problem)
    prediction = Quiz(
        "speed-prediction",
        "prediction",
        f"All widths are cut alike, until about half of the {what} are left ({fmt.percent(work, 0)}). "
        "How much of the latency is left?",
        options,
        right,
        f"{fmt.percent(work, 0)} of the {what} take {fmt.percent(time, 0)} of the time: {ms} of {dense}.",
    )
    return Step(
        "Why pruned is not faster",
        "You can say why a network with half of the arithmetic does not take half of the time.",
        "Pruning takes channels, heads or neurons out of a network. Papers count what that saves in "
        "multiply-adds. A user waits for milliseconds. Are they the same?",
        prediction,
        "Choose what is cut, move the slider, and watch both bars.",
        _check(study),
        "Multiply-adds are arithmetic. Latency is measured.",
        6,
    )


def work_name(study: StudyRecord) -> str:
    return "multiply-adds" if study.counts.get("macs") else "parameters"


def work_of(study: StudyRecord, choices, removed=()) -> float:
    """Multiply-adds of a choice as a share of dense; parameters where the study counts no others."""
    kind = "macs" if study.counts.get("macs") else "parameters"
    whole = study.count(kind) if study.counts.get(kind) else 0
    if not whole:
        kept = sum(choices[d] for d in study.problem.dim if choices[d])
        return kept / sum(study.problem.dense_choices.values())
    return study.count(kind, choices, removed) / whole


def even_cut(study: StudyRecord) -> tuple[float, float]:
    """(work, latency) as shares of dense, where all widths are cut alike and the work is nearest to half."""
    problem, found = study.problem, []
    for percent in range(30, 100):
        choices = {d.name: half(problem, d.name, percent / 100) for d in problem.dims}
        share = problem.evaluate(choices)[0] / problem.dense_latency
        found.append((work_of(study, choices), share))
    return min(found, key=lambda pair: abs(pair[0] - 0.5))


def cuts(study: StudyRecord) -> tuple[Move, ...]:
    """Single cuts to choose from, with different savings: kinds of dims, or else dims of different sizes."""
    moves = kind_moves(study)
    if len(moves) < 3:
        moves = tuple(m for m in single_moves(study) if m.what != "block")
    moves = sorted(moves, key=lambda m: m.latency)
    step = max(1.0, (len(moves) - 1) / (MOST - 1))
    places = sorted({round(i * step) for i in range(min(MOST, len(moves)))})
    return tuple(moves[i] for i in places if i < len(moves))


def _check(study: StudyRecord) -> Quiz:
    moves = cuts(study)
    worst = max(moves, key=lambda m: m.latency)
    # Cuts that save as little as the worst of them, to a tenth of a point, would be right too: left out.
    others = [m for m in moves if m.latency < worst.latency - 1e-3]
    options = []
    for move in sorted([worst, *others], key=lambda m: m.name):
        words = (
            f"It leaves {_both(study, move)}. Another cut saves less. Choose each of them above the figure."
        )
        options.append(Option(move.name, cut_name(move), words))
    if len(options) == 1:
        options.append(Option("none", "They all save the same", "They do not: look at the time bar."))
    slower = " It is slower than dense." if worst.latency > 1 else ""
    return Quiz(
        "speed-check",
        "check",
        "Each of these is cut to half, alone. Which cut saves the least time, or none?",
        tuple(options),
        worst.name,
        f"It leaves {_both(study, worst)}.{slower}",
    )


def _both(study: StudyRecord, move: Move) -> str:
    work = fmt.percent(work_of(study, move.choices), 0)
    return f"{work} of the {work_name(study)} and {fmt.percent(move.latency, 0)} of the time"


def cut_name(move: Move) -> str:
    """As it stands in a sentence: `all MLP widths`, `all numbers of heads`."""
    if not move.name.startswith("all "):
        return move.name
    if move.what == "heads":
        return "all numbers of heads"
    return f"all {LABELS.get(move.what, move.what.removesuffix('s'))} widths"


def _dense(problem: Problem) -> str:
    return fmt.ms(problem.dense_latency, problem.latency_unit)
