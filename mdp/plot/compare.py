"""Two plans of one study side by side: where they decide differently, and what it changes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..core.plan import Plan
from ..core.plan_accuracy import Known
from ..core.problem import Problem
from ..core.quality import beside, importance_doubt
from ..core.quality_name import ACCURACY
from ..core.study import StudyRecord
from .accuracy_words import accuracy_short
from .formats import budgeted, ms, number, percent
from .labels import label_of
from .survivor_rows import own_terms

OTHER = "stem, head and what is always there"


@dataclass(frozen=True)
class Decision:
    """One dim or block that A and B decide differently: `a` and `b` as people read them."""

    name: str
    label: str
    a: str
    b: str


@dataclass(frozen=True)
class Change:
    """One block, or (block None) what no block owns. Latency in the study's unit, importance as a share of
    dense. `decisions` is empty where only shared widths make the difference."""

    block: str | None
    decisions: tuple[Decision, ...]
    latency_a: float
    latency_b: float
    importance_a: float
    importance_b: float

    @property
    def latency(self) -> float:
        return self.latency_b - self.latency_a

    @property
    def importance(self) -> float:
        return self.importance_b - self.importance_a


@dataclass(frozen=True)
class CompareInfo:
    """What the table shows.

    Attributes:
        a, b: (latency, importance as a share of dense) of the whole plans.
        shared: decisions about dims that no single block owns.
        changes: blocks that differ, in the problem's order, then what no block owns; they add up to b - a.
        same: how many blocks are exactly the same in both.
        doubt: why importance means nothing (see mdp.core.quality), "" where it may.
        accuracy_a, accuracy_b: what is known of the whole networks' accuracy; None where nothing is.
    """

    unit: str
    a: tuple[float, float]
    b: tuple[float, float]
    shared: tuple[Decision, ...]
    changes: tuple[Change, ...]
    same: int
    doubt: str = ""
    accuracy_a: Known | None = None
    accuracy_b: Known | None = None


def compare_info(
    study: StudyRecord, a: Plan, b: Plan, accuracy_a: Known | None = None, accuracy_b: Known | None = None
) -> CompareInfo:
    """The record of two plans of one study, with what is known of their accuracy."""
    problem = study.problem
    total = problem.dense_importance or 1.0
    home = {d: next(iter(users)) for d, users in problem.dim_blocks.items() if len(users) == 1}
    sums_a, sums_b = own_terms(problem, a), own_terms(problem, b)
    changes = []
    for block in [*(x.name for x in problem.blocks), None]:
        change = Change(
            block,
            () if block is None else _decisions(problem, a, b, block, [d for d in home if home[d] == block]),
            sums_a[0][block],
            sums_b[0][block],
            sums_a[1][block] / total,
            sums_b[1][block] / total,
        )
        if change.decisions or abs(change.latency) > 1e-12 or abs(change.importance) > 1e-12:
            changes.append(change)
    shared = [d for d in problem.dim if home.get(d) is None]
    return CompareInfo(
        unit=problem.latency_unit,
        a=(a.latency, a.importance / total),
        b=(b.latency, b.importance / total),
        shared=_differing(problem, a, b, shared, None),
        changes=tuple(changes),
        same=len(problem.blocks) - sum(c.block is not None for c in changes),
        doubt=importance_doubt(study),
        accuracy_a=accuracy_a,
        accuracy_b=accuracy_b,
    )


def _decisions(problem: Problem, a: Plan, b: Plan, block: str, dims: Sequence[str]) -> tuple[Decision, ...]:
    gone_a, gone_b = block in a.removed_blocks, block in b.removed_blocks
    if gone_a or gone_b:
        words = ("removed" if gone_a else "kept", "removed" if gone_b else "kept")
        return () if gone_a and gone_b else (Decision(block, "block", *words),)
    return _differing(problem, a, b, dims, block)


def _differing(
    problem: Problem, a: Plan, b: Plan, dims: Sequence[str], block: str | None
) -> tuple[Decision, ...]:
    return tuple(
        Decision(d, label_of(d, problem.dim[d].kind, block), _width(a, d), _width(b, d))
        for d in dims
        if a.choices.get(d) != b.choices.get(d)
    )


def _width(plan: Plan, dim: str) -> str:
    kept = plan.choices.get(dim)
    return "gone" if kept is None else str(kept)


def compare_sentence(info: CompareInfo) -> str:
    """What B is against A, in one sentence."""
    if not info.changes and not info.shared:
        return "A and B are the same plan. Move the budget or pin something: that is B."
    faster = info.b[0] - info.a[0]
    timed = budgeted(info.unit) == "latency"
    more, less = ("slower", "faster") if timed else ("more", "fewer")
    speed = f"{ms(abs(faster), info.unit)} {more if faster > 0 else less} than A"
    if abs(faster) < 1e-9:
        speed = f"as {'fast' if timed else 'large'} as A"
    return (
        f"B is {speed} ({ms(info.b[0], info.unit)} against {ms(info.a[0], info.unit)}) and keeps "
        f"{percent(info.b[1])} of the importance, A {percent(info.a[1])}{beside(info.doubt)}; "
        f"{_accuracies(info)}{info.same or 'no'} block{'s are' if info.same > 1 else ' is'} the same in both."
    )


def _accuracies(info: CompareInfo) -> str:
    if info.accuracy_a is None and info.accuracy_b is None:
        return ""
    return f"{_measure(info)} {accuracy_short(info.accuracy_b)}, A {accuracy_short(info.accuracy_a)}; "


def compare_table(info: CompareInfo) -> tuple[list[str], list[list[str]]]:
    """As text: what differs, A, B, and the change from A to B; the last lines are the whole plan."""
    head = [
        "",
        "A",
        "B",
        f"A, {info.unit}",
        f"B, {info.unit}",
        f"change, {info.unit}",
        f"importance, points{beside(info.doubt)}",
    ]
    rows = [[f"{d.label} (shared)", d.a, d.b, "", "", "", ""] for d in info.shared]
    for c in info.changes:
        rows.append(
            [
                c.block or OTHER,
                ", ".join(f"{d.label} {d.a}" if d.label != "block" else d.a for d in c.decisions),
                ", ".join(f"{d.label} {d.b}" if d.label != "block" else d.b for d in c.decisions),
                number(c.latency_a),
                number(c.latency_b),
                signed(c.latency, info.a[0]),
                signed(100 * c.importance, 100),
            ]
        )
    (lat_a, imp_a), (lat_b, imp_b) = info.a, info.b
    change = [signed(lat_b - lat_a, lat_a), signed(100 * (imp_b - imp_a), 100)]
    whole = [number(lat_a), number(lat_b), *change]
    rows += _accuracy_row(info)
    return head, [*rows, ["the whole network", "", "", *whole]]


def _measure(info: CompareInfo) -> str:
    known = info.accuracy_b or info.accuracy_a
    return known.measure if known else ACCURACY


def _accuracy_row(info: CompareInfo) -> list[list[str]]:
    if info.accuracy_a is None and info.accuracy_b is None:
        return []
    a, b = accuracy_short(info.accuracy_a), accuracy_short(info.accuracy_b)
    return [[_measure(info), a, b, "", "", accuracy_change(info.accuracy_a, info.accuracy_b), ""]]


def accuracy_change(a: Known | None, b: Known | None) -> str:
    """`+1.1 points`, or `≈ −4 points` where either is an estimate: no finer than the values themselves."""
    if a is None or b is None:
        return ""
    rough = a.estimate or b.estimate
    points = 100 * (b.share - a.share)
    size = f"{abs(points):.{0 if rough else 1}f}"
    sign = "" if float(size) == 0 else "−" if points < 0 else "+"
    return f"{'≈ ' * rough}{sign}{size} points"


def signed(value: float, whole: float) -> str:
    """A change with its sign: `+0.12`, `−3.40`, `0`; three decimals of a `whole` of 1 or more are enough."""
    places = max(3, 3 - math.floor(math.log10(whole))) if whole > 0 else 3
    size = round(abs(value), places)
    if size == 0:
        return "0"
    text = number(size)
    text = min(text, f"{size:.{places}f}", key=len)
    return f"{'−' if value < 0 else '+'}{text}"
