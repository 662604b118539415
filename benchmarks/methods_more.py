"""What `python -m benchmarks.methods` adds to plans as cut and repaired: fine-tuned, pruned in steps."""

import dataclasses

from mdp.core.comparison import MethodPoint
from mdp.core.errors import MdpError
from mdp.core.plan import make_plan


def tune(work, methods, budgets) -> None:
    """Fine-tune the plans of some methods; what was trained before is found in its folder."""
    from mdp.core.files import read_json
    from mdp.core.progress import Reporter
    from mdp.training.finetune import finetune
    from mdp.training.pruned import of_plan
    from mdp.training.recipe import recipe_of

    from .methods import say, tuned_folder

    recipe, source = recipe_of(work.args.recipe), work.source
    source = dataclasses.replace(
        source,
        train=source.train.sample(work.args.tune_images, recipe.seed),
        test=source.test.sample(work.args.images or len(source.test), recipe.seed),  # as cut and repaired
    )
    for budget in budgets:
        for method in methods:
            point = next((p for p in work.known.points if (p.method, p.budget) == (method, budget)), None)
            if point is None or point.tuned or not point.choices:
                continue
            problem = work.study.problem
            plan = make_plan(
                problem, budget * problem.dense_latency, point.choices, point.removed, solver=method,
                seconds=0.0, bound=None, optimal=False,
            )  # fmt: skip
            folder = tuned_folder(work.study.name, method, budget)
            saved = folder / "architecture.json"
            if saved.is_file():
                facts = (read_json(saved).get("extra") or {}).get("finetuned") or {}
                accuracy = facts.get("accuracy_tuned")
            else:
                outcome = finetune(of_plan(work.study, plan), source, recipe, folder, Reporter())
                accuracy = outcome.accuracy_tuned if outcome else None
            if accuracy is not None:
                work.put(dataclasses.replace(point, tuned=(accuracy,)))
                say(f"{work.study.name}: {method} at {100 * budget:.0f} % fine-tuned: {100 * accuracy:.1f}")


def iterated(work, budgets, steps: int) -> None:
    """The plan of each budget, reached in steps: score, solve, repair, score again.

    Every seed takes other images, for the scores too, and may end at another plan; the first one's is kept.
    """
    from mdp.training.iterating import pruned_in_steps

    from .methods import say

    name = f"iterated, {steps} steps"
    seeds = work.args.seeds if work.args.calibration else 1
    for budget in budgets:
        point = next((p for p in work.known.points if (p.method, p.budget) == (name, budget)), None)
        for seed in range(len(point.repaired) or 1 if point else 0, seeds):
            try:
                last, plan = pruned_in_steps(
                    work.study,
                    work.source,
                    budget * work.study.problem.dense_latency,
                    steps=steps,
                    seed=100 * seed,
                    device=work.args.device,
                )
            except MdpError as error:
                say(f"{work.study.name}: {name} at {100 * budget:.0f} %: {error}")
                break
            one = work.meter_of(seed, last).measure(plan.choices, plan.removed_blocks)
            better = one.cut if one.repaired is None else max(one.cut, one.repaired)
            if point is None:
                latency, _ = work.study.problem.evaluate(plan.choices, plan.removed_blocks)
                point = MethodPoint(
                    name, budget, latency, cut=one.cut, choices=plan.choices, removed=plan.removed_blocks
                )
            repaired = (*point.repaired, better) if work.args.calibration else ()
            point = dataclasses.replace(point, repaired=repaired)
            work.put(point)
            say(
                f"{work.study.name} seed {seed}: {name} at {100 * budget:.0f} %: "
                f"{100 * one.cut:.1f} -> {100 * better:.1f}"
            )
