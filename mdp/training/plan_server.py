"""Plans measured on request, one JSON object a line: a warm process that a page keeps while it is open.

A request is {"id": 1, "choices": {dim: kept}, "removed": [block], "method": "exact"}; a dim left out keeps
its units. The answer is {"id": 1, "accuracy": {...}} or {"id": 1, "error": "a sentence"}. A newer request, or
{"cancel": true}, stops the one that runs. The process ends with its input, or with the one that started it.
"""

import json
import os
import select
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TextIO

from ..core.errors import Cancelled, MdpError
from ..core.plan_accuracy import entry_of, known_of
from ..core.problem import Problem
from ..core.progress import Reporter

if TYPE_CHECKING:  # it brings torch, which takes seconds: who is not wanted any more should end before
    from .plan_meter import PlanMeter

# Seconds between two looks at whether the parent lives. Its death ends the input, too, but what is being
# measured then would be finished first.
LOOK = 0.5
NEWER = "Stopped: a newer request came."


class Inbox:
    """The newest request, read from `lines` by a thread of its own; `reply(request, **answer)` tells those
    that are no request, or that a newer one came before."""

    def __init__(self, lines: Iterable[str], reply: Callable[..., None]):
        self._lines, self._reply, self._changed = lines, reply, threading.Condition()
        self._newest: dict[str, Any] | None = None
        self._count = 0
        self.ended = False

    def start(self) -> "Inbox":
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def _read(self) -> None:
        try:
            for line in self._lines:
                if line.strip():
                    self._put(_parsed(line))
        except (OSError, ValueError):  # the pipe broke, or is no text: as if it had ended
            pass
        with self._changed:
            self.ended = True
            self._changed.notify()

    def _put(self, request: dict[str, Any]) -> None:
        if "error" in request:
            return self._reply({}, error=request["error"])
        with self._changed:
            passed = self._newest
            self._newest = None if request.get("cancel") is True else request
            self._count += 1
            self._changed.notify()
        if passed is not None:
            self._reply(passed, error=NEWER, cancelled=True)

    def take(self, *, wait: bool = True) -> tuple[int, dict[str, Any]] | None:
        """(number, request): wait for the newest; None at the end of the input, when all is answered."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self.ended or not wait)
            if self._newest is None:
                return None
            request, self._newest = self._newest, None
            return self._count, request

    def newer_than(self, number: int) -> bool:
        """Whether something came since that request was taken."""
        return self._count != number


def serve(make: "Callable[[], PlanMeter]", lines: Iterable[str], out: TextIO) -> None:
    """Answer requests until the input ends.

    Raises:
        MdpError: the study cannot be measured at all; who asked meanwhile has been told.
    """
    speaking = threading.Lock()

    def reply(request: dict[str, Any], **what: Any) -> None:
        with speaking:
            print(json.dumps({"id": request.get("id"), **what}, allow_nan=False), file=out, flush=True)

    inbox = Inbox(lines, reply).start()
    leave_with_parent(out)
    try:
        meter = make()
    except MdpError as error:
        if (taken := inbox.take(wait=False)) is not None:
            reply(taken[1], error=str(error))
        raise
    while (taken := inbox.take()) is not None:
        number, request = taken
        report = Reporter(lambda number=number: inbox.newer_than(number))
        reply(request, **answered(meter, request, report))


def answered(meter: "PlanMeter", request: dict[str, Any], report: Reporter) -> dict[str, Any]:
    """The answer to one request: `accuracy`, or an `error` in a sentence."""
    try:
        choices, removed = asked(meter.study.problem, request)
        one = meter.measure(choices, removed, method=str(request.get("method") or "exact"), report=report)
    except Cancelled:
        return {"error": NEWER, "cancelled": True}
    except MdpError as error:
        return {"error": str(error)}
    except (ArithmeticError, LookupError, MemoryError, RuntimeError, TypeError, ValueError) as error:
        return {"error": f"This plan could not be measured ({type(error).__name__}: {error})."}
    return {"accuracy": {**entry_of(one), **known_of(one).to_json(), "dense": meter.dense}}


def asked(problem: Problem, request: dict[str, Any]) -> tuple[dict[str, int | None], tuple[str, ...]]:
    """The choice of a request, dims that it leaves out dense. Raises MdpError for what is no choice."""
    choices, removed = request.get("choices", {}), request.get("removed", [])
    if not isinstance(choices, dict) or not all(v is None or type(v) is int for v in choices.values()):
        raise MdpError("`choices` must give a whole number, or null, for each dim by its name.")
    if not isinstance(removed, list) or not all(isinstance(name, str) for name in removed):
        raise MdpError("`removed` must be a list of names of blocks.")
    strange = next((name for name in choices if name not in problem.dim), None)
    if strange is not None:
        raise MdpError(f"The study has no dim {strange!r}.")
    fixed = next((n for n in removed if n in problem.block and not problem.block[n].removable), None)
    if fixed is not None:
        raise MdpError(f"Block {fixed!r} cannot be removed.")
    whole = {**problem.dense_choices, **choices}
    problem.evaluate(whole, removed)
    return whole, tuple(dict.fromkeys(removed))


def leave_with_parent(out: TextIO) -> None:
    """End this process soon after its parent died or nobody reads what it says, whatever it is doing."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent and not unread(out):
            time.sleep(LOOK)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def unread(out: TextIO) -> bool:
    """Whether the other end of a pipe is closed: a parent may have died before anybody looked."""
    try:
        poll = select.poll()
        poll.register(out.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (AttributeError, OSError, ValueError):  # no pipe, or no such system call here
        return False


def _parsed(line: str) -> dict[str, Any]:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        request = None
    if isinstance(request, dict):
        return request
    return {"id": None, "error": 'This line is no request: write {"id": 1, "choices": {}, "removed": []}.'}
