"""What is expensive and depends on a problem alone is kept with the Problem object, and dies with it."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from ..core.problem import Problem

_lock = threading.RLock()


def kept(problem: Problem, name: str, make: Callable[[], Any]) -> Any:
    """What `make` returned the first time it was asked for under this name."""
    with _lock:
        store = problem.__dict__  # where functools.cached_property keeps its values, too
        if name not in store:
            store[name] = make()
        return store[name]


def kept_few(problem: Problem, name: str, key: Hashable, make: Callable[[], Any], most: int = 8) -> Any:
    """As `kept`, for the last few keys."""
    with _lock:
        few: OrderedDict = kept(problem, name, OrderedDict)
        if key not in few:
            few[key] = make()
            while len(few) > most:
                few.popitem(last=False)
        few.move_to_end(key)
        return few[key]
