"""The front in accuracy: what was measured of plans against their latency, with the chosen one; a record."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from ..core.measurements import Measured
from ..core.plan import Plan
from ..core.plan_accuracy import IN_WORDS, Known, PlanAccuracy, known_of, measured_plans
from ..core.quality_name import ACCURACY, quality_name
from ..core.study import StudyRecord
from .accuracy_words import accuracy_short, dense_accuracy, dense_images, interval_text, named, plan_name
from .formats import budgeted, ms, percent
from .plan_summary import plan_summary, removed_summary

FEW = 3  # methods with a name of their own in the legend
OPTIMAL = "exact"


@dataclass(frozen=True)
class Mark:
    """One measured network: latency in the study's unit, accuracy as a share, `low` and `high` the ends of
    its 95 % interval (None where unknown), `text` what a hover says."""

    latency: float
    accuracy: float
    text: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class AccuracyFront:
    """What the figure shows.

    Attributes:
        unit, dense_latency: of latency; `dense` the dense network's accuracy, None if not measured.
        optimal: the measured optimal plans by latency; `others`: method -> its measured plans.
        tuned: fine-tuned networks.
        chosen, other: (latency, what is known) of the chosen plan and of A; None without one, or where
            nothing is known.
        measure: the name of the quality.
        dense_on: how many images `dense` is of, 0 where that is not known.
    """

    unit: str
    dense_latency: float
    dense: float | None
    optimal: tuple[Mark, ...]
    others: dict[str, tuple[Mark, ...]]
    tuned: tuple[Mark, ...]
    chosen: tuple[float, Known] | None = None
    other: tuple[float, Known] | None = None
    measure: str = ACCURACY
    dense_on: int = 0


def accuracy_front(
    study: StudyRecord,
    plan: Plan | None = None,
    known: Known | None = None,
    other: Plan | None = None,
    other_known: Known | None = None,
    *,
    also: Collection[PlanAccuracy] = (),
    tuned: Collection[Measured] = (),
) -> AccuracyFront:
    """The record of what was measured of a study's plans.

    Args:
        known, other_known: what is known of the chosen plan's accuracy, and of A's.
        also: measured since, beside what the study holds.
        tuned: fine-tuned networks of the study.
    """
    by_method: dict[str, list[Mark]] = {}
    for one in sorted((*measured_plans(study), *also), key=lambda one: one.latency):
        by_method.setdefault(one.method, []).append(_mark(study, one))
    optimal = tuple(by_method.pop(OPTIMAL, ()))
    found = AccuracyFront(
        unit=study.problem.latency_unit,
        dense_latency=study.problem.dense_latency,
        dense=dense_accuracy(study),
        optimal=optimal,
        others=_few(by_method),
        tuned=tuple(_tuned(study, one) for one in tuned if one.accuracy is not None),
        measure=quality_name(study),
        dense_on=dense_images(study),
    )
    return with_chosen(found, plan, known, other, other_known)


def _few(by_method: Mapping[str, list[Mark]]) -> dict[str, tuple[Mark, ...]]:
    """Marks by method, under one name where a legend of all would cover the figure; hover tells which.

    Plans that give up one kind of dim alone are a test of exchange rates, and nobody's proposal.
    """
    proposed = {name: marks for name, marks in by_method.items() if not name.endswith(" alone")}
    if len(proposed) > FEW:
        rest = [mark for name, marks in proposed.items() if name != "random" for mark in marks]
        kept = {name: marks for name, marks in proposed.items() if name == "random"}
        proposed = {"other methods": sorted(rest, key=lambda mark: mark.latency), **kept}
    return {name: tuple(marks) for name, marks in sorted(proposed.items())}


def with_chosen(
    info: AccuracyFront, plan: Plan | None, known: Known | None, other: Plan | None, other_known: Known | None
) -> AccuracyFront:
    """The same with another chosen plan: all that changes during a drag."""
    return replace(
        info,
        chosen=(plan.latency, known) if plan and known else None,
        other=(other.latency, other_known) if other and other_known else None,
    )


def _mark(study: StudyRecord, one: PlanAccuracy) -> Mark:
    known, problem = known_of(one, quality_name(study)), study.problem
    low, high = known.interval or (None, None)
    both = "" if one.repaired is None else f"<br>as cut {percent(one.cut)}, repaired {percent(one.repaired)}"
    ends = f"({interval_text(known)}), " if known.interval else ""
    on = f"<br>measured on {one.images:,} images"
    text = (
        f"<b>{plan_name(one.method)}</b> · {ms(one.latency, problem.latency_unit)} · "
        f"{percent(one.latency / problem.dense_latency)} of dense<br>{known.measure} {percent(known.share)} "
        f"{ends}{IN_WORDS[known.stage]}{both}{on}<br>"
        f"{percent(one.importance / (problem.dense_importance or 1.0))} importance · "
        f"{removed_summary(problem, one.removed)}"
    )
    return Mark(one.latency, known.share, text, low, high)


def _tuned(study: StudyRecord, one: Measured) -> Mark:
    problem = study.problem
    words = f"<br>{plan_summary(problem, one.plan)}" if one.plan else ""
    text = (
        f"<b>fine-tuned: {one.name}</b><br>{quality_name(study)} {percent(one.accuracy or 0.0)}<br>"
        f"{ms(one.predicted, problem.latency_unit)} predicted{words}"
    )
    return Mark(one.predicted, one.accuracy or 0.0, text)


def accuracy_table(info: AccuracyFront) -> tuple[list[str], list[list[str]]]:
    """The same as text: columns and rows."""

    def row(name: str, mark: Mark) -> list[str]:
        ends = "" if mark.low is None else f"{100 * mark.low:.1f}–{100 * (mark.high or 0):.1f} %"
        share = percent(mark.latency / info.dense_latency)
        return [ms(mark.latency, info.unit), share, percent(mark.accuracy), ends, name]

    rows = [row(plan_name(OPTIMAL), mark) for mark in info.optimal]
    rows += [row(plan_name(method), mark) for method, marks in info.others.items() for mark in marks]
    rows += [row("fine-tuned", mark) for mark in info.tuned]
    rows += [row("dense", Mark(info.dense_latency, info.dense, ""))] if info.dense is not None else []
    return [budgeted(info.unit), "of dense", info.measure, "95 % interval", "network"], rows


def accuracy_label(info: AccuracyFront) -> str:
    """One sentence for a screen reader."""
    text = f"{named(info.measure)} against {budgeted(info.unit)}: {len(info.optimal)} measured optimal plans"
    many = sum(map(len, info.others.values()))
    text += f", {many} of other methods." if many else "."
    if info.chosen:
        latency, known = info.chosen
        text += f" Chosen: {ms(latency, info.unit)}, {info.measure} {accuracy_short(known)}."
    return text
