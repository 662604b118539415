"""The end of a measurement, whatever the network is for: scores out of what was measured."""

from collections.abc import Mapping
from typing import Any

from ...core.progress import Reporter
from ...core.space import Space
from ...core.study import Scores
from .encode import encoded
from .kept import Kept
from .losses import tables


def ended(space: Space, kept: Kept, noted: Mapping[str, Any], whole: bool, report: Reporter) -> Scores:
    """Scores with `noted` as their provenance. What was kept on the way goes if the measurement is `whole`;
    else the time limit ended it, and the next run goes on from there."""
    curves, blocks = tables(space, kept.base, kept.losses)
    if whole:
        kept.done()
    else:
        report.message(
            f"The time limit ended the measurement after {len(kept.losses)} networks; what was not measured "
            "follows the cheap score at measured rates. The same command goes on from here."
        )
    return encoded(space, kept.base, curves, blocks, noted)
