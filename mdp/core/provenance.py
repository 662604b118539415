"""Whose weights scores are of, and whether these are the ones in question. No torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import MdpError
from .model_ref import FACTORY, MEMORY, ModelRef

HASH = "weights_hash"
# Weights that are no file's, in words.
KINDS = {
    "none": "untrained weights",
    "demo": "the project's own weights",
    "pretrained": "timm's weights",
    MEMORY: "weights held in memory",
    FACTORY: "the weights that its factory makes",
}


def weights_words(ref: ModelRef) -> str:
    """`model.safetensors`, `the project's own weights`: which weights, for a person."""
    return KINDS.get(ref.weights) or Path(ref.weights).name


def check_weights(
    scored: ModelRef, facts: Mapping[str, Any], asked: ModelRef, content: str | None, source: str
) -> str:
    """Refuse scores of other weights than the ones asked for.

    Args:
        scored, facts: the model that the scores are of, and their provenance.
        asked, content: the model in question, and the hash of its weights as they are now (None: unknown).
        source: names the scores.

    Returns:
        a sentence if nobody can tell (made before the content was noted), else "".

    Raises:
        MdpError: they are of other weights.
    """
    noted = facts.get(HASH)
    known = isinstance(noted, str) and content is not None
    same_place = _place(scored.weights) == _place(asked.weights)
    again = "Score the model anew (mdp score), or give the weights that were scored."
    if known and noted != content:
        if same_place:
            raise MdpError(
                f"The {source} are of other weights: {weights_words(asked)} has changed since they were "
                f"taken. {again}"
            )
        raise MdpError(
            f"The {source} are of {weights_words(scored)} ({scored.weights}), and not of "
            f"{weights_words(asked)} ({asked.weights}). {again}"
        )
    if known:
        return ""
    if not same_place:
        raise MdpError(
            f"The {source} are of {scored.name} with {scored.weights} weights, not of {asked.name} with "
            f"{asked.weights} weights. {again}"
        )
    if asked.weights in KINDS:
        return ""  # of one name there is one set of these
    return (
        f"Not verified: the {source} do not say what {weights_words(asked)} held when they were taken, only "
        "its place. If it was trained on since, score the model anew."
    )


def check_unchanged(facts: Mapping[str, Any], ref: ModelRef, content: str | None, study: str) -> None:
    """Refuse a network whose weights are no longer those that a study's scores were taken of.

    Raises:
        MdpError: they have changed.
    """
    noted = facts.get(HASH)
    if isinstance(noted, str) and content is not None and noted != content:
        raise MdpError(
            f"{weights_words(ref)} ({ref.weights}) has changed since {study!r} was scored: what its plans "
            "keep was chosen for other weights. Put the checkpoint back, or score and build the study anew."
        )


def _place(weights: str) -> str:
    if weights in KINDS:
        return weights
    return str(Path(weights).expanduser().resolve())
