"""The name of a study's measure of quality: accuracy for classifiers, another for other tasks. No torch."""

from typing import Any

from .study import StudyRecord

ACCURACY = "accuracy"
# What `mdp.tasks` measures them by; a test holds them together.
OF_TASK = {"classification": ACCURACY, "match": "agreement", "detection": "mAP"}
_LONGEST = 24


def quality_name(study: StudyRecord) -> str:
    """ "accuracy", "mAP", "agreement" …: as the study's measurements say it, else by the task of its scores.

    >>> from mdp.core.study import load_study
    >>> quality_name(load_study("fmnist-vit-cpu"))
    'accuracy'
    """
    said: Any = (study.accuracy or {}).get("measure")
    if isinstance(said, str) and said.strip():
        return said.strip()[:_LONGEST]
    task = study.scores.provenance.get("task")
    return OF_TASK.get(task, "quality") if isinstance(task, str) else ACCURACY


def is_share(name: str) -> bool:
    """Whether a quality counts inputs that are right, so that an interval follows from their number."""
    return name == ACCURACY
