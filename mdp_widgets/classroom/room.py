"""The state of one class. Pure: events come in, views go out; what is written where is `journal`'s and
`desk`'s.

An event is a JSON object, made here by `joining`, `answering` and `directing`, and applied by
`Room.apply`. Equal
events applied twice change nothing, so that a class can be built again from its journal.
"""

import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .answers import STEPS, Answer, as_text
from .limits import ANSWERS_EACH, BYTES, PUPILS
from .nicknames import clean, same_as, unique
from .refused import Refused

Event = Mapping[str, Any]
Asked = tuple[str, str]  # kind and key of a question


@dataclass
class Given:
    """The latest answer to one question.

    Attributes:
        points: what it is worth on the scoreboard, as the server judged it.
        late: a prediction that came after the reveal; it does not count.
        tries: how many different answers were given.
    """

    step: int
    value: Any
    points: float
    late: bool
    tries: int
    at: float


@dataclass
class Pupil:
    """Somebody in the class."""

    identity: str
    nickname: str
    at: float
    answers: dict[Asked, Given] = field(default_factory=dict)
    sent: int = 0
    step: int = 0

    @property
    def seen(self) -> float:
        """When they were last heard of."""
        return max([self.at, *(given.at for given in self.answers.values())])

    @property
    def score(self) -> float:
        return sum(given.points for given in self.answers.values())


class Room:
    """A class that runs.

    Attributes:
        pupils: by identity.
        step: where the teacher wants everybody, or None.
        revealed: steps whose answer was shown to all.
        clock: when the lesson began, in seconds since 1970, or None.
        version: grows with every change; a view made once serves until it does.
    """

    def __init__(self) -> None:
        self.pupils: dict[str, Pupil] = {}
        self.step: int | None = None
        self.revealed: set[int] = set()
        self.clock: float | None = None
        self.version = 0
        self.size = 0
        self._names: set[str] = set()

    def pupil(self, identity: Any) -> Pupil:
        """Raises Refused for somebody who is not in this class."""
        found = self.pupils.get(identity) if isinstance(identity, str) else None
        if found is None:
            raise Refused("You are not in this class any more. Join it with a nickname.", 410)
        return found

    # Events: each checks what was asked for and says what will be written; None where nothing changes.

    def joining(self, nickname: Any, now: float) -> Event:
        """Somebody comes in. Raises Refused for a name that cannot be shown, or a full class."""
        name = clean(nickname)
        if len(self.pupils) >= PUPILS:
            raise Refused(f"The class is full: {PUPILS} people are in it. Ask your teacher.", 429)
        found = unique(name, self._names)
        return {"event": "join", "at": now, "pupil": secrets.token_urlsafe(12), "nickname": found}

    def answering(self, answer: Answer, now: float, points: float = 0.0) -> Event | None:
        """An answer, worth `points`; None for the same answer again.

        Raises:
            Refused: somebody who is not there, or who has sent more than a lesson has.
        """
        pupil = self.pupil(answer.pupil)
        before = pupil.answers.get((answer.kind, answer.key))
        if before is not None and before.value == answer.value and type(before.value) is type(answer.value):
            return None
        if pupil.sent >= ANSWERS_EACH:
            raise Refused(f"You have sent {ANSWERS_EACH} answers, which is all that this class takes.", 429)
        if self.size >= BYTES:
            raise Refused("This class has sent more than it can hold. Ask your teacher to end it.", 507)
        late = answer.kind == "prediction" and answer.step in self.revealed
        return {
            "event": "answer", "at": now, "pupil": answer.pupil, "step": answer.step, "kind": answer.kind,
            "key": answer.key, "value": answer.value, "points": points, "late": late,
        }  # fmt: skip

    def directing(self, action: Any, data: Mapping[str, Any], now: float) -> Event:
        """What the teacher does: "pace" with a step or None, "reveal" a step, "clock" on or off, "remove"
        a pupil.

        Raises:
            Refused: it is none of these.
        """
        step = data.get("step")
        if action in ("pace", "reveal") and not (type(step) is int and step in STEPS):
            if action == "reveal" or step is not None:
                raise Refused("Say which step, as a whole number.")
        if action == "pace" or action == "reveal":
            return {"event": action, "at": now, "step": step}
        if action == "clock":
            return {"event": "clock", "at": now, "on": bool(data.get("on", True))}
        if action == "remove":
            return {"event": "remove", "at": now, "pupil": self.pupil(data.get("pupil")).identity}
        raise Refused("This is nothing that a class can do.")

    def apply(self, event: Event, size: int = 0) -> None:
        """Take an event in; `size` is how many bytes it is in the journal."""
        self.version += 1
        self.size += size
        kind = event["event"]
        if kind == "join":
            self.pupils.setdefault(event["pupil"], Pupil(event["pupil"], event["nickname"], event["at"]))
            self._names.add(same_as(event["nickname"]))
        elif kind == "answer" and event["pupil"] in self.pupils:
            self._take(self.pupils[event["pupil"]], event)
        elif kind == "pace":
            self.step = event["step"]
        elif kind == "reveal":
            self.revealed.add(event["step"])
        elif kind == "clock":
            self.clock = event["at"] if event["on"] else None
        elif kind == "remove":
            gone = self.pupils.pop(event["pupil"], None)
            if gone is not None:
                self._names.discard(same_as(gone.nickname))

    def _take(self, pupil: Pupil, event: Event) -> None:
        asked = event["kind"], event["key"]
        before = pupil.answers.get(asked)
        pupil.sent += 1
        pupil.step = event["step"]
        points = event["points"]
        if before is not None:
            if event["late"] and not before.late:
                return  # the last one before the reveal stands
            if event["kind"] == "contest":
                if points < before.points:  # the best one stands
                    before.tries += 1
                    return
        tries = before.tries + 1 if before is not None else 1
        pupil.answers[asked] = Given(event["step"], event["value"], points, event["late"], tries, event["at"])

    # Views.

    def scoreboard(self) -> list[dict[str, Any]]:
        """Nicknames and scores, the best first."""
        rows = [(round(p.score, 1), p.nickname) for p in self.pupils.values()]
        rows.sort(key=lambda row: (-row[0], same_as(row[1])))
        return [
            {"nickname": name, "score": int(score) if score == int(score) else score} for score, name in rows
        ]

    def spread(self, kind: str = "prediction") -> dict[str, dict[str, int]]:
        """How often each value was given to each question of a kind."""
        found: dict[str, Counter[str]] = {}
        for pupil in self.pupils.values():
            for (given_kind, key), given in pupil.answers.items():
                if given_kind == kind and not given.late:
                    found.setdefault(key, Counter())[as_text(given.value)] += 1
        return {key: dict(count.most_common()) for key, count in found.items()}

    def seen_by_pupils(self) -> dict[str, Any]:
        """What everybody in the class may know."""
        return {
            "running": True,
            "step": self.step,
            "revealed": sorted(self.revealed),
            "scoreboard": self.scoreboard(),
            "spread": self.spread(),
        }

    def seen_by_teacher(self, now: float) -> dict[str, Any]:
        """The same, and who is where."""
        people = [
            {
                "pupil": p.identity, "nickname": p.nickname, "step": p.step, "score": p.score,
                "answers": len(p.answers), "since": max(0.0, now - p.seen),
                "asked": sorted(key for (kind, key) in p.answers if kind == "prediction"),
            }
            for p in self.pupils.values()
        ]  # fmt: skip
        elapsed = None if self.clock is None else max(0.0, now - self.clock)
        return {**self.seen_by_pupils(), "checks": self.spread("check"), "people": people, "elapsed": elapsed}
