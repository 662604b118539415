"""Scores as a file, `mdp-scores/1`: computed on one machine, built into a study on another. No torch."""

import dataclasses
import os
from pathlib import Path

from .errors import BadFile, MdpError
from .files import read_json, said_format, write_json
from .model_ref import ModelRef, built_as, model_from_json, model_to_json
from .names import slug
from .paths import data_dir
from .provenance import HASH, KINDS
from .scores_json import scores_from_json, scores_to_json
from .study import Scores

FORMAT = "mdp-scores/1"


@dataclasses.dataclass(frozen=True, eq=False)
class SavedScores:
    """Scores with the model that they are of."""

    scores: Scores
    model: ModelRef
    path: Path | None = None


def save_scores(scores: Scores, model: ModelRef, path: str | os.PathLike | None = None) -> Path:
    """Write scores (default: into the user's folder of scores) and return where."""
    if path is None:
        p = scores.provenance
        parts = (model.name, built_as(model), Path(model.weights).stem, p["method"])
        parts += (p.get("dataset", ""), p.get("images", ""))
        if HASH in p and model.weights not in KINDS:
            # Many checkpoints are called model.safetensors, and one is trained on under its name.
            parts += (p[HASH][:8],)
        path = data_dir() / "user" / "scores" / f"{slug(' '.join(str(x) for x in parts if x))}.json"
    return write_json(
        path,
        {"format": FORMAT, "model": model_to_json(model), **scores_to_json(scores)},
    )


def read_scores(path: str | os.PathLike) -> SavedScores:
    """Read saved scores. Raises BadFile, saying what is wrong."""
    path = Path(path)
    data = read_json(path, "file of scores")
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BadFile(f"{path} is not an {FORMAT} file of scores{said_format(data)}.")
    try:
        model = model_from_json(data["model"])
        scores = scores_from_json(data)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadFile(
            f"The scores {path} are damaged: {type(error).__name__} at {error}. Score the model anew."
        ) from None
    return SavedScores(scores, model, path)


def load_scores(path: str | os.PathLike, *, model: str | None = None) -> Scores:
    """The scores in a file, which must be of `model` where that is named.

    Raises:
        BadFile: the file is missing or damaged.
        MdpError: it is of another model.
    """
    saved = read_scores(path)
    if model is not None and saved.model.name != model:
        raise MdpError(
            f"The scores {Path(path).name} are of {saved.model.name}, not of {model}. Score that model, or "
            "choose other scores."
        )
    return saved.scores


def list_scores(model: str | None = None) -> list[SavedScores]:
    """The user's saved scores, newest first, of one model or of all; damaged files are left out."""
    found = []
    folder = data_dir() / "user" / "scores"
    for path in sorted(folder.glob("*.json"), key=lambda p: p.stat().st_mtime, reverse=True):
        try:
            saved = read_scores(path)
        except MdpError:
            continue
        if model is None or saved.model.name == model:
            found.append(saved)
    return found
