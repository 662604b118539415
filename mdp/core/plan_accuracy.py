"""How many images a plan's network gets right: as measured with the study, or estimated between. No torch.

A study keeps what was measured in `study.accuracy["plans"]`, as this file writes it. What a page or a report
says of a plan comes from `known_accuracy`.
"""

import dataclasses
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from weakref import WeakKeyDictionary

from .errors import MdpError
from .plan import Plan
from .problem import Problem
from .quality_name import ACCURACY, is_share, quality_name
from .saved_networks import Network, networks_of_plan, number
from .study import StudyRecord

# 95 % of a normal distribution lies within so many standard deviations.
Z = 1.96
IN_WORDS = {"tuned": "fine-tuned", "repaired": "repaired, not trained", "cut": "as cut, not trained"}


@dataclass(frozen=True)
class PlanAccuracy:
    """One plan's network, measured on held-out images.

    Attributes:
        choices, removed: the plan, as in `Plan`.
        latency, importance: predicted, in the units of the study's problem.
        images: how many the shares are of.
        cut: share right as it was cut out of the dense network, between 0 and 1.
        repaired: share right after closed-form repair; None where it was not tried.
        method: how the plan was found: a solver's name, "random", ...
    """

    choices: Mapping[str, int | None]
    removed: tuple[str, ...]
    latency: float
    importance: float
    images: int
    cut: float
    repaired: float | None = None
    method: str = "exact"

    @property
    def best(self) -> float:
        """The share of the better of the two networks: whoever repairs keeps the better one."""
        return self.cut if self.repaired is None else max(self.cut, self.repaired)

    def is_of(self, plan: Plan) -> bool:
        return _same(self.choices, self.removed, plan.choices, plan.removed_blocks)


@dataclass(frozen=True)
class Known:
    """What is known of a plan's accuracy.

    Attributes:
        share: of images right, between 0 and 1.
        images: how many it was measured on; 0 for an estimate.
        stage: "tuned", "repaired" or "cut": what was done to the network before.
        estimate: interpolated between the plans beside it, not measured itself.
        measure: what it is: accuracy, or the quality of another task (see quality_name.py).
        whole: nothing is cut: it is the dense network's own.
    """

    share: float
    images: int
    stage: str
    estimate: bool = False
    measure: str = ACCURACY
    whole: bool = False

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval from the number of images alone; None for an estimate, or where it is no share."""
        if self.estimate or not self.images or not is_share(self.measure):
            return None
        return wilson(self.share, self.images)

    def to_json(self) -> dict[str, Any]:
        """As plan files and `--json` say it."""
        interval = None if self.interval is None else [round(end, 6) for end in self.interval]
        said = {**asdict(self), "interval": interval}
        del said["whole"]  # the plan says it
        if self.measure == ACCURACY:
            del said["measure"]
        return said


def wilson(share: float, images: int) -> tuple[float, float]:
    """The 95 % interval of a share of `images` (Wilson 1927, the score interval).

    >>> [round(end, 3) for end in wilson(0.83, 10_000)]
    [0.823, 0.837]
    """
    spread = Z**2 / images
    middle = (share + spread / 2) / (1 + spread)
    half = Z * math.sqrt(share * (1 - share) / images + spread / (4 * images)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


# A slider asks at every step, and evaluating dozens of plans anew takes longer than solving one. A study is
# frozen: what was found of one stays true, and goes with it.
_found: "WeakKeyDictionary[StudyRecord, tuple[PlanAccuracy, ...]]" = WeakKeyDictionary()


def measured_plans(study: StudyRecord) -> tuple[PlanAccuracy, ...]:
    """The plans whose accuracy stands in the study, those that fit its present problem; by latency."""
    if study not in _found:
        entries = (study.accuracy or {}).get("plans")
        read = [accuracy_entry(study.problem, entry) for entry in entries or ()] if _is_list(entries) else []
        _found[study] = tuple(sorted(filter(None, read), key=lambda one: one.latency))
    return _found[study]


def accuracy_entry(problem: Problem, entry: Any) -> PlanAccuracy | None:
    """One measured plan as a study or `mdp measure` writes it; None for one of other tables, or damaged."""
    try:
        choices, removed = dict(entry["choices"]), tuple(entry["removed"])
        latency, importance = problem.evaluate(choices, removed)
        one = PlanAccuracy(
            choices,
            removed,
            latency,
            importance,
            int(entry["images"]),
            _share(entry["cut"]),
            None if entry.get("repaired") is None else _share(entry["repaired"]),
            str(entry.get("method", "exact")),
        )
    except (MdpError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None
    return one if one.images > 0 else None


def with_plans(
    study: StudyRecord, new: Iterable[PlanAccuracy], *, more_images_stay: bool = False
) -> dict[str, Any]:
    """The study's `accuracy` with these plans in it, in place of what was known of the same ones.

    With `more_images_stay`, what was measured on more images is not displaced by a glance on few.
    """
    known = measured_plans(study)

    def stays(old: PlanAccuracy, one: PlanAccuracy) -> bool:
        return more_images_stay and old.images > one.images and same_plan(old, one)

    taken = [one for one in new if not any(stays(old, one) for old in known)]
    kept = [old for old in known if not any(same_plan(old, one) for one in taken)]
    plans = [entry_of(one) for one in sorted((*kept, *taken), key=lambda one: one.latency)]
    return {**(study.accuracy or {}), "plans": plans}


def known_accuracy(
    study: StudyRecord,
    plan: Plan,
    also: Collection[PlanAccuracy] = (),
    *,
    networks: bool | Collection[Network] = True,
) -> Known | None:
    """The best that is known of a plan: measured on its own network, else estimated; None if nothing is.

    Its `measure` is the study's.

    Args:
        also: measured since, beside what the study holds.
        networks: look for a fine-tuned network of exactly this plan, too (reads small files); or those of
            the study, newest first, where somebody has looked already.
    """
    known = _known(study, plan, also, networks)
    return known and dataclasses.replace(known, measure=quality_name(study))


def _known(
    study: StudyRecord, plan: Plan, also: Collection[PlanAccuracy], networks: bool | Collection[Network]
) -> Known | None:
    if networks is True:
        networks = networks_of_plan(plan)
    for one in networks or ():
        same = _same(one.plan.choices, one.plan.removed_blocks, plan.choices, plan.removed_blocks)
        if same and one.accuracy is not None:
            return Known(one.accuracy, int(number(one.finetuned, "test_images") or 0), one.stage)
    dense = number(study.accuracy or {}, "dense")
    if dense is not None and not plan.removed_blocks and plan.choices == study.problem.dense_choices:
        return Known(dense, int(number(study.accuracy or {}, "images") or 0), "cut", whole=True)
    every = (*also, *measured_plans(study))
    exact = next((one for one in every if one.is_of(plan)), None)
    if exact is not None:
        return known_of(exact)
    return _between(study, plan, [one for one in every if one.method == plan.solver])


def known_of(one: PlanAccuracy, measure: str = ACCURACY) -> Known:
    """What a measurement says: of the better of the two networks."""
    stage = "repaired" if one.repaired is not None and one.repaired >= one.cut else "cut"
    return Known(one.best, one.images, stage, measure=measure)


def with_accuracy(study: StudyRecord, plan: Plan, known: Known | None = None) -> Plan:
    """The plan with what is known of its accuracy, for a file; as it is where nothing is."""
    known = known or known_accuracy(study, plan)
    return plan if known is None else dataclasses.replace(plan, accuracy=known.to_json())


def as_measured(study: StudyRecord, plan: Plan) -> Plan:
    """A plan from a file with the accuracy that its study measured of the same choices, where that differs.

    Its note then gives both. What the study does not know (a fine-tuned network, other choices) stays as
    the file says it.
    """
    said = plan.accuracy
    one = next((one for one in measured_plans(study) if one.is_of(plan)), None)
    if said is None or one is None or said["stage"] == "tuned":
        return plan
    share = one.cut if said["stage"] == "cut" else one.repaired
    if share is not None and math.isclose(said["share"], share, abs_tol=1e-6):
        return plan
    known = known_of(one, quality_name(study))
    text = "" if said.get("estimate") else (
        f"its file says {_said(said['share'], said.get('images', 0), said['stage'])} of its accuracy, "
        f"its study measured {_said(known.share, known.images, known.stage)}"
    )  # fmt: skip
    note = "; ".join(filter(None, [plan.note, text]))
    return dataclasses.replace(plan, accuracy=known.to_json(), note=note)


def _said(share: float, images: int, stage: str) -> str:
    return f"{100 * share:.2f} % {IN_WORDS[stage]}" + (f" on {images:,} images" if images else "")


def _between(study: StudyRecord, plan: Plan, same: list[PlanAccuracy]) -> Known | None:
    """Along the line through the measured plans of the same solver; nothing beyond its ends."""
    points = {one.latency: one for one in same}
    below = max((at for at in points if at <= plan.latency), default=None)
    above = min((at for at in points if at >= plan.latency), default=None)
    if below is None:
        return None
    low = points[below]
    stage = "repaired" if low.repaired is not None else "cut"
    dense = number(study.accuracy or {}, "dense")
    if above is not None:
        high_at, high = above, points[above].best
    elif dense is not None:
        high_at, high = study.problem.dense_latency, dense
    else:
        return None
    way = (plan.latency - below) / (high_at - below) if high_at > below else 0.0
    return Known(low.best + min(1.0, way) * (high - low.best), 0, stage, estimate=True)


def entry_of(one: PlanAccuracy) -> dict[str, Any]:
    """As it stands in a file: latency and importance follow from the choices."""
    entry = {**asdict(one), "choices": dict(one.choices), "removed": list(one.removed)}
    return {key: value for key, value in entry.items() if key not in ("latency", "importance")}


def _is_list(entries: Any) -> bool:
    return isinstance(entries, list | tuple)


def _share(value: Any) -> float:
    share = float(value)
    if not 0 <= share <= 1:
        raise ValueError(f"{share} is no share")
    return share


def same_plan(a: PlanAccuracy, b: PlanAccuracy) -> bool:
    """Whether two measurements are of the same choices."""
    return _same(a.choices, a.removed, b.choices, b.removed)


def _same(a: Mapping, a_removed: Collection[str], b: Mapping, b_removed: Collection[str]) -> bool:
    """Dims that only removed blocks use may be None, absent, or of any width: a measuring process fills them.

    Where the same blocks are removed, a dim that says nothing in one of the two is such a one.
    """
    if set(a_removed) != set(b_removed):
        return False
    return all(None in (a.get(dim), b.get(dim)) or a[dim] == b[dim] for dim in {*a, *b})
