"""The content of a checkpoint as a short hash, so that a path is not taken for what it held before.

Scores, tables and studies keep it as `weights_hash` in their provenance; `mdp.core.provenance` compares.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.model_ref import FACTORY, MEMORY, ModelRef
from ..core.provenance import HASH, check_unchanged
from ..core.study import StudyRecord

if TYPE_CHECKING:
    import torch


def content_at(ref: ModelRef) -> str | None:
    """The hash of the weights that a reference names, as their file holds them now.

    None for weights that are in no file of ours: untrained ones, and timm's, which are the same for one name.
    Those that a factory makes are made to be looked at.

    Raises:
        BadFile: the checkpoint is missing or damaged.
        MdpError: the factory was not named to this process, or fails.
    """
    from .checkpoints import read_tensors
    from .factories import is_own, make
    from .models import demo_path

    if ref.weights in (FACTORY, MEMORY) and is_own(ref):
        return state_hash(make(ref).state_dict())
    if ref.weights in ("none", "pretrained", MEMORY):
        return None
    return state_hash(read_tensors(demo_path(ref.name) if ref.weights == "demo" else Path(ref.weights)))


def state_hash(state: Mapping[str, "torch.Tensor"]) -> str:
    """Of names, shapes and values; the same numbers in another float type have the same hash, as networks are
    built in float32 here."""
    import torch

    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu()
        tensor = tensor.to(torch.float32 if tensor.is_floating_point() else torch.int64)
        digest.update(f"{name} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def noted(ref: ModelRef) -> dict[str, str]:
    """What a provenance says of the weights: their name, and their hash where they have one."""
    content = content_at(ref)
    return {"weights": ref.weights, **({HASH: content} if content else {})}


def refuse_changed(study: StudyRecord) -> None:
    """Raise MdpError if a study's checkpoint is no longer the one that its scores were taken of."""
    if HASH in study.scores.provenance:
        check_unchanged(study.scores.provenance, study.model, content_at(study.model), study.name)
