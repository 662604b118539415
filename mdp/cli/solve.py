"""`mdp solve`: the best plan for one latency budget."""

import dataclasses
import os
from pathlib import Path

from ..core.errors import MdpError
from ..core.files import read_json
from ..core.limits import limits_to_json
from ..core.plan import Plan, budget_and_limits, save_plan
from ..core.plan_accuracy import Known, known_accuracy, with_accuracy
from ..core.problem import FORMATS, Problem, problem_from_json
from ..core.quality import beside, importance_doubt
from ..core.resources import (
    ACTIVATIONS,
    MACS,
    MEMORY,
    PARAMETERS,
    WORDS,
    amount,
    budgeted,
    pairs_of,
    said,
)
from ..core.study import StudyRecord, load_study
from ..plot.accuracy_words import accuracy_sentence, dense_accuracy, dense_images
from . import check_out, print_json
from .candidates import chosen_plan


def run(args):
    from ..core.pins import pins_from_text
    from ..solve import solve

    problem, study = read_either(place_of(args))
    budget, most = budget_and_limits(problem, args.budget, asked_of(args))
    pins = pins_from_text(args.pins, problem)
    about: dict = {}
    if args.candidates is not None:
        if args.out:
            check_out(args.out, "plans")
        plan, about = chosen_plan(args, study, budget, pins, most)
        known = Known(plan.accuracy["share"], plan.accuracy["images"], plan.accuracy["stage"])
    else:
        plan = solve(problem, budget, args.solver, pins=pins, time_limit=args.time_limit, most=most)
        # Pinned plans are not those between which the study's measured ones tell what to expect; nor are
        # those that other limits made.
        known = known_accuracy(study, plan) if study else None
        known = None if known is not None and known.estimate and (pins or most) else known
        if study is not None and known is not None:
            plan = with_accuracy(study, plan, known)
    if args.out:
        save_plan(plan, args.out)
    if args.json:
        return print_json({**summary(plan, problem, study), **about})
    print(describe(plan, problem, study, known))


def asked_of(args) -> dict[str, str]:
    """The limits beside the budget as they were typed, by resource. Raises MdpError for an empty one."""
    named = {
        PARAMETERS: args.parameters,
        MACS: args.macs,
        MEMORY: args.weight_memory,
        ACTIVATIONS: args.activation_memory,
    }
    asked = {name: text for name, text in named.items() if text is not None}
    for name, text in asked.items():
        if not text.strip():  # `--parameters "$MOST"` of a shell where MOST is not set
            raise MdpError(f"The limit of {WORDS[name]} is empty. Write an amount, or leave it out.")
    # Of a resource that is limited in both ways, pairs_of says whether the two contradict.
    more = [word for word in args.deployment if "=" in word]
    return pairs_of([*(f"{n}={t}" for n, t in asked.items()), *args.limit, *more])


def place_of(args) -> str:
    """The study or file that was named, at the deployment that the budget is of. Raises MdpError for two."""
    names = [word for word in args.deployment if "=" not in word]
    if len(set(names)) > 1:
        raise MdpError("A budget is of one deployment: give the others a limit, as --deployment laptop=30ms.")
    named = args.file if "file" in args else args.study
    return f"{named}@{names[0]}" if names else named


def read_problem(name: str) -> Problem:
    """The problem in a problem file or a study file, or of the study with that name. Raises BadFile."""
    return read_either(name)[0]


def read_either(name: str) -> tuple[Problem, StudyRecord | None]:
    """The problem of a file or a study, and the study where it is one. Raises BadFile."""
    path = Path(name)
    if os.path.isfile(path):
        data = read_json(path, "problem or study file")
        if isinstance(data, dict) and data.get("format") in FORMATS:
            return problem_from_json(data, f"problem file {path}"), None
    study = load_study(name)
    return problem_of(study), study


def problem_of(study: StudyRecord) -> Problem:
    """The study's problem, saying whose weights its importance is of."""
    problem, scores = study.problem, study.scores.provenance
    told = {"weights": study.model.weights, **scores}
    return dataclasses.replace(problem, provenance={**problem.provenance, "importance": told})


def summary(plan: Plan, problem: Problem | None = None, study: StudyRecord | None = None) -> dict:
    """What `--json` prints; `importance_doubt` is there where importance means nothing, `accuracy` where
    something is known of it."""
    doubt = _doubt(problem, study) if problem else ""
    return {
        "problem": plan.problem,
        "latency_unit": plan.latency_unit,
        "budget": plan.budget,
        "importance": plan.importance,
        "latency": plan.latency,
        "bound": plan.bound,
        "optimal": plan.optimal,
        "solver": plan.solver,
        "seconds": plan.seconds,
        "choices": dict(plan.choices),
        "removed_blocks": list(plan.removed_blocks),
        "shadow_price": plan.shadow_price,
        "note": plan.note,
        **({"uses": _uses(plan, problem)} if problem is not None and problem.resources else {}),
        **({"limits": limits_to_json(plan.limits)} if plan.limits else {}),
        **({"importance_doubt": doubt} if doubt else {}),
        **({"accuracy": dict(plan.accuracy)} if plan.accuracy is not None else {}),
    }


def _uses(plan: Plan, problem: Problem) -> dict[str, float]:
    """What a plan uses of each resource beside latency."""
    return problem.uses(plan.choices, plan.removed_blocks)


def _limit_lines(plan: Plan, problem: Problem) -> list[str]:
    """`parameters 0.9 M of 1.2 M (75 % of dense), at most 1 M`, for each limit."""
    lines = []
    for name, limit in plan.limits.items():
        dense = problem.dense_use(name)
        of_dense = (
            f" of {_short(dense, limit.unit)} ({100 * limit.used / dense:.1f} % of dense)" if dense else ""
        )
        used, most = _short(limit.used, limit.unit), _short(limit.most, limit.unit)
        more = ""
        if limit.shadow_price and dense:
            more = f"; 1 % of dense more is worth {limit.shadow_price * dense / 100:.3g} importance"
        lines.append(f"{said(problem.resource[name])} {used}{of_dense}, at most {most}{more}")
    return lines


def _short(value: float, unit: str) -> str:
    """An amount whose unit is no more than its name said again: `12 M` parameters, but `25 MB`."""
    text = amount(value, unit)
    return text.removesuffix(f" {unit}") if unit in ("params", "MACs") else text


def describe(
    plan: Plan, problem: Problem, study: StudyRecord | None = None, known: Known | None = None
) -> str:
    """A few lines for a person."""
    unit = plan.latency_unit
    doubt = beside(_doubt(problem, study))
    accuracy = (
        [accuracy_sentence(known, dense_accuracy(study), dense_on=dense_images(study))]
        if study and known
        else []
    )
    held = "tables, pins and limits" if plan.limits else "tables and pins"
    proven = f"proven optimal under these {held}" if plan.optimal else "not proven optimal"
    if plan.bound is not None and not plan.optimal:
        proven += f", at most {plan.bound:.6g} is possible"
    lines = [
        f"{plan.problem}, budget {in_unit(plan.budget, unit)}{_more_than_dense(plan, problem)}",
        f"{budgeted(unit)} {share(plan.latency, problem.dense_latency, unit)}",
        *_limit_lines(plan, problem),
        f"importance {share(plan.importance, problem.dense_importance)}{doubt}, {proven}",
        *accuracy,
        f"solver {plan.solver}, {1000 * plan.seconds:.1f} ms" + (f" ({plan.note})" if plan.note else ""),
        "removed blocks: " + (", ".join(plan.removed_blocks) or "none"),
    ]
    return "\n".join(
        [*lines, *(f"  {d.name:32} {_kept(plan.choices[d.name], d.dense)}" for d in problem.dims)]
    )


def _doubt(problem: Problem, study: StudyRecord | None) -> str:
    """A study knows more than its problem: whether its importance failed its test."""
    return importance_doubt(problem) or (importance_doubt(study) if study else "")


def _more_than_dense(plan: Plan, problem: Problem) -> str:
    """Who writes 40 for 40 % gets the dense network, and is told why."""
    if not plan.budget > problem.dense_latency > 0:
        return ""
    unit = f" means {plan.latency_unit}" if plan.latency_unit else " is an amount"
    hint = f": {plan.budget:.6g}{unit}, {plan.budget:.6g}% a share of it" if plan.budget <= 100 else ""
    return f", more than the dense network takes{hint}"


def in_unit(value: float, unit: str) -> str:
    """`12.4 ms`, `1.14 M MACs`."""
    return f"{value:.6g} {unit}" if budgeted(unit) == "latency" else amount(value, unit)


def share(value: float, dense: float, unit: str = "") -> str:
    """`12.4 of 31 ms (40 % of dense)`."""
    if budgeted(unit) != "latency":
        text = f"{amount(value, unit)} of {amount(dense, unit)}"
    else:
        text = f"{value:.6g} of {dense:.6g}" + (f" {unit}" if unit else "")
    return text + (f" ({100 * value / dense:.1f} % of dense)" if dense else "")


def _kept(kept: int | None, dense: int) -> str:
    return "removed" if kept is None else f"{kept} of {dense}"
