"""Importance of every unit of every dim, on real images: one file a score, and `score` that accumulates them.

    found = mdp.families.find(model, ref)
    scores = score(found, batches, "hessian", report)
    save_scores(scores, ref)

A method is a module with NAME, ABOUT, NEEDS_IMAGES and `units(found) -> Contribution`: what one batch says.
The two in `measured/` have no `units`: they run narrower networks and see what their answers lose.
"""

from ..core.scores import SavedScores, list_scores, load_scores, save_scores
from .accumulate import METHODS, default_method, score
from .measured.measure import AGAINST
from .rescore import rescored

__all__ = [
    "AGAINST",
    "METHODS",
    "SavedScores",
    "default_method",
    "list_scores",
    "load_scores",
    "rescored",
    "save_scores",
    "score",
]
