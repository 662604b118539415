"""The journal of a class: one JSON object a line, appended and flushed to the disk before anybody is told
that an answer was accepted. What a kill left half written is dropped when it is read again.
"""

import base64
import contextlib
import json
import os
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdp.core.errors import MdpError
from mdp.core.paths import data_dir

from .answers import STEPS, read_answer
from .nicknames import clean
from .refused import Refused
from .room import Event, Room

# Far above what any answer is worth.
MOST_POINTS = 1000
# Hours after which a class that nobody ended, and in which nothing happened, is over.
FORGOTTEN = 12
_FIELDS = {
    "join": {"pupil": str, "nickname": str},
    "answer": {"pupil": str, "step": int, "kind": str, "key": str, "points": (int, float), "late": bool},
    "pace": {},
    "reveal": {"step": int},
    "clock": {"on": bool},
    "remove": {"pupil": str},
}


@dataclass(frozen=True)
class Keys:
    """What a class keeps over a restart, so that open pages and links go on working.

    Attributes:
        teacher: the secret of the teacher's link.
        token: what pupils must know; "" where the server asks for none.
        cookies: 32 bytes that the server signs its cookies with.
    """

    teacher: str
    token: str
    cookies: bytes

    @classmethod
    def made(cls, token: str) -> "Keys":
        return cls(secrets.token_urlsafe(18), token, secrets.token_bytes(32))


def journal_path(port: int) -> Path:
    """Where the class of the server on this port is kept while it runs."""
    return data_dir() / "user" / "class" / f"{port}.jsonl"


class Journal:
    """The file of one class. Not for two threads at once."""

    def __init__(self, path: Path):
        self.path = path

    def begin(self, keys: Keys) -> None:
        """A new class. Raises MdpError where it cannot be written."""
        with _sentence(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.unlink(missing_ok=True)
            # It holds keys and names: nobody else on this machine reads it.
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        cookies = base64.b64encode(keys.cookies).decode()
        self.append([{"event": "open", "at": time.time(), "teacher": keys.teacher, "token": keys.token,
                      "cookies": cookies}])  # fmt: skip

    def append(self, events: Iterable[Event]) -> list[int]:
        """Write events, all or none, and return the bytes of each once they are on the disk. Raises
        MdpError."""
        lines = [json.dumps(e, ensure_ascii=False, allow_nan=False).encode() + b"\n" for e in events]
        with _sentence(self.path), self.path.open("r+b") as file:
            end = file.seek(0, os.SEEK_END)
            try:
                file.write(b"".join(lines))
                file.flush()
                os.fsync(file.fileno())
            except OSError:  # what was begun is taken back
                with contextlib.suppress(OSError):
                    os.ftruncate(file.fileno(), end)
                raise
        return [len(line) for line in lines]

    def read(self) -> tuple[Keys, Room] | None:
        """The class as it was, and the file without the half line at its end; None where there is none.

        Raises:
            MdpError: there is a file, and it cannot be read.
        """
        with _sentence(self.path):
            try:
                raw = self.path.read_bytes()
            except FileNotFoundError:
                return None
            whole = raw[: raw.rfind(b"\n") + 1]
            if len(whole) < len(raw):
                with self.path.open("r+b") as file:
                    file.truncate(len(whole))
                    os.fsync(file.fileno())
        first, *lines = whole.split(b"\n") if whole else [b""]
        keys, room = _keys(_parsed(first)), Room()
        if keys is None:
            return None
        for line in lines:
            event = _parsed(line)
            if event is not None and _is_event(event):
                room.apply(event, len(line) + 1)
        return keys, room

    def delete(self) -> None:
        """End of class: nothing of it stays."""
        with _sentence(self.path):
            self.path.unlink(missing_ok=True)

    def discard_forgotten(self, now: float) -> None:
        """Delete the classes here in which nothing has happened for `FORGOTTEN` hours; those that can be."""
        for path in self.path.parent.glob("*.jsonl"):
            with contextlib.suppress(OSError):
                if now - path.stat().st_mtime > FORGOTTEN * 3600:
                    path.unlink()


def _parsed(line: bytes) -> dict[str, Any] | None:
    """The object on a line; None for what no page can be told: NaN, half a character, endless numbers."""
    try:
        event = json.loads(line, parse_constant=_refused)
        json.dumps(event, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def _refused(word: str) -> float:
    raise ValueError(word)


def _keys(event: dict[str, Any] | None) -> Keys | None:
    try:
        if event is None or event["event"] != "open":
            return None
        keys = Keys(event["teacher"], event["token"], base64.b64decode(event["cookies"]))
    except (KeyError, TypeError, ValueError):
        return None
    return (
        keys
        if isinstance(keys.teacher, str) and len(keys.teacher) >= 16 and isinstance(keys.token, str)
        else None
    )


def _is_event(event: dict[str, Any]) -> bool:
    """Whether a line is one that `Room` has made; a damaged one is passed over."""
    name = event.get("event")
    fields = _FIELDS.get(name) if isinstance(name, str) else None
    if fields is None or not _is_number(event.get("at"), 1e15):
        return False
    if not all(isinstance(event.get(name), kind) for name, kind in fields.items()):
        return False
    try:
        if name == "join":
            return clean(event["nickname"]) == event["nickname"]
        if name == "answer":
            read_answer(event)
            return _is_number(event["points"], MOST_POINTS)
    except Refused:
        return False
    if name not in ("pace", "reveal"):
        return True
    step = event.get("step", "")
    return (step is None and name == "pace") or (type(step) is int and step in STEPS)


def _is_number(value: Any, most: float) -> bool:
    return type(value) in (int, float) and abs(value) <= most


@contextlib.contextmanager
def _sentence(path: Path):
    try:
        yield
    except OSError as error:
        raise MdpError(
            f"The class cannot be kept in {path}: {error.strerror}. Free some space there, or choose another "
            "folder with MDP_DATA."
        ) from None
