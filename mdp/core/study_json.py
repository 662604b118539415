"""Studies as JSON, `mdp-study/1`: written, and read with every entry checked."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .counted import check_counted, counted_in
from .deployments import as_saved, with_deployments
from .errors import BadFile
from .files import said_format
from .model_ref import model_from_json, model_to_json
from .problem import problem_from_json, problem_to_json
from .scores_json import scores_from_json, scores_to_json
from .space import Moment, Product, Skipped
from .study_record import StudyRecord, Tables, with_counts, without_counts
from .unit_names import milliseconds
from .units import check_times, in_ms, scaled

FORMAT = "mdp-study/1"


def study_to_json(study: StudyRecord) -> dict[str, Any]:
    """The `mdp-study/1` object. The latency terms stand once, in the problem."""
    study = as_saved(study)
    return {
        "format": FORMAT,
        "name": study.name,
        "family": study.family,
        "model": model_to_json(study.model),
        "accuracy": study.accuracy,  # before the long tables: a list reads no further
        "latency": {"provenance": dict(study.tables.provenance), "details": dict(study.tables.details)},
        "importance": scores_to_json(study.scores),
        "counts": {k: [[p.block, p.factor, list(p.dims)] for p in ps] for k, ps in study.counts.items()},
        **({"activations": _moments_to_json(study)} if study.moments else {}),
        "skipped": [[s.name, s.reason] for s in study.skipped],
        "verification": study.verification,
        **({"deployments": _deployments_to_json(study)} if study.others else {}),
        "problem": problem_to_json(without_counts(study.problem)),
    }


def study_from_json(data: Any, source: str = "study", path: Path | None = None) -> StudyRecord:
    """Check and build a Study from parsed JSON. Raises BadFile, saying which entry is wrong."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BadFile(f"The {source} is not an {FORMAT} file{said_format(data)}.")
    as_written = problem_from_json(data.get("problem"), f"problem in the {source}")
    told = data.get("latency")
    name = counted_in(told["provenance"]) if _says(told) else ""
    problem = as_written if name else in_ms(as_written, source)
    other_units = problem is not as_written  # what was measured was set beside other units
    try:
        study = StudyRecord(
            name=str(data["name"]),
            family=str(data["family"]),
            problem=problem,
            path=path,
            model=model_from_json(data["model"]),
            tables=Tables(
                problem.latency,
                _without_story(data["latency"]["provenance"], other_units),
                data["latency"].get("details", {}),
            ),
            scores=scores_from_json(data["importance"]),
            counts={
                k: tuple(Product(b, float(f), tuple(d)) for b, f, d in ps) for k, ps in data["counts"].items()
            },
            moments=tuple(
                Moment(block, tuple((float(f), tuple(d)) for f, d in parts))
                for block, parts in data.get("activations", [])
            ),
            skipped=tuple(Skipped(n, r) for n, r in data.get("skipped", [])),
            verification=None if other_units else data.get("verification"),
            accuracy=data.get("accuracy"),
        )
        _check_study(study, source, name)
        study = _with_others(study, data.get("deployments"), source)
        whole = with_counts(study.problem, study.counts, study.moments, study.tables.provenance)
        study = replace(study, problem=whole)
    except BadFile:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadFile(
            f"The {source} is damaged: {type(error).__name__} at {error}. Make it anew or use another copy."
        ) from None
    return study


def _moments_to_json(study: StudyRecord) -> list[Any]:
    return [[m.block, [[factor, list(dims)] for factor, dims in m.parts]] for m in study.moments]


def _deployments_to_json(study: StudyRecord) -> dict[str, Any]:
    """What stands beside the first deployment's tables; the others' terms are the problem's resources."""
    others = [
        {
            "name": one.name,
            "latency": {"provenance": dict(one.tables.provenance), "details": dict(one.tables.details)},
            "verification": one.verification,
        }
        for one in study.others
    ]
    return {"name": study.deployment, "others": others}


def _with_others(study: StudyRecord, told: Any, source: str) -> StudyRecord:
    """The study with the deployments that its file tells of."""
    if told is None:
        return study
    tables, checks = {}, {}
    for one in told["others"]:
        resource = study.problem.resource.get(one["name"])
        if resource is None or milliseconds(resource.unit) is None:
            raise BadFile(f"The {source} is damaged: the deployment {one['name']!r} has no tables of times.")
        terms = scaled(resource.terms, milliseconds(resource.unit) or 1.0)
        facts = one["latency"]["provenance"]
        if not all(key in facts for key in ("device", "batch", "dtype")):
            raise BadFile(f"The {source} is damaged: the deployment {one['name']!r} does not say its device.")
        tables[one["name"]] = Tables(terms, dict(facts), dict(one["latency"]["details"]))
        checks[one["name"]] = one.get("verification")
        if not isinstance(checks[one["name"]], Mapping | None):
            raise BadFile(f"The {source} is damaged: the deployment {one['name']!r} has an odd verification.")
    rest = tuple(r for r in study.problem.resources if r.name not in tables)
    study = replace(study, problem=replace(study.problem, resources=rest))
    study = with_deployments(study, str(told["name"]), tables)
    return replace(study, others=tuple(replace(o, verification=checks[o.name]) for o in study.others))


def _says(latency: Any) -> bool:
    """Whether a study says how its latency came about."""
    return isinstance(latency, Mapping) and isinstance(latency.get("provenance"), Mapping)


def _without_story(provenance: Any, other_units: bool) -> Any:
    """Without how a budget was kept, if that was in other units than the tables are now."""
    if not other_units or not isinstance(provenance, Mapping):
        return provenance
    return {key: value for key, value in provenance.items() if key != "strict"}


def _check_study(study: StudyRecord, source: str, counted: str) -> None:
    def fail(what: str):
        raise BadFile(f"The {source} is damaged: {what}.")

    dims, blocks = study.problem.dim, {*study.problem.block, None}
    for name, dim in dims.items():
        if len(study.scores.order.get(name, ())) != dim.dense:
            fail(f"the order of dim {name!r} must list each of its {dim.dense} units once")
    for name, block, dim, values in study.scores.shares:
        if dim not in dims or block not in blocks or values.shape != (dims[dim].dense,):
            fail(f"importance share {name!r} does not fit its dim or block")
    for name in study.scores.blocks:
        if name not in blocks:
            fail(f"what block {name!r} is worth as a whole fits no block")
    if odd := _odd_importance(study):
        fail(f"its importance of {odd} is not the sum of the shares of its units")
    for what, products in study.counts.items():
        if any(p.block not in blocks or any(d not in dims for d in p.dims) for p in products):
            fail(f"a count of {what} names an unknown dim or block")
        if not np.isfinite(study.count(what)):
            fail(f"a count of {what} is not finite")
    parts = [(m.block, *part) for m in study.moments for part in m.parts]
    if any(b not in blocks or not 0 < f < np.inf or any(d not in dims for d in ds) for b, f, ds in parts):
        fail("what it says of its activations names an unknown dim or block, or is no amount")
    facts = {"scores": study.scores.provenance, "latency tables": study.tables.details}
    optional = {"verification": study.verification, "accuracy": study.accuracy}
    for what, value in {**facts, **{k: v for k, v in optional.items() if v is not None}}.items():
        if not isinstance(value, Mapping):
            fail(f"what it says of its {what} is not a list of names and values")
    if counted:
        check_counted(study.problem, study.counts, counted, source)
    else:
        check_times(study.problem, source, study.tables.details)
    if not isinstance(study.tables.provenance, Mapping):
        fail("its latency tables do not say how they were measured")
    for key in ("device", "batch", "dtype"):
        if key not in study.tables.provenance:
            fail(f"its latency tables do not say their {key}")


def _odd_importance(study: StudyRecord) -> str | None:
    """The first term of importance that the shares do not make, by name; None where they make them all.

    Shares are kept with six digits; what a block is worth as a whole counts as a share of no dim.
    """
    made = study.scores.terms(study.problem.dim)
    said = study.problem.importance
    named = [[(term.name, term.block, term.dims) for term in terms] for terms in (made, said)]
    if named[0] != named[1]:
        pairs = ((a, b) for a, b in zip(*named, strict=False) if a != b)
        return next((repr(b[0]) for _, b in pairs), "a part that is there or not")
    sizes = [np.abs(values).sum() for _, _, _, values in study.scores.shares]
    sizes += [abs(value) for value in study.scores.blocks.values()]
    for term, own, size in zip(said, made, sizes, strict=True):
        if (np.abs(term.values - own.values) > 1e-4 * size).any():
            return repr(term.name)
    return None
