"""Plans for budgets: `study.solve`, `study.front`, `mdp solve`, `mdp front`, `mdp iterate`."""

from dataclasses import dataclass

from .option import option, required
from .shared import DEVICES, FASHION, MOST_SEED, PINS, Computing, Images, Limited, Made

CHOICE = "with --candidates"  # a section of the command's help
FILE = "a problem file, a study file, or the name of a study"
# Those of `mdp.solve.SOLVERS`; a test holds them together.
RIVALS = ("halp", "nvit", "isomorphic", "uniform", "blocks-only", "greedy", "random")
SOLVERS = ("exact", "milp", "mindtpy", "mindtpy-fp", *RIVALS)


@dataclass(frozen=True, kw_only=True)
class SolveOptions(Made, Limited, command="solve"):
    """The best plan for a budget: of latency, or of whatever the study budgets."""

    file: str = required(FILE, positional=True)
    budget: str | None = option(
        None, "in the problem's unit (12.5, 12M) or a share of dense (40%)", absent="only the limits hold"
    )
    solver: str = option(
        "exact", "who solves it; those after mindtpy-fp are rivals", choices=SOLVERS, closed=False
    )
    pins: str = option("", PINS)
    time_limit: float | None = option(None, "seconds, by default 60 (mindtpy 300); inf for none")
    out: str | None = option(None, "also write the plan to this file")
    json: bool = option(False, "print one JSON object")
    candidates: int | None = option(
        None, "repair and measure so many plans near the optimum, and take the most accurate", least=1,
        metavar="N", absent="only the optimum", section=CHOICE,
    )  # fmt: skip
    data: str = option(FASHION, "data set, or folder of class folders", section=CHOICE)
    images: int = option(
        4000, "test images: one half to choose on, the other to say the accuracy on", least=2, section=CHOICE
    )
    seed: int = option(0, "which images", least=0, most=MOST_SEED, section=CHOICE)
    device: str = option("auto", "where to compute", choices=DEVICES, closed=False, section=CHOICE)


@dataclass(frozen=True, kw_only=True)
class FrontOptions(Limited, command="front"):
    """The Pareto front: the best plan at many budgets."""

    file: str = required(FILE, positional=True)
    budgets: str = option("20", "how many, evenly spaced up to dense; or a list: 30%,40%,12.5")
    over: str | None = option(
        None, "what the front is over: parameters, macs, weight_memory, or another resource that is known",
        metavar="NAME", absent="latency",
    )  # fmt: skip
    budget: str | None = option(
        None, "with --over: the most latency, in the problem's unit or as a share of dense (40%)",
        absent="any",
    )  # fmt: skip
    json: bool = option(False, "print one JSON object: points and supported points")


@dataclass(frozen=True, kw_only=True)
class IterateOptions(Made, Computing, Images, Limited, command="iterate"):
    """Prune in steps down to a budget, importance scored anew after each."""

    study: str = required("a study file or the name of a study", positional=True)
    budget: str = required("in ms (12.5) or a share of dense (40%)")
    steps: int = option(5, "down to the budget; 1 is one shot", least=1, most=1000)
    schedule: str = option("geometric", "how budgets fall", choices=("geometric", "linear"))
    repair: bool = option(True, "fit what is left to the dense network before it is scored again")
    images: int = option(512, "training images per scoring", least=1)
    batch: int = option(16, "images per batch", least=1)
    seed: int = option(0, "which images; every step takes others", least=0, most=MOST_SEED)
    name: str | None = option(None, "of the study that holds the last scores")
    out: str | None = option(None, "save that study there", metavar="FILE", absent="the user's studies")
    plan: str | None = option(None, "save the plan there", metavar="FILE", absent="beside the study")
    json: bool = option(False, "print one JSON object")
