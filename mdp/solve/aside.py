"""Work that cannot be interrupted, in a thread of its own: whoever waits for it stays awake."""

import threading
from collections.abc import Callable
from typing import Any

from .protocol import Clock

POLL = 0.05  # seconds


def aside(work: Callable[[threading.Event], Any], clock: Clock) -> Any:
    """What `work(stop)` returns or raises. Signals, Cancel and the time limit are heeded meanwhile.

    Once the clock raises, `stop` is set and the work is left to end by itself; its answer is lost.

    Raises:
        Cancelled, OutOfTime: from the clock.
    """
    stop, done = threading.Event(), threading.Event()
    answer: dict[str, Any] = {}

    def run() -> None:
        try:
            answer["value"] = work(stop)
        except BaseException as error:
            answer["error"] = error
        finally:
            done.set()

    threading.Thread(target=run, daemon=True, name="mdp-solve").start()
    try:
        while not done.wait(POLL):
            clock()
    except BaseException:
        stop.set()
        raise
    if "error" in answer:
        raise answer["error"]
    return answer["value"]
