"""Studies: `mdp studies`, and `mdp build`, which joins tables and scores (`mdp.Study`)."""

from dataclasses import dataclass

from .option import Options, option, required
from .shared import Made, Model

# Those of `mdp.core.counted`, which a test holds together.
BUDGETS = {
    "parameters": "parameters",
    "macs": "multiply-adds",
    "weight_memory": "memory of the weights",
}


@dataclass(frozen=True, kw_only=True)
class StudiesOptions(Options, command="studies"):
    """List the studies at hand, or rename or delete one."""

    json: bool = option(False, "print a list of objects")
    rename: tuple[str, ...] = option(
        (), "give one of your studies another name", words=("STUDY", "NAME"), one_of="change"
    )
    delete: str | None = option(None, "delete one of your studies", metavar="STUDY", one_of="change")


@dataclass(frozen=True, kw_only=True)
class BuildOptions(Model, command="build"):
    """Join tables and scores into a study."""

    tables: str | None = option(
        None,
        "made by `mdp profile`",
        metavar="FILE",
        label="Latency",
        one_of="budget",
    )
    budget_in: str | None = option(
        None, "without tables: budgets are of what can be counted", choices=BUDGETS, one_of="budget",
        label="Budget",
    )  # fmt: skip
    deployment: tuple[str, ...] = option(
        (), "tables of another runtime or device, to hold beside the others (again for another)",
        metavar="NAME=FILE",
    )  # fmt: skip
    scores: str = required(
        "made by `mdp score`, or a study whose scores to take", metavar="FILE", label="Importance"
    )
    name: str = required("the study's name, for people")
    out: str | None = option(None, "where to save it", metavar="FILE", absent="among the user's studies")


@dataclass(frozen=True, kw_only=True)
class CountOptions(Made, command="count"):
    """Count anew what a study's network uses: parameters, multiply-adds, activations. Measures nothing."""

    study: str = required("a study file or the name of a study", positional=True)
    out: str | None = option(None, "where to save it", metavar="FILE", absent="in its own place")
    json: bool = option(False, "print one JSON object")
