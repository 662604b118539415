"""Plans for budgets: `study.solve`, `study.front`, `mdp solve`, `mdp front`, `mdp iterate`."""

from dataclasses import dataclass

from .option import Options, option, required
from .shared import MOST_SEED, PINS, Computing, Images

FILE = "a problem file, a study file, or the name of a study"
# Those of `mdp.solve.SOLVERS`; a test holds them together.
RIVALS = ("halp", "nvit", "isomorphic", "uniform", "blocks-only", "greedy", "random")
SOLVERS = ("exact", "milp", "mindtpy", "mindtpy-fp", *RIVALS)


@dataclass(frozen=True, kw_only=True)
class SolveOptions(Options, command="solve"):
    """The best plan for a latency budget."""

    file: str = required(FILE, positional=True)
    budget: str = required("in the problem's unit (12.5) or a share of dense (40%)")
    solver: str = option(
        "exact", "who solves it; those after mindtpy-fp are rivals", choices=SOLVERS, closed=False
    )
    pins: str = option("", PINS)
    time_limit: float | None = option(None, "seconds, by default 60 (mindtpy 300); inf for none")
    out: str | None = option(None, "also write the plan to this file")
    json: bool = option(False, "print one JSON object")


@dataclass(frozen=True, kw_only=True)
class FrontOptions(Options, command="front"):
    """The Pareto front: the best plan at many budgets."""

    file: str = required(FILE, positional=True)
    budgets: str = option("20", "how many, evenly spaced up to dense; or a list: 30%,40%,12.5")
    json: bool = option(False, "print one JSON object: points and supported points")


@dataclass(frozen=True, kw_only=True)
class IterateOptions(Computing, Images, command="iterate"):
    """Prune in steps down to a budget, importance scored anew after each."""

    study: str = required("a study file or the name of a study", positional=True)
    budget: str = required("in ms (12.5) or a share of dense (40%)")
    steps: int = option(5, "down to the budget; 1 is one shot", least=1)
    schedule: str = option("geometric", "how budgets fall", choices=("geometric", "linear"))
    images: int = option(512, "training images per scoring", least=1)
    batch: int = option(16, "images per batch", least=1)
    seed: int = option(0, "which images; every step takes others", least=0, most=MOST_SEED)
    name: str | None = option(None, "of the study that holds the last scores")
    out: str | None = option(None, "save that study there", metavar="FILE", absent="the user's studies")
    plan: str | None = option(None, "save the plan there", metavar="FILE", absent="beside the study")
    json: bool = option(False, "print one JSON object")
