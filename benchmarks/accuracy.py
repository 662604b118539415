"""`python -m benchmarks.accuracy`: accuracy before any training, as cut and as repaired, on held-out images.

For each study and budget: the optimal plan, and with `--methods all` those of every other solver, each cut
out of the dense network, repaired with training images and measured on test images, with three seeds of
calibration images. A plan that several methods find is measured once. Prints one table a study; `--out` keeps
every row, a run that was cut off goes on, and `--minutes` cuts it into pieces. Budgets come coarse first, so
that a part says something of the whole. `--page` writes what `--out` holds as a page and measures nothing.
"""

import argparse
import hashlib
import time
from pathlib import Path

from mdp.core.errors import Infeasible, MdpError
from mdp.core.files import read_json, write_json
from mdp.core.study import load_study
from mdp.datasets import find
from mdp.solve import CORNERS, SOLVERS, solve
from mdp.training.plan_meter import PlanMeter

from .accuracy_table import page, table

STUDIES = ("fmnist-vit-cpu", "fmnist-resnet-cpu")
SLOW = ("milp", "mindtpy", "mindtpy-fp")  # other ways to the same optimum


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
    parser.add_argument("--minutes", type=float, help="begin nothing new after so long")
    parser.add_argument("--page", type=Path, help="write what --out holds as this page")
    args = parser.parse_args(argv)
    args.until = time.monotonic() + 60 * args.minutes if args.minutes else float("inf")
    rows = read_json(args.out, "rows") if args.out and args.out.exists() else []
    if args.page:
        args.page.write_text(page(rows))
        return
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
            for share in coarse_first(budgets(args.budgets))
            for method in methods(args.methods)
            if (name, share, method, seed) not in done
        ]
        if not wanted:
            continue
        meter = PlanMeter(study, source, images=args.images, calibration=args.calibration, seed=seed)
        for share, method in wanted:
            if time.monotonic() > args.until:
                return
            row = {"study": name, "budget": share, "method": method, "seed": seed, "dense": meter.dense}
            plan = plan_of(study.problem, share * dense, method)
            if plan is not None:
                row |= measured(study, plan, meter, [r for r in rows if same_run(r, row)])
            rows.append(row | {"images": meter.images, "calibration": args.calibration})
            if args.out:
                write_json(args.out, rows, indent=1)


def measured(study, plan, meter, known: list[dict]) -> dict:
    """What a plan is worth: of what is `known`, or measured now."""
    key = sorted(plan.choices.items()), sorted(plan.removed_blocks)
    key = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
    for row in known:
        if row.get("plan") == key:
            return {k: row[k] for k in ("plan", "latency", "importance", "cut", "repaired")}
    start = time.perf_counter()
    one = meter.measure(plan.choices, plan.removed_blocks)
    return {
        "plan": key,
        "latency": one.latency / study.problem.dense_latency,
        "importance": one.importance / study.problem.dense_importance,
        "cut": one.cut,
        "repaired": one.repaired,
        "seconds": time.perf_counter() - start,
    }


def same_run(row: dict, other: dict) -> bool:
    """Whether both are of one study and one seed of calibration images."""
    return all(row[key] == other[key] for key in ("study", "seed", "dense"))


def coarse_first(shares: list[float]) -> list[float]:
    """The same, so ordered that each beginning of them is spread over the whole.

    >>> coarse_first([1, 2, 3, 4, 5])
    [1, 5, 3, 2, 4]
    """
    found = list(dict.fromkeys((shares[0], shares[-1])))
    while len(found) < len(shares):
        far = max(shares, key=lambda s: min(abs(shares.index(s) - shares.index(f)) for f in found))
        found.append(far)
    return found


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


if __name__ == "__main__":
    main()
