"""What the class sees of the networks that were handed in: points, and accuracy as the server measured it."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from mdp.core.plan_accuracy import known_of
from mdp.core.study import StudyRecord
from mdp.plot import formats as fmt
from mdp.plot.accuracy_words import IN_WORDS

from .contest import MADE, handed
from .measuring import Measuring, Network, Seen
from .refused import Refused
from .room import Pupil, Room

Networks = tuple[StudyRecord, Network, Network]  # the study, the pupil's and the solver's
Find = Callable[[str, Any], Networks]


class HandedIn:
    """Over one Measuring. Asking for a network's accuracy is what has it measured.

    Args:
        pool: reads studies and solves rounds; nothing of it is done while the server answers.
        find: the networks of an answer to a round; raises Refused.
    """

    def __init__(self, measuring: Measuring, pool: ThreadPoolExecutor, find: Find = handed):
        self.measuring, self._pool, self._find = measuring, pool, find
        self._networks: dict[tuple[str, str], tuple[Any, Future[Networks | None]]] = {}

    def told(self, pupil: Pupil) -> dict[str, str]:
        """A sentence for each round that a pupil has played, by its key; none where nothing can be said."""
        pairs = ((key, self._seen(pupil, key)) for key in MADE)
        return {key: words for key, seen in pairs if seen and (words := measured_words(*seen))}

    def table(self, room: Room) -> list[dict[str, Any]]:
        """Who handed in what, for the teacher and the room; accuracies are shares, None while unknown."""
        lines = []
        for pupil in room.pupils.values():
            for number, key in enumerate(MADE, 1):
                given, seen = pupil.answers.get(("contest", key)), self._seen(pupil, key)
                if given is not None:
                    mine, its = (one.found.best if one.found else None for one in seen or (Seen(), Seen()))
                    lines.append({
                        "nickname": pupil.nickname, "round": number, "points": given.points,
                        "accuracy": mine, "solver": its,
                    })  # fmt: skip
        return sorted(lines, key=lambda line: (line["round"], -(line["accuracy"] or 0), -line["points"]))

    def _seen(self, pupil: Pupil, key: str) -> tuple[Seen, Seen] | None:
        given = pupil.answers.get(("contest", key))
        if given is None:
            return None
        before = self._networks.get((pupil.identity, key))
        if before is None or before[0] is not given.value:
            before = given.value, self._pool.submit(self._found, key, given.value)
            self._networks[pupil.identity, key] = before
        if not before[1].done() or (found := before[1].result()) is None:
            return None
        study, mine, its = found
        # The solver's first: everybody is compared with it.
        other = self.measuring.look(("", study.path, key), study, its)
        return self.measuring.look((pupil.identity, key), study, mine), other

    def _found(self, key: str, value: Any) -> Networks | None:
        try:
            return self._find(key, value)
        except Refused:
            return None

    def forget(self) -> None:
        """The class has ended."""
        self._networks.clear()
        self.measuring.end()


def measured_words(mine: Seen, its: Seen) -> str:
    """`Measured by the server on 2,000 test images: …`; "" where networks cannot be measured here."""
    if mine.found is None:
        if mine.problem:
            return ""
        return (
            "Your network is being cut, repaired and measured by the server."
            if mine.before == 0
            else f"Your network waits to be measured by the server, {mine.before} before it."
        )
    known = known_of(mine.found)
    words = (
        f"Measured by the server on {known.images:,} test images: your best network of this round is right "
        f"on {fmt.percent(known.share)} ({IN_WORDS[known.stage]})"
    )
    if its.found is None:
        return f"{words}."
    gap = 100 * (its.found.best - known.share)
    verdict = "as many" if abs(gap) < 0.05 else f"{abs(gap):.1f} points {'more' if gap > 0 else 'fewer'}"
    return f"{words}, the solver's on {fmt.percent(its.found.best)}: {verdict}."
