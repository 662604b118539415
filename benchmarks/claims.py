"""`python -m benchmarks.claims [STUDY ...]`: lines, tables, and blocks free to go, within the same budget.

For each budget three plans: HALP's (lines, widths alone), the best by tables with every block kept, and the
best by tables. Cut, repaired with unlabelled training images, and measured on other test images.
What the page of the paper's claims says of blocks and of lines comes from here.
"""

import argparse

from mdp.core.errors import MdpError
from mdp.core.study import load_study
from mdp.solve import SOLVERS, solve
from mdp.solve.analysis.ablation import Corner

STUDIES = ("fmnist-vit-cpu", "fmnist-resnet-cpu")
BUDGETS = (25, 40, 50)


def main(argv: list[str] | None = None) -> None:
    from mdp.datasets import find
    from mdp.training.plan_meter import PlanMeter

    parser = argparse.ArgumentParser(prog="python -m benchmarks.claims", description=__doc__.split("\n")[0])
    parser.add_argument("studies", nargs="*", default=STUDIES)
    parser.add_argument("--images", type=int, default=10_000, help="test images (default 10000)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    for name in args.studies:
        study = load_study(name)
        problem = study.problem
        kept = Corner(blocks=False, multidimensional=True).problem(problem)
        data = study.scores.provenance["dataset"].removesuffix("-subset")
        meter = PlanMeter(study, find(data), images=args.images, seed=args.seed)
        print(f"{name}: dense {100 * meter.dense:.1f} % of {meter.images:,} test images", flush=True)
        for percent in BUDGETS:
            budget = percent / 100 * problem.dense_latency
            for what, find_plan in (
                ("HALP: lines, widths alone", lambda b=budget, p=problem: SOLVERS["halp"](p, b)),
                ("tables, widths alone", lambda b=budget, p=kept: solve(p, b)),
                ("tables, blocks may go", lambda b=budget, p=problem: solve(p, b)),
            ):
                try:
                    plan = find_plan()
                except MdpError:
                    print(f"{percent} % {what}: no plan", flush=True)
                    continue
                choices = {d.name: plan.choices.get(d.name) or d.options[0] for d in problem.dims}
                one = meter.measure(choices, plan.removed_blocks)
                share = one.importance / problem.dense_importance
                print(
                    f"{percent} % {what}: {100 * one.latency / problem.dense_latency:.1f} % of the latency, "
                    f"{100 * share:.1f} % of the importance, as cut {100 * one.cut:.1f} %, repaired "
                    f"{100 * (one.repaired or 0):.1f} %",
                    flush=True,
                )


if __name__ == "__main__":
    main()
