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

# Title and the beginning of the keys of every step, known before any is made.
OUTLINE = (
    ("Why pruned is not faster", "speed"),
    ("Not every cut hurts alike", "scan"),
    ("Latency is a surface, not a line", "surface"),
    ("Narrow blocks, or fewer of them", "blocks"),
    ("The program, its bound and its price", "program"),
    ("What the proof does not prove", "proof"),
)

__all__ = ["OUTLINE", "STEPS", "Step"]
