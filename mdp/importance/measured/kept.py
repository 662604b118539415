"""What was measured so far, kept beside the user's scores: a run that was stopped goes on from there."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...core.errors import MdpError
from ...core.files import read_json, write_json
from ...core.paths import data_dir
from ...core.study import Scores
from .evaluate import Decision

# Counted up where losses of before are not those of now: what a version before measured is not taken up.
FORMAT = "mdp-measured/2"


class Kept:
    """Losses by decision, and the cheap scores that ranked the units, of one network on certain images.

    Attributes:
        base: the cheap scores, None until they are known.
        losses: what was measured.
    """

    def __init__(self, key: str):
        self.path: Path = data_dir() / "user" / "scores" / "measuring" / f"{key}.json"
        self.base: Scores | None = None
        self.losses: dict[Decision, float] = {}
        if self.path.exists():
            self._read()

    def note(self, decision: Decision, loss: float) -> None:
        """Keep one loss; on disk with the next `save`."""
        self.losses[decision] = loss

    def save(self) -> None:
        """Write all that is known."""
        if self.base is None:
            return
        base = {
            "order": {d: o.tolist() for d, o in self.base.order.items()},
            "shares": [[n, b, d, v.tolist()] for n, b, d, v in self.base.shares],
            "provenance": dict(self.base.provenance),
        }
        losses = [[*decision, loss] for decision, loss in self.losses.items()]
        write_json(self.path, {"format": FORMAT, "base": base, "losses": losses})

    def done(self) -> None:
        """Forget it: the scores are finished."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> None:
        """Take what a file holds; a damaged one is of no use, and everything is measured anew."""
        try:
            data = read_json(self.path)
            base = data["base"]
            scores = Scores(
                {d: np.array(o, dtype=np.int64) for d, o in base["order"].items()},
                tuple((n, b, d, np.array(v, dtype=np.float64)) for n, b, d, v in base["shares"]),
                base["provenance"],
            )
            losses = {(str(w), str(n), int(k)): float(v) for w, n, k, v in data["losses"]}
        except (MdpError, KeyError, TypeError, ValueError, AttributeError):
            return
        self.base, self.losses = scores, losses


def key_of(
    state: Mapping[str, Tensor], images: Tensor, labels: Tensor | None, facts: Mapping[str, Any]
) -> str:
    """A short hash of all that the measurements depend on: weights, images, labels, and `facts` (JSON)."""
    digest = hashlib.sha256(f"{FORMAT} {json.dumps(facts, sort_keys=True, default=str)}".encode())
    tensors = [*(state[name] for name in sorted(state)), images, *([] if labels is None else [labels])]
    for tensor in tensors:
        plain = tensor.detach().cpu()
        plain = plain.float() if plain.is_floating_point() else plain.to(torch.int64)
        digest.update(plain.contiguous().numpy().tobytes())
    return digest.hexdigest()[:20]
