"""From a study and one of its plans to networks."""

from dataclasses import replace
from typing import Any

from torch import nn

from ..core.errors import MdpError
from ..core.how_found import how_found
from ..core.plan import Plan, check_plan_fits
from ..core.study import StudyRecord
from ..core.study_record import with_counts
from ..families import GENERAL, PrunableNetwork, find, outline
from ..networks.weights import refuse_changed
from .extract import extract
from .mask import mask


def find_in(study: StudyRecord, *, load_weights: bool = True) -> PrunableNetwork:
    """The study's dense model, taken apart.

    Raises:
        MdpError: the weights are not at hand or have changed since they were scored, or the model is not the
            one that the study was made of.
    """
    from ..networks.models import create

    model = create(study.model, load_weights=load_weights)
    if load_weights:
        refuse_changed(study)
    found = find(model, study.model, **_how(study))
    _check_dims(study, found)
    return found


def counted_again(study: StudyRecord) -> StudyRecord:
    """The study with what its network uses as this version counts it. Nothing is measured.

    Raises:
        MdpError: the model is not the one that the study was made of, or counts otherwise than the study.
    """
    found = outline(study.model, **_how(study))
    _check_dims(study, found)
    space, counts = found.space, dict(study.counts)
    if any(
        counts.get(kind) and set(products) != set(counts[kind]) for kind, products in space.counts.items()
    ):
        raise MdpError(
            f"Study {study.name!r} does not fit its model {study.model.name}, whose counts are others. "
            "Make the study anew with this version."
        )
    problem = with_counts(study.problem, space.counts, space.moments, study.tables.provenance)
    return replace(study, problem=problem, counts=space.counts, moments=space.moments)


def _how(study: StudyRecord) -> dict[str, Any]:
    """How its model was taken apart."""
    terms = [term.name for term in study.problem.latency]
    return how_found(study.problem.block, terms) if study.family != GENERAL else {}


def _check_dims(study: StudyRecord, found: PrunableNetwork) -> None:
    units = {d.name: d.units for d in found.space.dims}
    expected = {d.name: d.dense for d in study.problem.dims}
    if units != expected:
        odd = min(name for name in units | expected if units.get(name) != expected.get(name))
        raise MdpError(
            f"Study {study.name!r} does not fit its model {study.model.name}: dim {odd!r} differs. "
            "Make the study anew with this version."
        )


def extract_plan(study: StudyRecord, plan: Plan) -> nn.Module:
    """The pruned network of a plan. Raises MdpError if the plan is of another study."""
    check_plan_fits(plan, study.problem)
    return extract(find_in(study), plan.choices, plan.removed_blocks, study.scores.order)


def mask_plan(study: StudyRecord, plan: Plan) -> nn.Module:
    """The dense network with what the plan prunes at zero. Raises MdpError as `extract_plan`."""
    check_plan_fits(plan, study.problem)
    return mask(find_in(study), plan.choices, plan.removed_blocks, study.scores.order)


def kept_of_plan(study: StudyRecord, plan: Plan) -> dict[str, tuple[int, ...]] | None:
    """Which units of the dense network a plan keeps, for every dim that it cuts; None if it is of another."""
    dense = {d.name: d.dense for d in study.problem.dims}
    cut = {d: n for d, n in plan.choices.items() if n is not None and n < dense.get(d, 0)}
    if not set(cut) <= set(study.scores.order):
        return None
    return {d: tuple(sorted(int(u) for u in study.scores.order[d][:n])) for d, n in cut.items()}
