"""`mdp count`: what a study's network uses, counted anew; for studies that older versions made."""

from ..core.errors import MdpError
from . import print_json, reporter


def run(args):
    from ..core.resources import ACTIVATIONS, amount, said
    from ..core.study import load_study, save_study
    from ..surgery.plans import counted_again

    report = reporter(args)
    study = counted_again(load_study(args.study))
    problem = study.problem
    if ACTIVATIONS not in problem.resource:
        raise MdpError(
            f"The activation memory of {study.model.name} is not known as tables over its widths: too many "
            "of them are in memory at once, or its parts run side by side. Limit parameters or multiply-adds."
        )
    path = save_study(study, args.out or study.path)
    used = {name: problem.dense_use(name) for name, r in problem.resource.items() if r.unit != "ms"}
    told = ", ".join(
        f"{said(problem.resource[n])} {amount(u, problem.resource[n].unit)}" for n, u in used.items()
    )
    if args.json:
        return print_json({"path": str(path), "dense": used})
    report.message(f"{path}: {study.name}, dense: {told}.")
