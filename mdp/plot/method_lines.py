"""Every method's accuracy over measured latency: the record of the figure "Methods", its table and label."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..core.comparison import SHARES, STAGES, Comparison, MethodPoint, fits
from ..core.comparison_standing import share_won, standings
from ..core.errors import MdpError
from ..core.problem import Problem
from ..core.study import StudyRecord
from ..core.words import many
from .accuracy_front import Mark
from .formats import ms, percent
from .plan_summary import removed_summary

IN_WORDS = {"cut": "as cut, not trained", "repaired": "repaired, not trained", "tuned": "fine-tuned"}
OURS = "MDP (exact)"
NAMES = {
    "exact": OURS,
    "halp": "HALP",
    "nvit": "NViT",
    "isomorphic": "Isomorphic",
    "uniform": "uniform widths",
    "blocks-only": "blocks only",
    "torch-pruning": "Torch-Pruning",
    "channels only, linear latency": "channels only, linear",
    "channels only, multi-dimensional latency": "channels only, multi-dim.",
    "channels and blocks, linear latency": "with blocks, linear",
}


@dataclass(frozen=True)
class MethodsFigure:
    """What the figure shows.

    Attributes:
        unit: of latency; `stage` what was done to the networks before they were measured, of STAGES.
        dense: the dense network, None where it was not timed.
        lines: method in words -> its networks, fastest first; ours first.
        seeds: of the images that repair learnt from, at most.
        images: test images that every accuracy is a share of.
    """

    unit: str
    stage: str
    dense: Mark | None
    lines: dict[str, tuple[Mark, ...]]
    seeds: int
    images: int


def stages_of(comparison: Comparison) -> tuple[str, ...]:
    """What was measured: of STAGES."""
    return tuple(s for s in STAGES if any(p.accuracy(s) is not None for p in comparison.points))


def methods_figure(study: StudyRecord, comparison: Comparison, stage: str = "repaired") -> MethodsFigure:
    """The record of a study's comparison at one stage.

    Raises MdpError for a stage that is none.
    """
    if stage not in STAGES:
        raise MdpError(f"Networks are compared cut, repaired or tuned, not {stage!r}.")
    lines = {}
    for method in comparison.methods():
        marks = tuple(_mark(study.problem, comparison, p, stage) for p in comparison.of(method, stage))
        if marks:
            lines[_name(comparison, method)] = marks
    dense = None
    if comparison.dense_measured is not None:
        at = ms(comparison.dense_measured, "ms")
        text = f"<b>dense</b> · measured {at}<br>accuracy {percent(comparison.dense)}"
        text += f" of {comparison.images:,} images"
        dense = Mark(comparison.dense_measured, comparison.dense, text)
    seeds = max((len(p.repaired) for p in comparison.points), default=0)
    return MethodsFigure("ms", stage, dense, lines, seeds, comparison.images)


def _name(comparison: Comparison, method: str) -> str:
    """A method in words; that tables tell its latencies, where others were timed and its networks not."""
    name = NAMES.get(method, method)
    timed = any(p.measured for p in comparison.points if p.method == method)
    plain = timed or comparison.dense_measured is None or name == OURS
    return name if plain else f"{name} (by tables)"


def _mark(problem: Problem, comparison: Comparison, point: MethodPoint, stage: str) -> Mark:
    accuracy = point.accuracy(stage) or 0.0
    low, high = comparison.interval(accuracy)
    return Mark(point.latency or 0.0, accuracy, _text(problem, comparison, point, stage), low, high)


def _text(problem: Problem, comparison: Comparison, point: MethodPoint, stage: str) -> str:
    low, high = comparison.interval(point.accuracy(stage) or 0.0)
    name = NAMES.get(point.method, point.method)
    times = (
        []
        if point.measured is None
        else [f"measured {ms(point.measured, 'ms')}{_of_dense(comparison, point)}"]
    )
    times += [] if point.predicted is None else [f"predicted {ms(point.predicted, problem.latency_unit)}"]
    told = {s: point.accuracy(s) for s in STAGES}
    every = ", ".join(f"{IN_WORDS[s].split(',')[0]} {percent(v)}" for s, v in told.items() if v is not None)
    spread = point.spread(stage)
    over = f", ± {100 * spread:.1f} over {len(point.repaired)} seeds" if spread else ""
    lines = [
        f"<b>{name}</b> · asked for {percent(point.budget, 0)} of dense{_what(point.method)}",
        ", ".join(times),
        f"{every} (95 % interval {100 * low:.1f}–{100 * high:.1f} %{over})",
    ]
    if fits(problem, point):
        _, importance = problem.evaluate(point.choices, point.removed)
        share = percent(importance / (problem.dense_importance or 1.0))
        lines += [f"{share} importance · {removed_summary(problem, point.removed)}"]
        if not point.method.startswith("iterated"):
            lines += [_widths(problem, point)]
    return "<br>".join(lines)


def _of_dense(comparison: Comparison, point: MethodPoint) -> str:
    dense = comparison.dense_measured
    return f" ({percent(point.measured / dense, 0)} of dense)" if point.measured and dense else ""


def _what(method: str) -> str:
    return f" {SHARES[method]}" if method in SHARES else ""


def _widths(problem: Problem, point: MethodPoint) -> str:
    """The mean share of each kind of dim that is kept."""
    kinds: dict[str, list[float]] = {}
    for name, kept in point.choices.items():
        if kept is not None and name in problem.dim:
            dim = problem.dim[name]
            kinds.setdefault(dim.kind, []).append(kept / dim.dense)
    return "kept: " + ", ".join(f"{kind} {percent(sum(v) / len(v), 0)}" for kind, v in kinds.items())


def methods_table(info: MethodsFigure) -> tuple[list[str], list[list[str]]]:
    """The same as text: columns and rows."""
    rows = [
        [
            name,
            ms(m.latency, info.unit),
            percent(m.accuracy),
            f"{100 * (m.low or 0):.1f}–{percent(m.high or 0)}",
        ]
        for name, marks in info.lines.items()
        for m in reversed(marks)
    ]
    if info.dense is not None:
        rows.append(["dense", ms(info.dense.latency, info.unit), percent(info.dense.accuracy), ""])
    return ["method", "latency", f"right, of {info.images:,} images", "95 % interval"], rows


def methods_label(info: MethodsFigure) -> str:
    """One sentence for a screen reader."""
    return (
        f"Accuracy over measured latency of {len(info.lines)} methods, {IN_WORDS[info.stage]}, on "
        f"{info.images:,} test images."
    )


def methods_words(comparison: Comparison, stage: str) -> str:
    """What the figure says, in a sentence or two, and how much of it is still to be measured."""
    found = standings(comparison, stage)
    left = " ".join(filter(None, (untimed_words(comparison, stage), pending_words(comparison))))
    if not found:
        return "Nothing of ours was measured at this stage yet." + f" {left}".rstrip()
    first = sum(one.verdict in ("first", "alone") for one in found)  # alone: nothing else is as fast
    within = sum(one.verdict == "within" for one in found)
    behind = [one for one in found if one.verdict == "behind"]
    text = (
        f"At equal measured latency MDP is the most accurate at {first} of {many(len(found), 'point')}"
        + (
            f", and within the 95 % interval of the first at {within} more ({percent(share_won(found), 0)} "
            "together)"
            if within
            else ""
        )
        + "."
    )
    if behind:
        worst = min(behind, key=lambda one: one.ours - (one.best or 0.0))
        text += (
            f" Furthest behind: {NAMES.get(worst.rival, worst.rival)} by "
            f"{100 * ((worst.best or 0.0) - worst.ours):.1f} points at {percent(worst.budget, 0)}."
        )
    return text + f" {left}".rstrip()


def untimed_words(comparison: Comparison, stage: str) -> str:
    """Which methods were measured at this stage and not timed, so that no line shows them; "" for none."""
    told = []
    for method in comparison.methods():
        own = {p.budget: p.accuracy(stage) for p in comparison.points if p.method == method}
        right = {budget: value for budget, value in own.items() if value is not None}
        if right and not comparison.of(method, stage):
            each = ", ".join(
                f"{100 * right[b]:.1f} % at {percent(b, 0)}" for b in sorted(right, reverse=True)
            )
            told.append(f"{NAMES.get(method, method)} ({each} of dense{_what(method)})")
    return f"Not timed on this device, so not drawn: {'; '.join(told)}." if told else ""


def pending_words(comparison: Comparison) -> str:
    """What of the comparison was not measured yet, in a sentence; "" for nothing."""
    every, told = len(comparison.points), []
    missing = [p for p in comparison.points if p.cut is None]
    if missing:
        told.append(f"Not measured yet: {len(missing)} of {many(every, 'plan')} (of {_names(missing)}).")
    if any(p.repaired for p in comparison.points):  # what is no plan of the study cannot be repaired
        missing = [p for p in comparison.points if p.cut is not None and not p.repaired and p.choices]
        if missing:
            told.append(f"Not repaired yet: {len(missing)} of {many(every, 'plan')} (of {_names(missing)}).")
    return " ".join(told)


def _names(points: Sequence[MethodPoint]) -> str:
    each = tuple(dict.fromkeys(NAMES.get(p.method, p.method) for p in points))
    return ("; " if any("," in name for name in each) else ", ").join(each)  # some names hold commas
