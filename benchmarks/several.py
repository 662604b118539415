"""`python -m benchmarks.several`: the exact solver under several limits, how fast and how right.

Instances are those of `benchmarks.solvers`, with parameters and multiply-adds counted
from the shapes of their layers. Budgets are random; each other limit is 70 to 100 % of what the best plan for
latency alone uses, so that nearly all of them bind.
"""

import argparse
import time
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks import problems
from benchmarks.resources import with_counts
from benchmarks.solvers import REFERENCE, ms, say_where
from mdp.core.errors import Infeasible, MdpError
from mdp.core.problem import Problem, load_problem
from mdp.solve import fastest, solve
from mdp.solve.limited import solver as limited

LIMITS = {2: ("parameters",), 3: ("parameters", "macs")}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.several", description=__doc__.split("\n")[0])
    parser.add_argument("--solves", type=int, default=40, help="random limits for each instance")
    parser.add_argument("--only", nargs="+", metavar="TEXT", help="instances whose name holds one of these")
    parser.add_argument("--milp", type=int, default=0, metavar="N", help="hold so many against milp each")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for each solve of milp")
    parser.add_argument("--brute", type=int, default=0, metavar="N", help="also N small random problems")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="seed of the first of these")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random limits")
    args = parser.parse_args(argv)
    say_where()
    if args.solves:
        several_table(args.solves, args.only, args.milp, args.limit, args.seed)
    if args.brute:
        against_everything(range(args.first, args.first + args.brute))


def instances() -> list[tuple[str, Callable[[], Problem]]]:
    found = [(p.stem, lambda p=p: load_problem(p)) for p in sorted(REFERENCE.glob("resnet*.json"))]
    return [*found, ("synthetic-deit-base", lambda: problems.synthetic(problems.DEIT_BASE))]


def several_table(
    solves: int, only: list[str] | None = None, milp: int = 0, limit: float = 60.0, seed: int = 0
) -> None:
    print(f"exact under several limits, {solves} random ones each (seed {seed}): median / p95 / max in ms.")
    print(f"{'':24} limits prepare | {'by the clock':24} | {'CPU':24} | proven | by milp | infeasible")
    for name, make in instances():
        if only and not any(text in name for text in only):
            continue
        for count, names in LIMITS.items():
            problem = with_counts(make())
            start = time.thread_time()
            limited.prepared(problem, tuple(sorted(names)))
            prepare = time.thread_time() - start
            rows = [_timed(problem, *asked) for asked in _asked(problem, names, solves, seed)]
            clock, cpu = ([r[i] for r in rows] for i in (0, 1))
            spans = " | ".join(" / ".join(f"{v:.1f}" for v in ms(side)).ljust(24) for side in (clock, cpu))
            plans = [r[2] for r in rows]
            proven = sum(p is not None and p.optimal for p in plans)
            by_milp = sum(p is not None and p.solver == "milp" for p in plans)
            print(
                f"{name:24} {count:6} {1000 * prepare:7.0f} | {spans} | {proven:6} | {by_milp:7} "
                f"| {plans.count(None)}",
                flush=True,
            )
            for budget, most in list(_asked(problem, names, solves, seed))[:milp]:
                _against_milp(problem, budget, most, limit)


def _asked(
    problem: Problem, names: tuple[str, ...], count: int, seed: int
) -> Iterator[tuple[float, dict[str, float]]]:
    """Random budgets, and limits of the other resources near what the best plan of that budget uses."""
    rng, low = np.random.default_rng(seed), fastest(problem).latency
    for _ in range(count):
        budget = low + rng.random() * (problem.dense_latency - low)
        alone = solve(problem, budget)
        uses = problem.uses(alone.choices, alone.removed_blocks)
        yield budget, {name: uses[name] * rng.uniform(0.7, 1.0) for name in names}


def _timed(problem: Problem, budget: float, most: dict[str, float]):
    """(seconds, CPU seconds, plan or None where nothing meets the limits)."""
    start, cpu, plan = time.perf_counter(), time.thread_time(), None
    try:
        plan = solve(problem, budget, most=most)
    except Infeasible:
        pass
    return time.perf_counter() - start, time.thread_time() - cpu, plan


def _against_milp(problem: Problem, budget: float, most: dict[str, float], limit: float) -> None:
    try:
        plan = solve(problem, budget, most=most)
    except Infeasible:
        return
    start = time.perf_counter()
    try:
        other = solve(problem, budget, "milp", most=most, time_limit=limit)
    except MdpError as error:
        print(f"{'':24} milp {time.perf_counter() - start:.1f} s, nothing: {error}")
        return
    short = 100 * (plan.importance - other.importance) / abs(plan.importance or 1)
    wrong = "; IT CLAIMS A BETTER OPTIMUM" if short < -1e-6 or (other.optimal and short > 1e-6) else ""
    claim = "proven" if other.optimal else f"not proven ({other.note})"
    print(f"{'':24} milp {other.seconds:.1f} s, {short:.5f} % below exact, {claim}{wrong}", flush=True)


def against_everything(seeds: range) -> None:
    """Small random problems of every shape under one to three other limits, by trying every choice."""
    from tests.solve import test_several_limits as tests

    start, solved = time.perf_counter(), 0
    for seed in seeds:
        rng = np.random.default_rng(seed)
        others = 1 + seed % 3
        problem = tests.with_resources(seed, others)
        uses, importance = tests.all_uses(problem)
        with tests.as_large(seed % 2 == 0):
            at = uses[rng.integers(len(uses), size=others + 1), np.arange(others + 1)]
            between = uses.min(axis=0) + rng.random(others + 1) * np.ptp(uses, axis=0)
            limits = np.where(rng.random(others + 1) < 0.5, at, between)
            tests.same_as_brute_force(problem, uses, importance, limits)
            solved += 1
    print(f"{solved} random problems as by trying everything, {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
