"""Other ways to choose, to compare the front with: ablations, greedy, random. Computed when first asked for.

They cost seconds on a large network, so they run in a thread that rests while the person moves the slider,
and stops when the study changes or when nobody wants to see them any more.
"""

import threading
import time
from collections.abc import Callable

from traitlets import Dict, HasTraits, Unicode
from traitlets import Tuple as TupleTrait

from mdp.core.errors import MdpError
from mdp.solve.analysis.baseline_lines import Line, lines

from .explorer_state import ExplorerState
from .progressive_front import kernel_loop

# After a move of the slider the thread rests this long: the page comes first.
REST = 0.4


WHAT = ("ablations", "greedy", "random")


class Baselines(HasTraits):
    """Over one ExplorerState: which of WHAT to show, and what was found.

    Traits:
        wanted: of WHAT, in any order. Assigning it starts what is missing and stops what nobody wants.
        found: what -> tuple of Lines, as far as they are there, of the present study.
        computing: of WHAT, the one that is being computed now, or "".
    """

    wanted = TupleTrait()
    found = Dict()
    computing = Unicode("")

    def __init__(self, selection: ExplorerState):
        super().__init__()
        self.selection = selection
        self._stop = threading.Event()
        self._moved = 0.0
        self._done: set[str] = set()
        selection.observe(self._on_study, "study")
        selection.observe(self._on_move, "plan")
        self.observe(self._start, "wanted")

    def shown(self) -> tuple[Line, ...]:
        """The lines that are wanted and there."""
        return tuple(line for what in WHAT if what in self.wanted for line in self.found.get(what, ()))

    def waiting(self) -> tuple[str, ...]:
        """What is wanted and not all there yet, in the order in which it comes."""
        return tuple(what for what in WHAT if what in self.wanted and what not in self._done)

    def stop(self) -> None:
        self._stop.set()
        self.computing = ""

    def _on_move(self, _change) -> None:
        self._moved = time.monotonic()

    def _on_study(self, change) -> None:
        old, new = change["old"], change["new"]
        if old and new and old.problem is new.problem:
            return  # only more is known about it
        self.stop()
        self.found, self._done = {}, set()
        self._start()

    def _start(self, _change=None) -> None:
        """Compute the next of what is wanted; where there is no loop to answer to, all of it at once."""
        if self.computing in self.wanted and self.computing:
            return
        self.stop()
        study = self.selection.study
        what = next(iter(self.waiting()), None)
        if study is None or what is None:
            return
        self.computing = what
        self._stop = stop = threading.Event()
        loop = kernel_loop()

        def tell(act: Callable[[], None]) -> None:
            def if_current() -> None:
                if not stop.is_set():
                    act()

            if loop is None:
                if_current()
            else:
                loop.call_soon_threadsafe(if_current)

        def cancelled() -> bool:
            while loop is not None and not stop.is_set() and time.monotonic() - self._moved < REST:
                time.sleep(0.05)
            return stop.is_set()

        def work() -> None:
            found: list[Line] = []
            try:
                for line in lines(study.problem, what, cancelled):
                    found.append(line)
                    tell(lambda so_far=tuple(found): self._add(what, so_far))
            except MdpError:  # cancelled, or a study that none of this fits: there is no line to show
                pass
            tell(lambda: self._end(what))

        if loop is None:
            work()
        else:
            threading.Thread(target=work, daemon=True).start()

    def _add(self, what: str, found: tuple[Line, ...]) -> None:
        self.found = {**self.found, what: found}

    def _end(self, what: str) -> None:
        self._done.add(what)
        self.computing = ""
        self._start()
