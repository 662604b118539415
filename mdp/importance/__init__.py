"""Importance of every unit of every dim, on real images: one file a score, and `score` that accumulates them.

    found = mdp.families.find(model, ref)
    scores = score(found, batches, "hessian", report)
    save_scores(scores, ref)

A method is a module with NAME, ABOUT, NEEDS_IMAGES and `units(found) -> Contribution`: what one batch says.
"""

from ..core.scores import SavedScores, list_scores, load_scores, save_scores
from .accumulate import METHODS, default_method, score
from .rescore import rescored

__all__ = [
    "METHODS",
    "SavedScores",
    "default_method",
    "list_scores",
    "load_scores",
    "rescored",
    "save_scores",
    "score",
]
