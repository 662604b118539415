"""Single cuts of a dense network, what each costs by the study's importance, and what was measured of it.

`sensitivity.json` beside this file holds measured accuracies of the shipped networks, by the fingerprint of
the study's problem: `python -m benchmarks.sensitivity` makes it. A study that is not in it has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mdp.core.files import read_json
from mdp.core.problem import Problem
from mdp.core.study import StudyRecord

MEASURED = Path(__file__).with_name("data") / "sensitivity.json"


@dataclass(frozen=True)
class Move:
    """One cut, all else dense.

    Attributes:
        name: of the dim or the block, or "all KIND" where every dim of a kind is cut alike.
        what: the kind of dim, or "block".
        choices, removed: the plan that it is.
        latency: left, as a share of dense.
        lost: importance lost, as a share of dense.
        accuracy: share of test images right as cut, measured; None where it was not.
    """

    name: str
    what: str
    choices: Mapping[str, int]
    removed: tuple[str, ...]
    latency: float
    lost: float
    accuracy: float | None = None


def half(problem: Problem, dim: str, share: float = 0.5) -> int:
    """The option of a dim nearest to a share of its dense width."""
    options = problem.dim[dim].options
    return min(options, key=lambda o: abs(o - share * options[-1]))


def single_moves(study: StudyRecord) -> tuple[Move, ...]:
    """Every dim at half of its width, and every removable block gone, each alone."""
    problem = study.problem
    dims = [_move(study, d.name, d.kind, {d.name: half(problem, d.name)}, ()) for d in problem.dims]
    blocks = [_move(study, b.name, "block", {}, (b.name,)) for b in problem.blocks if b.removable]
    return tuple(dims + blocks)


def kind_moves(study: StudyRecord) -> tuple[Move, ...]:
    """All dims of one kind at half of their width, a move for each kind."""
    problem, found = study.problem, []
    for kind in dict.fromkeys(d.kind for d in problem.dims):
        cut = {d.name: half(problem, d.name) for d in problem.dims if d.kind == kind}
        found.append(_move(study, f"all {kind}", kind, cut, ()))
    return tuple(found)


def _move(study: StudyRecord, name: str, what: str, cut: Mapping[str, int], gone: tuple[str, ...]) -> Move:
    problem = study.problem
    choices = problem.dense_choices | dict(cut)
    latency, importance = problem.evaluate(choices, gone)
    lost = 1 - importance / (problem.dense_importance or 1.0)
    share = latency / problem.dense_latency
    return Move(name, what, choices, gone, share, lost, measured(study).get(name))


def measured(study: StudyRecord) -> Mapping[str, float]:
    """Accuracy by the name of the move; {} for a study whose moves were not measured."""
    return told(study).get("moves", {})


def told(study: StudyRecord) -> Mapping[str, Any]:
    """What the file says of a study: dense, images, moves; {} where it says nothing."""
    return _file().get(study.problem.fingerprint, {})


@cache
def _file() -> Mapping[str, Any]:
    return read_json(MEASURED, "file of measured cuts")["studies"]
