"""`python -m benchmarks.methods`: every method on every network, as cut, as repaired, and measured in time.

For each study: the plan of every solver and every corner of the ablation at each budget, its predicted and
its measured latency, its accuracy on the test images as cut and as repaired, with several seeds of the images
that the repair learns from; with `--tune` also fine-tuned, and with `--iterate` pruned in steps. One JSON
file a study, in `data/comparisons`, from which the page's figure and `python -m tools.methods_page` are made.
A run that was cut off goes on; of other tables or scores it begins anew.
"""

import argparse
import dataclasses
import time
from pathlib import Path

from mdp.core.comparison import Comparison, MethodPoint, path_of, read_comparison, write_comparison
from mdp.core.errors import BadFile, Infeasible, MdpError
from mdp.core.paths import SHIPPED, data_dir
from mdp.core.progress import Reporter
from mdp.core.study import load_study
from mdp.datasets import find
from mdp.latency.device import cpu_name
from mdp.solve import CORNERS, SOLVERS, solve

from . import methods_more, torch_pruning_rival

STUDIES = (
    "fmnist-vit-cpu", "fmnist-resnet-cpu", "cifar-resnet20-cpu", "cifar-vit-cpu", "efficientnet-lite0-cpu",
)  # fmt: skip
SLOW = ("milp", "mindtpy", "mindtpy-fp")  # other ways to the same optimum
METHODS = (*(name for name in SOLVERS if name not in SLOW), *(corner.name for corner in CORNERS[:-1]))
BUDGETS = "80,60,50,40,30,20"


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.methods",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("studies", nargs="*", default=list(STUDIES))
    parser.add_argument(
        "--data", action="append", default=[], metavar="STUDY=FOLDER",
        help="images of a study that needs other than Fashion-MNIST; FOLDER alone for all",
    )  # fmt: skip
    parser.add_argument("--budgets", default=BUDGETS, help=f"per cent of dense (default {BUDGETS})")
    parser.add_argument("--methods", default="all", help="with commas or ; between, or all")
    parser.add_argument("--seeds", type=int, default=3, help="of the images to repair with (default 3)")
    parser.add_argument("--calibration", type=int, default=1000, help="images to repair with; 0: none")
    parser.add_argument("--images", type=int, help="test images (default: all)")
    parser.add_argument("--device", default="cpu", help="for accuracy; latency is that of the study's device")
    parser.add_argument("--seconds", type=float, default=120, help="to time one study's networks; 0: not now")
    parser.add_argument("--tune", default="", help="methods to fine-tune, such as exact,halp,isomorphic,nvit")
    parser.add_argument("--tune-budgets", default="60,40,25", help="per cent (default 60,40,25)")
    parser.add_argument("--tune-images", type=int, default=20_000, help="to fine-tune on (default 20000)")
    parser.add_argument("--recipe", default="quick", help="to fine-tune with")
    parser.add_argument("--iterate", type=int, default=0, metavar="STEPS", help="also prune in so many steps")
    parser.add_argument("--torch-pruning", action="store_true", help="also Torch-Pruning itself")
    parser.add_argument("--out", type=Path, default=SHIPPED / "comparisons", help="folder of the JSON files")
    args = parser.parse_args(argv)
    for name in args.studies:
        try:
            run(name, args)
        except MdpError as error:
            print(f"{name}: {error}", flush=True)


def run(name: str, args: argparse.Namespace) -> None:
    """Measure what is missing of one study; every number is kept at once."""
    study, source = load_study(name), find(data_of(name, args.data))
    work = Work(study, source, args)
    work.solve(wanted_methods(args.methods), per_cent(args.budgets))
    if args.iterate:
        methods_more.iterated(work, per_cent(args.budgets), args.iterate)
    work.time()
    work.measure()
    if args.torch_pruning:
        torch_pruning_rival.add(work, per_cent(args.budgets))
    if args.tune:
        methods_more.tune(work, args.tune.split(","), per_cent(args.tune_budgets))
    print(f"{name}: {len(work.known.points)} points in {work.path}", flush=True)


class Work:
    """What is known of one study's methods, kept after every step."""

    def __init__(self, study, source, args):
        from mdp.training.plan_meter import PlanMeter

        self.study, self.source, self.args = study, source, args
        self.path = path_of(study, args.out)
        self.meter_of = lambda seed, of=study, device=args.device: PlanMeter(
            of, source, images=args.images, calibration=args.calibration, seed=0 if seed is None else seed,
            device=device,
        )  # fmt: skip
        self.known = self._found()

    def _found(self) -> Comparison:
        try:
            found = read_comparison(self.path)
        except BadFile:
            found = None
        images = min(self.args.images or len(self.source.test), len(self.source.test))
        if found and found.fingerprint == self.study.problem.fingerprint and found.images == images:
            return found
        if found:
            say(f"{self.study.name}: what was measured before is of other tables, scores or images.")
        return Comparison(
            self.study.name, self.study.problem.fingerprint, images, 0.0, data=words_of(self.source)
        )

    def keep(self, **changed) -> None:
        self.known = dataclasses.replace(self.known, **changed)
        write_comparison(self.path, self.known)

    def put(self, *new: MethodPoint) -> None:
        """In place of what was known of the same method and budget."""
        same = {(p.method, p.budget) for p in new}
        kept = [p for p in self.known.points if (p.method, p.budget) not in same]
        self.keep(
            points=tuple(sorted((*kept, *new), key=lambda p: (order_of(p.method), p.method, -p.budget)))
        )

    def has(self, method: str, budget: float) -> bool:
        there = any((p.method, p.budget) == (method, budget) for p in self.known.points)
        return there or budget in self.known.nothing.get(method, ())

    def solve(self, methods, budgets) -> None:
        problem = self.study.problem
        for method in methods:
            for budget in budgets:
                if self.has(method, budget):
                    continue
                plan = plan_of(problem, budget * problem.dense_latency, method)
                if plan is None:
                    nothing = {**self.known.nothing}
                    nothing[method] = (*nothing.get(method, ()), budget)
                    self.keep(nothing=nothing)
                else:
                    self.put(
                        MethodPoint(
                            method, budget, plan.latency, choices=plan.choices, removed=plan.removed_blocks
                        )
                    )

    def time(self) -> None:
        """The latency of every network that was not timed, and of the dense one."""
        from mdp.latency.whole_plans import measured_plans
        from mdp.surgery import find_in

        missing = [p for p in self.known.points if p.measured is None and p.choices]
        if not self.args.seconds or (not missing and self.known.dense_measured is not None):
            return
        if self.timed_elsewhere():
            say(f"{len(missing)} networks keep the latency of the tables.")
            return
        say(f"{self.study.name}: timing {len(missing)} networks")
        plans = [(self.study.problem.dense_choices, ()), *((p.choices, p.removed) for p in missing)]
        try:
            times, where = measured_plans(
                self.study, find_in(self.study), plans, seconds=self.args.seconds, report=Reporter()
            )
        except MdpError as error:
            say(f"{self.study.name}: latency was not measured: {error}")
            return
        self.put(
            *(
                dataclasses.replace(p, measured=ms and round(ms, 4))
                for p, ms in zip(missing, times[1:], strict=True)
            )
        )
        self.keep(dense_measured=times[0], device=f"{where.device}, batch {where.batch}, {where.dtype}")

    def timed_elsewhere(self) -> bool:
        """Whether latencies are known of another processor than this one, and say so: they are not mixed."""
        here = cpu_name().partition(" (")[0]
        if not self.known.device or here in self.known.device:
            return False
        say(f"{self.study.name}: its networks were timed on {self.known.device}, and this is {here}.")
        return True

    def measure(self) -> None:
        """Accuracy of every plan with every seed; of equal plans once."""
        for seed in range(self.args.seeds if self.args.calibration else 1):
            meter = None
            for point in [p for p in self.known.points if p.choices and not p.method.startswith("iterated")]:
                if point.cut is not None and (len(point.repaired) > seed or not self.args.calibration):
                    continue
                twin = next((p for p in self.known.points if is_twin(p, point, seed)), None)
                if twin is not None:
                    self.put(dataclasses.replace(point, cut=twin.cut, repaired=twin.repaired[: seed + 1]))
                    continue
                if meter is None:
                    meter = self.meter_of(seed)
                    self.keep(dense=meter.dense)
                start = time.perf_counter()
                one = meter.measure(point.choices, point.removed, method=point.method)
                better = one.cut if one.repaired is None else max(one.cut, one.repaired)
                repaired = (*point.repaired, better) if self.args.calibration else ()
                self.put(dataclasses.replace(point, cut=one.cut, repaired=repaired))
                say(
                    f"{self.study.name} seed {seed}: {point.method} at {100 * point.budget:.0f} %: "
                    f"{100 * one.cut:.1f} -> {100 * better:.1f} ({time.perf_counter() - start:.0f} s)"
                )


def words_of(source) -> str:
    """What the images are, without a folder of this machine."""
    return f"{source.name}: {len(source.train):,} training and {len(source.test):,} test images"


def is_twin(other: MethodPoint, point: MethodPoint, seed: int) -> bool:
    """Whether the same plan was measured already, with this seed, for another method."""
    return (
        len(other.repaired) > seed
        and not other.method.startswith("iterated")
        and (other.choices, other.removed) == (point.choices, point.removed)
    )


def plan_of(problem, budget: float, method: str):
    """The plan of one method for a budget; None where it finds none that fits the true tables."""
    try:
        corner = next((c for c in CORNERS[:-1] if c.name == method), None)
        if corner is None:
            return solve(problem, budget, method)
        plan = solve(corner.problem(problem), budget)
        latency, _ = problem.evaluate(plan.choices, plan.removed_blocks)
        return dataclasses.replace(plan, latency=latency) if latency <= budget * (1 + 1e-9) else None
    except (Infeasible, MdpError):
        return None


def data_of(name: str, given: list[str]) -> str:
    """The images of a study. Raises MdpError where it needs a folder that was not given."""
    for one in given:
        study, separator, folder = one.partition("=")
        if not separator or study == name:
            return folder if separator else one
    if not name.startswith("fmnist"):
        raise MdpError(f"its images do not come along. Give them: --data {name}=FOLDER")
    return "fashion-mnist"


def per_cent(text: str) -> list[float]:
    return [float(part) / 100 for part in text.split(",") if part.strip()]


def wanted_methods(text: str) -> list[str]:
    return list(METHODS) if text == "all" else [m for m in text.split(";" if ";" in text else ",") if m]


def order_of(method: str) -> int:
    return METHODS.index(method) if method in METHODS else len(METHODS)


def say(text: str) -> None:
    print(text, flush=True)


def tuned_folder(study: str, method: str, budget: float) -> Path:
    """Where a fine-tuned network of the comparison is kept, and found again by a run that goes on."""
    slug = "".join(c if c.isalnum() else "-" for c in method)
    return data_dir() / "user" / "comparisons" / "networks" / f"{study}-{slug}-{round(100 * budget)}"


if __name__ == "__main__":
    main()
