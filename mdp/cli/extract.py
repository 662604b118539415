"""`mdp extract`: take the pruned network of a plan out of the dense one."""

from ..core.plan import Plan, load_plan, parse_budget, plan_to_json
from ..core.plan_accuracy import as_measured
from ..core.progress import Reporter
from ..core.study import StudyRecord, load_study
from . import reporter
from .repair import repaired


def run(args):
    report = reporter(args)
    study = load_study(args.study)
    plan = read_plan(study, args.plan, args.budget, report)
    from ..surgery import extract_plan, save

    report.step(0, 1, f"taking the network out of {study.model.name}")
    model = extract_plan(study, plan)
    extra = {"study": study.name, "plan": plan_to_json(plan)}
    if args.repair:
        from ..training.pruned import Pruned

        model, told = repaired(Pruned(model, study.model, study, plan), args, report)
        report.message(told.text)
        extra["repair"] = told.to_json()
    folder = save(model, args.out, extra)
    report.step(1, 1, "saved")
    before, after = study.count("parameters"), sum(p.numel() for p in model.parameters())
    report.message(
        f"{folder}: {after} of {before:.0f} parameters ({100 * after / before:.1f} %), "
        f"predicted {plan.latency:.4g} of {study.problem.dense_latency:.4g} {plan.latency_unit}"
    )
    if args.job:
        report.result(path=str(folder), parameters=after)


def read_plan(
    study: StudyRecord, plan: str | None, budget: str | None, report: Reporter | None = None
) -> Plan:
    """A plan from a file, held against its study, or the best one for a budget. Raises MdpError."""
    from ..solve import check_claim, solve

    if plan is not None:
        read = load_plan(plan)
        check_claim(read, study.problem)
        held = as_measured(study, read)
        if report is not None and held.note != read.note:
            report.message(f"{plan}: {held.note.removeprefix(read.note).lstrip('; ')}.")
        return held
    return solve(study.problem, parse_budget(budget, study.problem))
