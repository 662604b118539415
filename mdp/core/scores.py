"""Scores as a file, `mdp-scores/1`: computed on one machine, built into a study on another. No torch."""

import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np

from .errors import BadFile, MdpError
from .files import read_json, write_json
from .model_ref import ModelRef, built_as, model_from_json, model_to_json
from .paths import data_dir
from .provenance import HASH, KINDS
from .study import Scores, block_constants, slug

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
        {
            "format": FORMAT,
            "model": model_to_json(model),
            "provenance": dict(scores.provenance),
            "order": {dim: np.asarray(order).tolist() for dim, order in scores.order.items()},
            "shares": [
                {"name": name, "block": block, "dim": dim, "values": [float(f"{v:.6g}") for v in values]}
                for name, block, dim, values in scores.shares
            ],
            **({"blocks": dict(scores.blocks)} if scores.blocks else {}),
        },
    )


def read_scores(path: str | os.PathLike) -> SavedScores:
    """Read saved scores. Raises BadFile, saying what is wrong."""
    path = Path(path)
    data = read_json(path, "file of scores")
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BadFile(f"{path} is not an {FORMAT} file of scores.")
    try:
        model = model_from_json(data["model"])
        scores = Scores(
            {dim: np.array(order, dtype=np.int64) for dim, order in data["order"].items()},
            tuple(
                (str(s["name"]), s["block"], str(s["dim"]), np.array(s["values"], dtype=np.float64))
                for s in data["shares"]
            ),
            dict(data["provenance"]),
            block_constants(data),
        )
        _check(scores)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
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


def _check(scores: Scores) -> None:
    def fail(what: str) -> Any:
        raise ValueError(what)

    for dim, order in scores.order.items():
        if sorted(order.tolist()) != list(range(len(order))):
            fail(f"the order of {dim!r}, which must name each unit once")
    for name, _, dim, values in scores.shares:
        if (
            dim not in scores.order
            or values.shape != scores.order[dim].shape
            or not np.isfinite(values).all()
        ):
            fail(f"share {name!r}, which does not fit its dim or holds what is not a number")
    if not all(np.isfinite(value) for value in scores.blocks.values()):
        fail("what a block is worth as a whole, which is not a number")
