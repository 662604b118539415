"""The coarse grid of all tables within the time given, or as much of it as that holds.

Without the ends of a table nothing is told of it, so these are measured in any case; its corners come next,
then the rest. How long it will take is said once a few entries are known; where that is too long everything
is read fewer times, and what the time does not hold is inferred. What was measured is kept: a later run, with
more time, goes on.
"""

from collections.abc import Sequence

import numpy as np

from ..core.progress import duration
from .grid import Surface
from .measure import TOGETHER, Run

LABEL = "coarse tables"
# The last entries may take this share of the time given beyond it, rather than be left out.
BEYOND = 0.1


def measure_coarse(run: Run, surfaces: Sequence[Surface]) -> bool:
    """Measure the coarse grid of all tables; False where the time given ended it."""
    ends = dict.fromkeys(key for surface in surfaces for key in surface.ends())
    corners = dict.fromkeys(key for surface in surfaces for key in surface.corners())
    grid = dict.fromkeys(key for surface in surfaces for key in coarse_keys(surface))
    every = list(ends | corners | grid)
    new = [key for key in every if key not in run.known]
    run.measure(new[:: max(1, len(new) // TOGETHER)][:TOGETHER], LABEL)  # what these take says what all take
    cost, beyond = run.cost(every), -BEYOND * run.limit
    if cost > run.left() - beyond:
        run.report.message(
            f"{len(every)} entries are the least for good tables of this network, and take about "
            f"{duration(run.seconds + cost)}; the time given is {duration(run.limit)}. Everything is read "
            "fewer times now, and what does not fit is inferred."
        )
        run.hurry()
    run.measure_new(ends, LABEL)
    run.measure_new(corners, LABEL, beyond)
    run.measure_new(grid, LABEL, beyond)
    missing = [key for key in every if key not in run.known]
    if missing:
        run.report.message(
            f"The time given was used up with {len(every) - len(missing)} of {len(every)} entries "
            "measured; the others are inferred from them, with the error that is said. Another "
            f"{duration(run.cost(missing))} or so would hold them: what is measured is kept, and the next "
            "run goes on."
        )
    return not missing


def coarse_keys(surface: Surface) -> list[str]:
    """The keys of a table's coarse grid, and those drawn to say how well the rest is inferred."""
    return [*surface.level(0), *(surface.keys[i] for i in np.flatnonzero(surface.holdout()))]
