"""`mdp iterate`: prune in steps down to a budget; after each, importance is scored anew on what is left."""

import dataclasses
import os
import shlex
from pathlib import Path

from ..core.errors import MdpError
from ..core.plan import parse_budget, save_plan
from ..core.progress import PartOf
from ..core.resources import limits_of
from ..core.study import list_studies, load_study, place_of_study, save_study
from ..core.study_files import plan_beside
from ..core.words import many
from . import check_out, print_json, reporter
from .solve import asked_of, describe, in_unit, place_of, problem_of, summary


def run(args):
    from ..datasets.checking import checked
    from ..datasets.labels import check_fit
    from ..datasets.unreadable import Unread
    from ..latency.device import deployment
    from ..solve import iterate
    from ..training.iterating import rescored_step
    from .study_images import images_of

    report = reporter(args)
    _refuse_to_replace(args)
    study = load_study(place_of(args))
    unit = study.problem.latency_unit
    budget = parse_budget(args.budget, study.problem)
    most = limits_of(study.problem, asked_of(args))
    source = images_of(study, args.data)
    report.message(source.summary)
    check_fit(source.train, source, study.model)
    unread = Unread.for_now()
    device = deployment(args.device).kind
    studies = [study]

    def rescore(plan):
        step = len(studies)
        gone = len(plan.removed_blocks)
        report.message(f"Step {step}: {in_unit(plan.latency, unit)}, {many(gone, 'block')} removed.")
        seed = args.seed + step
        sample = source.train.sample(args.images, seed)
        begin = (step - 1) / args.steps
        (images,) = checked([sample], PartOf(report, begin, begin), skip_bad=args.skip_bad)
        batch = max(1, min(args.batch, len(images) // 2))
        part = PartOf(report, begin, step / args.steps)
        facts = {
            "dataset": source.name,
            "seed": seed,
            "batch": batch,
            "weights": study.model.weights,
            "after": {"step": step, "of": args.steps, "latency": plan.latency},
        }
        studies.append(
            rescored_step(
                studies[-1],
                plan,
                source,
                images,
                part,
                batch=batch,
                mend=args.repair,
                seed=seed,
                device=device,
                facts=facts,
                unread=unread,
            )
        )
        return studies[-1].problem

    plans = iterate(study.problem, budget, rescore, steps=args.steps, kind=args.schedule, most=most)
    unread.tell(report)
    usual = f"{study.name} · {many(args.steps, 'step')} to {in_unit(budget, unit)}"
    name = args.name or (usual if args.out else _free(usual))
    path = Path(args.out) if args.out else place_of_study(name)
    # The study last: while it is not there, nothing counts as made.
    plan_path = args.plan or plan_beside(path)
    save_plan(plans[-1], plan_path)
    save_study(dataclasses.replace(studies[-1], name=name), path)
    report.step(1, 1, "done")
    report.message(f"Study {path}, plan {plan_path}.")
    if args.job:
        report.result(path=str(path), plan=str(plan_path))
    if args.json:
        return print_json(
            {**summary(plans[-1], problem_of(studies[-1])), "steps": [p.latency for p in plans]}
        )
    if not args.job:
        print(describe(plans[-1], problem_of(studies[-1])))


def _refuse_to_replace(args) -> None:
    """Raises MdpError where what is made cannot be written, or would take the place of another result."""
    check_out(args.out, "studies")
    for place, option in ((args.out, "--out"), (args.plan, "--plan")):
        if place:
            check_out(place, "studies")
        if place and os.path.exists(place):
            raise MdpError(
                f"There is a file {place} already, and it is not replaced. Give another name with {option}, "
                "or delete it first."
            )
    if args.out and args.plan and os.path.abspath(args.out) == os.path.abspath(args.plan):
        raise MdpError("--out and --plan name the same file: the study and the plan are two.")
    if args.name and not args.out and _taken(args.name):
        raise MdpError(
            f"There is a study {args.name!r} already, and it is not replaced. Give another --name, or delete "
            f"it first: mdp studies --delete {shlex.quote(args.name)}"
        )


def _free(name: str) -> str:
    """The name, numbered where a study is called so: another run with the same steps is another result."""
    tried, number = name, 1
    while _taken(tried):
        number += 1
        tried = f"{name} ({number})"
    return tried


def _taken(name: str) -> bool:
    return place_of_study(name).exists() or any(study["name"] == name for study in list_studies())
