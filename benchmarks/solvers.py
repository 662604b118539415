"""`python -m benchmarks.solvers`: how fast and how right the solvers are, all measured in one run.

Instances: the method's own ResNet problems, where they lie beside the repository, and
synthetic transformers. Every optimum is checked: against optima.json where there is one, and against milp.
"""

import argparse
import gc
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil

from benchmarks import problems
from mdp.core.errors import MdpError
from mdp.core.files import read_json, write_json
from mdp.core.plan import Plan
from mdp.core.problem import Problem, load_problem
from mdp.solve import fastest, front, solve, what_if
from mdp.solve.cache import kept
from mdp.solve.exact import solver as exact
from mdp.solve.milp import solver as milp

REFERENCE = Path(__file__).resolve().parents[1].parent / "shared" / "reference"
BUDGETS = 50


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.solvers", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="exact only: no milp, no mindtpy")
    parser.add_argument("--only", nargs="+", metavar="TEXT", help="instances whose name holds one of these")
    parser.add_argument("--rivals-only", action="store_true", help="milp and mindtpy beside exact, no more")
    parser.add_argument("--rivals", type=int, default=3, help="budgets for milp and mindtpy (default 3)")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for each milp or mindtpy solve")
    parser.add_argument("--out", help="also write all numbers to this JSON file")
    args = parser.parse_args(argv)
    say_where()
    chosen = [i for i in instances() if not args.only or any(text in i[0] for text in args.only)]
    rows = [] if args.rivals_only else [measure(make(), name, mark) for name, make, mark in chosen]
    if rows:
        speed_table(rows)
    if not args.quick:
        rival_table([make for _, make, mark in chosen if mark == "target"], args.rivals, args.limit)
    if not (args.rivals_only or args.only):
        growth_tables()
    reference_check()
    if args.out:
        write_json(args.out, [{k: v for k, v in r.items() if k != "problem"} for r in rows], indent=1)


def say_where() -> None:
    load = os.getloadavg()[0]
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, "
        f"Python {platform.python_version()}, NumPy {np.__version__}"
    )
    print(
        "Whole calls, plans re-evaluated from the tables included; one thread. Under load the clock runs on"
    )
    print("while a call waits, so CPU time stands beside it.\n")


def instances() -> list[tuple[str, Callable[[], Problem], str]]:
    """(name, how to make it, "target" where the speed asked for is 3 ms at the median)."""
    found = [(p.stem, lambda p=p: load_problem(p), "target") for p in sorted(REFERENCE.glob("resnet*.json"))]
    if not found:
        print("The reference instances are not here; they are left out.\n")
    nets = [
        problems.DEIT_TINY,
        problems.DEIT_SMALL,
        problems.DEIT_BASE,
        problems.DEIT_BASE.finer(2),
        problems.VIT_LARGE,
        problems.VIT_LARGE.finer(2),
        problems.DEEP,
    ]
    return found + [
        (
            f"synthetic-{net.name}",
            lambda net=net: problems.synthetic(net),
            "target" if net is problems.DEIT_BASE else "",
        )
        for net in nets
    ]


def measure(problem: Problem, name: str, mark: str) -> dict:
    """Preparation, 50 budgets one after another in random order, the same again, and a front of 100."""
    problem.fingerprint  # noqa: B018  a plan carries it; hashing the file is no part of solving
    before = psutil.Process().memory_info().rss
    gc.collect()
    prepare, _ = timed(lambda: exact.prepared(problem))
    low, high = fastest(problem).latency, problem.dense_latency
    budgets = np.random.default_rng(0).permutation(np.linspace(low, high, BUDGETS + 2)[1:-1])
    first, cpu = zip(*(timed_cpu(lambda b=b: solve(problem, b)) for b in budgets), strict=True)
    again, again_cpu = zip(*(timed_cpu(lambda b=b: solve(problem, b)) for b in budgets), strict=True)
    fresh = Problem(**{k: getattr(problem, k) for k in problem.__dataclass_fields__})
    fresh.fingerprint  # noqa: B018
    grid = np.linspace(low, high, 100)
    exact.prepared(fresh)
    whole, _ = timed(lambda: [solve(fresh, b) for b in grid])
    points = front(fresh, [high])
    # Measured at the sizes that the explorer's table is made for: it grows with dims times the rest.
    questions = timed(lambda: what_if(problem, solve(problem, (low + high) / 2)))[0] if mark else None
    return {
        "name": name,
        "problem": problem,
        "mark": mark,
        "blocks": len(problem.blocks),
        "dims": len(problem.dims),
        "entries": sum(t.values.size for t in (*problem.latency, *problem.importance)),
        "prepare": prepare,
        "first": first,
        "first_cpu": cpu,
        "again": again,
        "again_cpu": again_cpu,
        "front": whole,
        "supported": len(points.supported),
        "what_if": questions,
        "memory": psutil.Process().memory_info().rss - before,
    }


def timed(work: Callable):
    """(seconds, result)."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def timed_cpu(work: Callable) -> tuple[float, float]:
    """(wall-clock seconds, CPU seconds) of a solve by exact."""
    cpu = time.thread_time()
    seconds, plan = timed(work)
    if plan.solver != "exact" or not plan.optimal:
        raise AssertionError(f"exact gave up on {plan.problem} at {plan.budget}: {plan.note}")
    return seconds, time.thread_time() - cpu


def speed_table(rows: list[dict]) -> None:
    print(
        f"exact, {BUDGETS} budgets from the fastest plan to dense in random order: median / p95 / max in ms."
    )
    print(
        "first: nothing known of the hull; again: the same budgets once more. The rest in ms, memory in MB."
    )
    print(
        f"{'':28} blocks dims entries prepare | {'first, wall':20} | {'first, CPU':20} | {'again, CPU':20} "
        "| front of 100 | hull points | what-if | memory"
    )
    for r in rows:
        kinds = ("first", "first_cpu", "again_cpu")
        spans = " | ".join(" / ".join(f"{v:.2f}" for v in ms(r[k])).ljust(20) for k in kinds)
        asked = "" if r["what_if"] is None else f"{1000 * r['what_if']:.0f}"
        print(
            f"{r['name']:28} {r['blocks']:6} {r['dims']:4} {r['entries']:7} {1000 * r['prepare']:7.0f} | "
            f"{spans} | {1000 * r['front']:12.0f} | {r['supported']:11} | {asked:>7} "
            f"| {r['memory'] / 2**20:.0f}"
        )
    print()


def ms(seconds: list[float]) -> tuple[float, float, float]:
    """Median, 95th percentile and maximum, in milliseconds."""
    values = 1000 * np.array(seconds)
    return float(np.median(values)), float(np.quantile(values, 0.95)), float(values.max())


def rivals(problem: Problem, count: int, limit: float) -> dict:
    """The same budgets by exact, milp and mindtpy, one after another; milp's model is built beforehand."""
    budgets = [f * problem.dense_latency for f in np.linspace(0.3, 0.7, count)]
    exact.prepared(problem)
    kept(problem, "_milp", lambda: milp.Milp(problem))
    row = {"name": problem.name, "exact": [], "milp": [], "mindtpy": [], "notes": []}
    for budget in budgets:
        seconds, best = timed(lambda b=budget: solve(problem, b))
        row["exact"].append(seconds)
        for rival in ("milp", "mindtpy"):
            seconds, note = against(problem, budget, rival, limit, best)
            row[rival].append(seconds)
            row["notes"].append(f"{budget:.4g}: {rival} {seconds:.2f} s, {note}")
    return row


def against(problem: Problem, budget: float, rival: str, limit: float, best: Plan) -> tuple[float, str]:
    """(seconds, what came of it) of a rival's solve; one that fails or finds nothing counts the clock."""
    start = time.perf_counter()
    try:
        plan = solve(problem, budget, rival, time_limit=limit)
    except MdpError as error:
        return time.perf_counter() - start, f"nothing: {error}"
    short = 100 * (best.importance - plan.importance) / abs(best.importance or 1)
    wrong = "; IT CLAIMS A BETTER OPTIMUM" if short < -1e-7 or (plan.optimal and short > 1e-7) else ""
    claim = "proven" if plan.optimal else "not proven"
    return plan.seconds, f"{short:.4f} % below the optimum, {claim}{wrong}"


def rival_table(makes: list[Callable[[], Problem]], count: int, limit: float) -> None:
    print(
        "exact, milp (HiGHS) and mindtpy (OA from the feasibility pump) on the same budgets, median s.\n"
        "No result counts the clock. MindtPy's time is without its process's start; exact's are first visits."
    )
    for make in makes:
        r = rivals(make(), count, limit)
        exact_s, milp_s, oa_s = (statistics.median(r[k]) for k in ("exact", "milp", "mindtpy"))
        print(
            f"{r['name']:30} exact {exact_s:.4f} | milp {milp_s:6.2f} = {milp_s / exact_s:5.0f} x "
            f"| mindtpy {oa_s:6.2f} = {oa_s / exact_s:5.0f} x",
            flush=True,
        )
        for note in r["notes"]:
            print(f"{'':32}{note[:150]}")
    print()


def growth_tables() -> None:
    base = problems.DEIT_BASE
    print("how exact grows, median and 95th percentile of CPU ms over 50 budgets (synthetic)")
    for depth in (6, 12, 24, 48, 96):
        net = problems.Transformer(f"{base.name}-{depth}-blocks", depth, base.embedding, base.heads)
        growth_row(f"{depth} blocks", net)
    for factor in (1, 2, 4):
        growth_row(f"grid x{factor}", base.finer(factor) if factor > 1 else base)
    print()


def growth_row(label: str, net: problems.Transformer) -> None:
    r = measure(problems.synthetic(net), label, "")
    first, again = ms(r["first_cpu"]), ms(r["again_cpu"])
    print(
        f"  {label:12} entries {r['entries']:8} | prepare {1000 * r['prepare']:5.0f} | first {first[0]:6.2f} "
        f"{first[1]:6.2f} | again {again[0]:6.2f} {again[1]:6.2f}"
    )


def reference_check() -> None:
    path = REFERENCE / "optima.json"
    if not path.exists():
        return
    wrong, optima = 0, read_json(path, "optima")["optima"]
    for row in optima:
        problem = load_problem(REFERENCE / f"{row['instance']}.json")
        wrong += solve(problem, row["budget"]).importance != row["importance"]
    print(f"optima.json: {len(optima) - wrong} of {len(optima)} the same")
    if wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
