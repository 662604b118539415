"""What a pupil's network is worth in the contest, priced by the server: a page's own score is not looked at.

The rounds are those of the course (`teach.contest`). 100 points are a network as important as the
solver's own plan. A network above the budget is worth nothing, and said so.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mdp.core.errors import MdpError
from mdp.core.plan import make_plan, within
from mdp.core.plan_accuracy import known_accuracy
from mdp.core.study import StudyRecord, list_studies, load_study
from mdp.core.words import many
from mdp.plot import formats as fmt

from ..teach.contest.impossible import impossible, why
from ..teach.contest.rounds import Round, first_round, parameters_of, second_round
from ..teach.contest.worth import FULL, points, whole
from ..teach.quiz import FIRST, LATER, Quiz, judge
from .lesson import class_study
from .measuring import Network
from .refused import Refused

# Rounds with sliders, and the one that asks why nothing fits.
MADE = {"contest-1": first_round, "contest-2": second_round}
ASKED = "contest-3"


@dataclass(frozen=True)
class Priced:
    """One answer to a round as the server sees it.

    Attributes:
        points: from 0 to 100.
        latency: in the study's unit; None for the round that asks.
        importance: a share of dense; None likewise.
        accuracy: share of test images right, where the study knows it of this very network.
        words: all of this in a sentence.
    """

    points: float
    latency: float | None
    importance: float | None
    accuracy: float | None
    words: str


def prepare() -> None:
    """Find the solver's plans for the rounds on the class's study, before a whole class waits for them."""
    study = class_study()
    if study is not None and study.path is not None:
        with suppress(Refused):
            for name in MADE:
                round_in(contest_study(study.path.stem), name)


def round_of(key: str) -> str:
    """The round that an answer counts for: a key that is no round's counts for the first."""
    return key if key in MADE or key == ASKED else next(iter(MADE))


def price(key: str, value: Any, tries: int = 0, asked_of: str = "") -> Priced:
    """Price an answer to a round after so many others: {"study", "choices", "removed"}, or for the third
    round one of its answers, to the question made of the study `asked_of`, "" for the class's own.

    Raises:
        Refused: no such study, choices that it does not have, or a network above the budget.
    """
    if key == ASKED:
        return _asked(value, tries, asked_of)
    if not isinstance(value, Mapping):
        raise Refused('A contest is answered with {"study", "choices", "removed"}.')
    study = contest_study(value.get("study"))
    round_ = round_in(study, round_of(key))
    choices, removed = _choices(value.get("choices"), study), _removed(value.get("removed", []))
    problem = study.problem
    try:
        latency, importance = problem.evaluate(choices, removed)
        used = parameters_of(study, whole(study, choices), removed) if round_.parameters is not None else None
    except MdpError as error:
        raise Refused(f"This network cannot be priced. {str(error)[:300]}", 422) from None
    _check_limits(study, round_, latency, used)
    plan = make_plan(problem, round_.budget, choices, removed, solver="by hand", seconds=0.0)
    known = known_accuracy(study, plan, networks=False)
    seen = known.share if known is not None and not known.estimate else None
    kept = importance / (problem.dense_importance or 1.0)
    worth = points(importance, round_.answer.plan.importance)
    time = fmt.ms(latency, problem.latency_unit)
    words = f"{fmt.percent(kept)} of the importance in {time}: {worth} of {FULL} points."
    if seen is not None:
        words += f" It gets {fmt.percent(seen)} of the test images right."
    return Priced(worth, latency, kept, seen, words)


def handed(key: str, value: Any) -> tuple[StudyRecord, Network, Network]:
    """The study, a pupil's network and the solver's of a round with sliders.

    Raises:
        Refused: it is no answer to such a round.
    """
    if key not in MADE or not isinstance(value, Mapping):
        raise Refused("Only a network can be measured.")
    study = contest_study(value.get("study"))
    answer = round_in(study, key).answer.plan
    mine = Network.of(study, _choices(value.get("choices"), study), _removed(value.get("removed", [])))
    return study, mine, Network.of(study, answer.choices, answer.removed_blocks)


def _check_limits(study: StudyRecord, round_: Round, latency: float, used: float | None) -> None:
    unit = study.problem.latency_unit
    if not within(latency, round_.budget):
        raise Refused(
            f"This network takes {fmt.ms(latency, unit)}, {fmt.ms(latency - round_.budget, unit)} "
            f"more than the "
            f"budget of {fmt.ms(round_.budget, unit)}. Make something narrower, or take a block out.",
            422,
        )
    if used is not None and round_.parameters is not None and not within(used, round_.parameters):
        raise Refused(
            f"This network has {fmt.percent(used)} of the parameters, more than the "
            f"{fmt.percent(round_.parameters)} "
            "of this round.",
            422,
        )


def _asked(value: Any, tries: int, of: str) -> Priced:
    if not isinstance(value, str):
        raise Refused("This round is answered with one of the answers that it offers.")
    study = contest_study(of) if of else class_study()
    quiz = question(study) if study is not None else None
    right = quiz is not None and judge(quiz, value).state == "right"
    worth = (LATER if tries else FIRST) if right else 0
    return Priced(worth, None, None, None, f"{many(worth, 'point')}.")


def contest_study(name: Any) -> StudyRecord:
    """A study at hand, by its name or the name of its file; never by a path. Raises Refused."""
    found: dict[str, str] = {}
    for item in list_studies() if isinstance(name, str) else ():
        if "error" not in item:
            found.setdefault(Path(item["path"]).stem, item["path"])
            found.setdefault(item["name"], item["path"])
    if not isinstance(name, str) or name not in found:
        raise Refused("There is no such study here. Use the one that the class works on.", 404)
    path = Path(found[name])
    try:
        study = _study(path, path.stat().st_mtime_ns)
    except (MdpError, OSError) as error:
        raise Refused(f"The study cannot be used. {error}", 404) from None
    _remember(study)
    return study


_known: dict[str, StudyRecord] = {}


def _remember(study: StudyRecord) -> None:
    """Keep the latest few by their fingerprint, which is what answers are kept under."""
    _known.pop(study.problem.fingerprint, None)
    _known[study.problem.fingerprint] = study
    while len(_known) > 8:
        del _known[next(iter(_known))]


@lru_cache(maxsize=8)
def _study(path: Path, _changed: int) -> StudyRecord:
    return load_study(path)


def round_in(study: StudyRecord, name: str) -> Round:
    """A round on a study, made once. Raises Refused where it cannot be played."""
    try:
        return _made(study.problem.fingerprint, name)
    except MdpError as error:
        raise Refused(f"This round cannot be played on {study.name!r}. {error}", 422) from None


@lru_cache(maxsize=16)
def _made(fingerprint: str, name: str) -> Round:
    return MADE[name](_known[fingerprint])


def question(study: StudyRecord) -> Quiz | None:
    """The third round's question on a study; None where it has no three wishes."""
    _remember(study)
    return _why(study.problem.fingerprint)


@lru_cache(maxsize=4)
def _why(fingerprint: str) -> Quiz | None:
    problem = _known[fingerprint].problem
    found = impossible(problem)
    return why(problem, found) if found is not None else None


def _choices(choices: Any, study: StudyRecord) -> dict[str, int | None]:
    right = isinstance(choices, Mapping) and all(
        isinstance(name, str) and (kept is None or type(kept) is int) for name, kept in choices.items()
    )
    if not right:
        raise Refused('"choices" says how many units of every dim are kept, as whole numbers.')
    if stranger := next((name for name in choices if name not in study.problem.dim), None):
        raise Refused(f"The network has no dim {stranger[:60]!r}.", 422)
    return dict(choices)


def _removed(removed: Any) -> tuple[str, ...]:
    if not isinstance(removed, list) or not all(isinstance(name, str) for name in removed):
        raise Refused('"removed" is a list of blocks.')
    return tuple(dict.fromkeys(removed))
