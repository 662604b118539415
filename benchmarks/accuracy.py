"""`python -m benchmarks.accuracy`: accuracy before any training, as cut and as repaired, on held-out images.

For each study and budget: the optimal plan, and with `--methods all` those of every other solver, each cut
out of the dense network, repaired with training images and measured on all test images, with three seeds of
calibration images. Prints one table a study; `--out` keeps every row, and a run that was cut off goes on.
"""

import argparse
import time
from pathlib import Path
from statistics import mean

from mdp.core.errors import Infeasible, MdpError
from mdp.core.files import read_json, write_json
from mdp.core.study import load_study
from mdp.datasets import find
from mdp.solve import CORNERS, SOLVERS, solve
from mdp.training.plan_meter import PlanMeter

STUDIES = ("fmnist-vit-cpu", "fmnist-resnet-cpu")
SLOW = ("milp", "mindtpy", "mindtpy-fp")  # other ways to the same optimum
TIE = 0.003  # within so much, two accuracies are equal


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__.split("\n")[0])
    parser.add_argument("studies", nargs="*", default=STUDIES)
    parser.add_argument("--data", default="fashion-mnist", help="data set, or folder of class folders")
    parser.add_argument("--budgets", default="50,40,25,15", help="per cent of dense, or a count: 20x")
    parser.add_argument("--methods", default="exact", help="solvers with commas, or all")
    parser.add_argument("--seeds", type=int, default=3, help="of calibration images (default 3)")
    parser.add_argument("--calibration", type=int, default=1000, help="training images to repair with")
    parser.add_argument("--images", type=int, help="test images (default: all)")
    parser.add_argument("--out", type=Path, help="JSON of all rows; what is there is not measured again")
    args = parser.parse_args(argv)
    rows = read_json(args.out, "rows") if args.out and args.out.exists() else []
    for name in args.studies:
        study_rows(name, args, rows)
        print(table([row for row in rows if row["study"] == name]))


def study_rows(name: str, args, rows: list[dict]) -> None:
    """Measure what is missing of one study; every row is kept at once."""
    study, source = load_study(name), find(args.data)
    dense = study.problem.dense_latency
    done = {(row["study"], row["budget"], row["method"], row["seed"]) for row in rows}
    for seed in range(args.seeds):
        wanted = [
            (share, method)
            for share in budgets(args.budgets)
            for method in methods(args.methods)
            if (name, share, method, seed) not in done
        ]
        if not wanted:
            continue
        meter = PlanMeter(study, source, images=args.images, calibration=args.calibration, seed=seed)
        for share, method in wanted:
            row = {"study": name, "budget": share, "method": method, "seed": seed, "dense": meter.dense}
            plan = plan_of(study.problem, share * dense, method)
            if plan is not None:
                start = time.perf_counter()
                one = meter.measure(plan.choices, plan.removed_blocks, method=method)
                row |= {
                    "latency": one.latency / dense,
                    "importance": one.importance / study.problem.dense_importance,
                    "cut": one.cut,
                    "repaired": one.repaired,
                    "seconds": time.perf_counter() - start,
                }
            rows.append(row)
            if args.out:
                write_json(args.out, rows, indent=1)


def plan_of(problem, budget: float, method: str):
    """The plan of one method for a budget; None where it finds none."""
    try:
        corner = next((c for c in CORNERS[:-1] if c.name == method), None)
        if corner is None:
            return solve(problem, budget, method)
        plan = solve(corner.problem(problem), budget)
        return plan if problem.evaluate(plan.choices, plan.removed_blocks)[0] <= budget * (1 + 1e-9) else None
    except (Infeasible, MdpError):
        return None


def budgets(text: str) -> list[float]:
    """`50,40` in per cent, or `20x`: so many from 15 to 90 %."""
    if text.endswith("x"):
        count = int(text[:-1])
        return [round(0.15 + 0.75 * i / max(1, count - 1), 4) for i in range(count)]
    return [float(part) / 100 for part in text.split(",")]


def methods(text: str) -> list[str]:
    if text != "all":
        return text.split(",")
    return [*(name for name in SOLVERS if name not in SLOW), *(corner.name for corner in CORNERS[:-1])]


def table(rows: list[dict]) -> str:
    """Mean over seeds, per method and budget, and how often ours is at least as accurate as every other."""
    if not rows:
        return "Nothing was measured."
    shares = sorted({row["budget"] for row in rows}, reverse=True)
    lines = [
        f"\n{rows[0]['study']}: dense {100 * mean(row['dense'] for row in rows):.1f} %, "
        f"{len({row['seed'] for row in rows})} seeds; cut → repaired, per cent of the test images",
        "| method | " + " | ".join(f"{100 * share:.0f} %" for share in shares) + " |",
        "|---|" + "---|" * len(shares),
    ]
    best = {}
    for method in dict.fromkeys(row["method"] for row in rows):
        cells = []
        for share in shares:
            own = [r for r in rows if (r["method"], r["budget"]) == (method, share) and "cut" in r]
            cells.append("–")
            best[method, share] = 0.0
            if own:
                cut = mean(r["cut"] for r in own)
                best[method, share] = mean(r["cut"] if r["repaired"] is None else r["repaired"] for r in own)
                cells[-1] = f"{100 * cut:.1f} → {100 * best[method, share]:.1f}"
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    seconds = [row["seconds"] for row in rows if "seconds" in row]
    lines.append(f"Cut, repaired and measured in {mean(seconds):.1f} s on average." if seconds else "")
    others = {method for method, _ in best} - {"exact"}
    if others:
        won = [
            share
            for share in shares
            if all(best["exact", share] >= best[other, share] - TIE for other in others)
        ]
        lines.append(f"At {len(won)} of {len(shares)} budgets ours is at least as accurate as every other.")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
