"""Several deployments of one network in one study: two runtimes, devices, numbers of threads.

Tables of each are held together. The latency of one is the budget; that of every other is a resource of the
problem that can be limited, so that one plan is proven for all. Which one the budget is of can be switched.
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence

from .counted import counted_in
from .deployment import launched_by
from .errors import BadFile, MdpError
from .resources import MADE
from .study_record import Deployed, StudyRecord, Tables, with_counts
from .terms import Resource, Term
from .units import check_times

# Names stand in addresses, file names and NAME=AMOUNT words.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
TAKEN = (*MADE, "latency", "importance", "budget")


def check_name(name: str) -> str:
    """The name of a deployment as it is. Raises MdpError for one that cannot stand in an address."""
    if not _NAME.fullmatch(name) or name in TAKEN:
        raise MdpError(
            f"A deployment cannot be called {name[:60]!r}. Take letters, digits, points and dashes, and none "
            f"of {', '.join(TAKEN)}: laptop=laptop.json."
        )
    return name


def usual_name(tables: Tables, taken: Sequence[str] = ()) -> str:
    """What the deployment of tables is called where nobody names it: `onnxruntime`, `eager-2`."""
    runtime = launched_by(tables.provenance.get("launch"))
    return next(n for n in (runtime, *(f"{runtime}-{i}" for i in range(2, 99))) if n not in taken)


def common_options(every: Sequence[Mapping[str, tuple[int, ...]]]) -> dict[str, tuple[int, ...]]:
    """The widths of every dim that all of these offer.

    Raises:
        MdpError: tables are of other dims, or share no width of a dim but the dense one though each has more.
    """
    first = every[0]
    for other in every[1:]:
        if other.keys() != first.keys() or any(o[-1] != first[d][-1] for d, o in other.items()):
            raise MdpError("The tables are of other networks: their dims differ. Profile this model.")
    shared = {d: tuple(w for w in o if all(w in other[d] for other in every)) for d, o in first.items()}
    poor = next((d for d, o in shared.items() if len(o) == 1 and any(len(e[d]) > 1 for e in every)), None)
    if poor is not None:
        raise MdpError(
            f"The tables have no width of {poor!r} in common but the dense one. Profile all deployments with "
            "the same --width-step."
        )
    return shared


def narrowed(terms: Sequence[Term], had: Mapping[str, tuple[int, ...]], keep: Mapping[str, tuple[int, ...]]):  # type: ignore[no-untyped-def]
    """Tables of the widths `keep` out of tables of the widths `had`."""
    found = []
    for term in terms:
        values = term.values
        for axis, dim in enumerate(term.dims):
            if had[dim] != keep[dim]:
                values = values.take([had[dim].index(w) for w in keep[dim]], axis=axis)
        found.append(dataclasses.replace(term, values=values))
    return tuple(found)


def with_deployments(study: StudyRecord, own: str, others: Mapping[str, Tables]) -> StudyRecord:
    """The study with the tables of other deployments beside its own, which is called `own`.

    Raises:
        MdpError: a name that cannot be one, or is there twice.
        BadFile: tables that cannot be of this network, or a study whose budget was counted.
    """
    if counted_in(study.tables.provenance):
        raise BadFile(
            f"The budget of {study.name!r} is counted, not timed: it has no deployments. Build a study of "
            "latency tables for those."
        )
    for name in (own, *others):
        check_name(name)
    if own in others:
        raise MdpError(f"Two deployments are called {own!r}. Give each a name of its own.")
    found = tuple(Deployed(name, tables) for name, tables in others.items())
    for one in found:
        _check(study, one)
    resources = tuple(Resource(one.name, "ms", one.tables.terms) for one in found)
    problem = dataclasses.replace(study.problem, resources=(*study.problem.resources, *resources))
    return dataclasses.replace(study, problem=problem, deployment=own, home=own, others=found)


def _check(study: StudyRecord, one: Deployed) -> None:
    if counted_in(one.tables.provenance):
        raise BadFile(f"The deployment {one.name} was counted, not timed.")
    timed = dataclasses.replace(study.problem, latency=one.tables.terms, resources=())
    check_times(timed, f"tables of {one.name}", one.tables.details)


def deployments(study: StudyRecord) -> tuple[str, ...]:
    """Names of a study's deployments, that of its budget first; () where it has one alone."""
    return (study.deployment, *(one.name for one in study.others)) if study.others else ()


def deployed(study: StudyRecord, name: str) -> StudyRecord:
    """The study with its budget in the latency of another of its deployments.

    Raises:
        MdpError: it has none of this name.
    """
    if name == study.deployment and name:
        return study
    new = next((one for one in study.others if one.name == name), None)
    if new is None:
        known = ", ".join(deployments(study)) or "one alone, without a name"
        raise MdpError(f"{study.name!r} has no deployment {name[:60]!r}. It has {known}.")
    old = Deployed(study.deployment, study.tables, study.verification)
    others = tuple(old if one is new else one for one in study.others)
    resources = tuple(
        Resource(old.name, "ms", old.tables.terms) if r.name == name else r
        for r in study.problem.resources if r.name not in MADE
    )  # fmt: skip
    facts = {**study.problem.provenance, "latency": dict(new.tables.provenance)}
    problem = dataclasses.replace(
        study.problem, latency=new.tables.terms, latency_unit="ms", resources=resources, provenance=facts
    )
    problem = with_counts(problem, study.counts, study.moments, new.tables.provenance)
    return dataclasses.replace(
        study, problem=problem, tables=new.tables, verification=new.verification, deployment=name,
        others=others,
    )  # fmt: skip


def as_saved(study: StudyRecord) -> StudyRecord:
    """The study as its file holds it: the deployment first that it was built with."""
    return deployed(study, study.home) if study.home and study.home != study.deployment else study
