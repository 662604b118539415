"""`mdp iterate`: prune in steps down to a budget; after each, importance is scored anew on what is left."""

import dataclasses

from ..core.plan import parse_budget, save_plan
from ..core.progress import PartOf
from ..core.resources import limits_of
from ..core.study import load_study, save_study
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
    check_out(args.out, "studies")
    if args.plan:
        check_out(args.plan, "studies")
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
    name = args.name or f"{study.name} · {args.steps} steps to {in_unit(budget, unit)}"
    path = save_study(dataclasses.replace(studies[-1], name=name), args.out)
    plan_path = args.plan or path.with_suffix(".plan.json")
    save_plan(plans[-1], plan_path)
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
