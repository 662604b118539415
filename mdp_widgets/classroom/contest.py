"""What a pupil's network is worth in the contest, priced by the server: a page's own score is not looked at.

100 points are the solver's own plan at that budget. A network above the budget is worth nothing, and said so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mdp.core.errors import Infeasible, MdpError
from mdp.core.plan import make_plan
from mdp.core.plan_accuracy import known_accuracy
from mdp.core.study import StudyRecord, list_studies, load_study
from mdp.plot import formats as fmt
from mdp.solve import solve

from .refused import Refused

# Points of a network as important as the solver's.
FULL = 100.0
# Seconds that the solver has for its own answer.
SOLVING = 20.0
# A share of dense that a round may ask for; above the last, everybody would win with the dense network.
LEAST, MOST = 0.05, 0.7


@dataclass(frozen=True)
class Priced:
    """One network as the server sees it.

    Attributes:
        points: from 0 to 100.
        latency, budget: in the study's unit.
        importance: a share of dense.
        accuracy: share of test images right, where the study knows it of this network.
        words: all of this in a sentence.
    """

    points: float
    latency: float
    budget: float
    importance: float
    accuracy: float | None
    words: str


def price(key: str, value: Any) -> Priced:
    """Price {"study", "choices", "removed"} at the budget of a round, `budget_share`.

    Raises:
        Refused: no such study or round, choices that it does not have, or a network above the budget.
    """
    if not isinstance(value, Mapping):
        raise Refused('A contest is answered with {"study", "choices", "removed"}.')
    study, share = contest_study(value.get("study")), budget_share(key, value)
    choices, removed = _choices(value.get("choices")), _removed(value.get("removed", []))
    problem = study.problem
    try:
        latency, importance = problem.evaluate(choices, removed)
    except MdpError as error:
        raise Refused(f"This network cannot be priced. {str(error)[:300]}", 422) from None
    budget = share * problem.dense_latency
    if latency > budget * (1 + 1e-9):
        over = fmt.ms(latency - budget, problem.latency_unit)
        raise Refused(
            f"This network takes {fmt.ms(latency, problem.latency_unit)}, {over} more than the budget of "
            f"{fmt.ms(budget, problem.latency_unit)}. Make something narrower, or take a block out.", 422,
        )  # fmt: skip
    best = _best(study.problem.fingerprint, share)
    points = FULL if best <= 0 else max(0.0, min(FULL, FULL * importance / best))
    plan = make_plan(problem, budget, choices, removed, solver="by hand", seconds=0.0)
    known = known_accuracy(study, plan, networks=False)
    seen = known.share if known is not None and not known.estimate else None
    kept = importance / (problem.dense_importance or 1.0)
    return Priced(round(points, 1), latency, budget, kept, seen, _words(study, points, latency, kept, seen))


def budget_share(key: str, value: Mapping[str, Any]) -> float:
    """The budget of a round as a share of dense: `value["budget"]`, or what the key ends with (`contest-40`).

    Raises:
        Refused: neither says one from 5 to 70 %.
    """
    share = value.get("budget")
    if share is None:
        tail = key.rsplit("-", 1)[-1].rstrip("%")
        share = int(tail) / 100 if tail.isascii() and tail.isdigit() and len(tail) <= 3 else None
    if isinstance(share, bool) or not isinstance(share, int | float) or not LEAST <= share <= MOST:
        raise Refused(f"The budget of a round is a share of dense from {LEAST} to {MOST}.")
    return round(float(share), 4)


def contest_study(name: Any) -> StudyRecord:
    """A study at hand, by its name or the name of its file; never by a path. Raises Refused."""
    found = {}
    for item in list_studies() if isinstance(name, str) else ():
        if "error" not in item:
            found.setdefault(item["name"], item["path"])
            found.setdefault(Path(item["path"]).stem, item["path"])
    if name not in found:
        raise Refused("There is no such study here. Use the one that the class works on.", 404)
    path = Path(found[name])
    study = _study(path, path.stat().st_mtime_ns)
    _known[study.problem.fingerprint] = study
    return study


_known: dict[str, StudyRecord] = {}


@lru_cache(maxsize=8)
def _study(path: Path, _changed: int) -> StudyRecord:
    return load_study(path)


@lru_cache(maxsize=256)
def _best(fingerprint: str, share: float) -> float:
    """The most importance within a budget, as the solver finds it. Raises Refused where nothing fits."""
    problem = _known[fingerprint].problem
    try:
        return solve(problem, share * problem.dense_latency, time_limit=SOLVING).importance
    except Infeasible as error:
        raise Refused(f"No network of this study is so fast. {error}", 422) from None


def _choices(choices: Any) -> dict[str, int | None]:
    right = isinstance(choices, Mapping) and all(
        isinstance(name, str) and (kept is None or type(kept) is int) for name, kept in choices.items()
    )
    if not right:
        raise Refused('"choices" says how many units of every dim are kept, as whole numbers.')
    return dict(choices)


def _removed(removed: Any) -> tuple[str, ...]:
    if not isinstance(removed, list) or not all(isinstance(name, str) for name in removed):
        raise Refused('"removed" is a list of blocks.')
    return tuple(dict.fromkeys(removed))


def _words(study: StudyRecord, points: float, latency: float, kept: float, accuracy: float | None) -> str:
    time = fmt.ms(latency, study.problem.latency_unit)
    seen = "" if accuracy is None else f" It gets {fmt.percent(accuracy)} of the test images right."
    return f"{fmt.percent(kept)} of the importance in {time}: {points:.0f} of {FULL:.0f} points.{seen}"
