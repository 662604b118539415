"""The six steps, in their order: each a pure function from a study to what is said and asked."""

from collections.abc import Callable

from mdp.core.study import StudyRecord

from .blocks import blocks
from .program import program
from .proof import proof
from .scan import scan
from .speed import speed
from .step import Step
from .surface import surface

STEPS: tuple[Callable[[StudyRecord], Step], ...] = (speed, scan, surface, blocks, program, proof)

__all__ = ["STEPS", "Step"]
