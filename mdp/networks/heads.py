"""Checkpoints in a model: loaded strictly, but for a classifier that is to be another one."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn


def classifiers(config: Any) -> tuple[str, ...]:
    """The names of the layers that timm's settings call the classifier: two in a distilled transformer."""
    named = config.get("classifier") if isinstance(config, Mapping) else config.classifier
    return (named,) if isinstance(named, str) else tuple(named or ())


def classes_in(path: Path, heads: tuple[str, ...]) -> int | None:
    """Width of the classifier in a checkpoint, None if it has none that is plain."""
    from .checkpoints import read_tensors
    from .convert import names_for

    state = names_for(read_tensors(path), {f"{head}.weight" for head in heads})
    weight = next((state[f"{head}.weight"] for head in heads if f"{head}.weight" in state), None)
    return None if weight is None or weight.ndim != 2 else int(weight.shape[0])


def load(model: "nn.Module", path: Path, name: str, *, other_head: bool = False) -> None:
    """Load strictly; nothing is loaded if anything does not fit.

    With `other_head` the file's classifier is left where it is, and the model keeps its own, or none.

    Raises:
        BadFile: the file is damaged, or of another architecture.
    """
    from .checkpoints import check_fit, read_tensors, with_tied
    from .convert import names_for

    state, own = read_tensors(path), model.state_dict()
    if set(state) - set(own):  # of a network in a wrapper
        state = names_for(state, own)
    state = with_tied(state, own)
    # Older versions of PyTorch, and other libraries, do not count the batches; nothing here needs the count.
    state |= {k: v for k, v in own.items() if k.endswith(".num_batches_tracked") and k not in state}
    if other_head:
        state = _with_own_head(state, own, classifiers(getattr(model, "pretrained_cfg", {})))
    check_fit(state, own, path, name)
    model.load_state_dict(state)


def _with_own_head(
    state: Mapping[str, "Tensor"], own: Mapping[str, "Tensor"], heads: tuple[str, ...]
) -> dict[str, "Tensor"]:
    def of_head(key: str) -> bool:
        return key.rpartition(".")[0] in heads

    return {
        **{key: tensor for key, tensor in state.items() if not of_head(key)},
        **{key: tensor for key, tensor in own.items() if of_head(key)},
    }
