"""`python -m benchmarks.repair [STUDY ...]`: accuracy as cut and as repaired, without training.

Calibrated on training images that the seed draws, measured on the test split. `--data` names other images;
where they have no split of their own, one is made, and no picture is in both.
"""

import argparse
import statistics
import time

from mdp.core.plan import parse_budget
from mdp.core.progress import Reporter
from mdp.core.study import load_study
from mdp.solve import solve

STUDIES = ("fmnist-vit-cpu", "fmnist-resnet-cpu")


def main(argv: list[str] | None = None) -> None:
    from mdp.datasets import find
    from mdp.datasets.loader import loader
    from mdp.operations.networks import REPAIR_IMAGES as IMAGES
    from mdp.reconstruction import repair
    from mdp.surgery import extract, find_in
    from mdp.training.evaluation import accuracy

    parser = argparse.ArgumentParser(prog="python -m benchmarks.repair", description=__doc__.split("\n")[0])
    parser.add_argument("studies", nargs="*", default=STUDIES)
    parser.add_argument("--budgets", nargs="*", default=["50%", "40%", "25%", "15%"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=IMAGES, help=f"to repair with (default {IMAGES})")
    parser.add_argument("--test", type=int, default=10_000, help="test images (default: 10000, or all)")
    parser.add_argument("--data", default="fashion-mnist")
    args = parser.parse_args(argv)
    source = find(args.data)
    for name in args.studies:
        study = load_study(name)
        found = find_in(study)
        test = loader(source.test.sample(args.test), source, study.model, 250)
        print(f"{name}: dense {100 * accuracy(found.model, test):.1f} % of {len(test.dataset):,} test images")
        for budget in args.budgets:
            plan = solve(study.problem, parse_budget(budget, study.problem))
            pruned = extract(found, plan.choices, plan.removed_blocks, study.scores.order).eval()
            right, seconds, kept = [], [], 0
            for seed in range(args.seeds):
                batches = loader(source.train.sample(args.images, seed), source, study.model, 64)
                start = time.monotonic()
                network, told = repair(pruned, found.model, batches, Reporter(), seed=seed)
                seconds.append(time.monotonic() - start)
                right.append(100 * accuracy(network, test))
                kept += told.repaired
            spread = ", ".join(f"{value:.1f}" for value in right)
            print(
                f"  {budget:>4}  as cut {100 * accuracy(pruned, test):5.1f} %"
                f"  repaired {statistics.mean(right):5.1f} % ({spread})"
                f"  {statistics.median(seconds):5.1f} s  {kept} of {args.seeds} kept",
                flush=True,
            )


if __name__ == "__main__":
    main()
