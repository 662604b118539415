"""Files of a pruned network: its weights, and the JSON that rebuilds it without the dense ones."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..core.errors import BadFile, MdpError
from ..core.file_sets import current, replacing_all
from ..core.files import read_json, said_format, write_json
from ..core.how_found import has_split_blocks
from ..core.model_ref import MEMORY, ModelRef, model_from_json
from ..families import find
from ..networks.checkpoints import check_fit, put_tensors, read_tensors, with_tied
from ..networks.demos import DEMOS
from ..networks.factories import is_own
from ..networks.in_memory import at_rest
from ..networks.memory_check import BYTES_PER_PARAMETER, check_memory
from ..networks.torchvision_models import is_torchvision
from .extract import extract
from .other_picks import refuse_other_picks

FORMAT = "mdp-architecture/1"


def save(model: nn.Module, folder: str | os.PathLike, extra: Mapping[str, Any] | None = None) -> Path:
    """Write an extracted model, fine-tuned or not, into `folder`; returns the folder.

    Args:
        model: from `extract` or `load`; it carries its own description.
        extra: anything for the reader of the JSON, such as the plan or accuracies; kept under "extra".

    Raises:
        MdpError: the model is no extracted one, or the folder cannot be written.
    """
    architecture = getattr(model, "architecture", None)
    if architecture is None:
        raise MdpError(
            "Only a pruned network can be saved: one from net.extract(plan), repair, finetune or load."
        )
    folder = Path(folder)
    tensors = {n: t.detach().cpu().contiguous() for n, t in model.state_dict().items()}
    described = {key: value for key, value in dataclasses.asdict(architecture).items() if value is not None}
    described = {
        "format": FORMAT,
        **described,
        "parameters": sum(p.numel() for p in model.parameters()),
        "extra": dict(extra or {}),
    }
    with replacing_all(folder, ("architecture.json", "model.safetensors")) as (said, weights):
        put_tensors(weights, tensors, {"format": FORMAT}, folder / "model.safetensors")
        write_json(said, described, indent=1)
    return folder


def load(folder: str | os.PathLike, dense: nn.Module | None = None) -> nn.Module:
    """Rebuild a saved network, in eval mode. The dense weights are not needed, and nothing is downloaded.

    Args:
        dense: the dense network, where timm cannot make it by name; it is not changed.

    Raises:
        BadFile: a file is missing, damaged, or not of this network; nothing is half-loaded.
        Unsupported: the architecture is of a family that this version does not know.
    """
    folder = Path(folder)
    path = current(folder, "architecture.json")
    where, data = f"architecture {path}", read_json(path, "architecture")
    ref, choices, removed = _parse(data, where)
    found = find(
        _dense(ref, where) if dense is None else at_rest(dense), ref, split_blocks=has_split_blocks(removed)
    )
    kept = kept_of(data, {d.name: d.units for d in found.space.dims}, where)
    try:
        order = {d.name: _order((kept or {}).get(d.name, ()), d.units) for d in found.space.dims}
        model = extract(found, choices, removed, order)
    except MdpError as error:
        raise BadFile(f"The {where} does not fit the model that it names: {error}") from None
    if dense is not None or is_own(ref):
        refuse_other_picks(data.get("fixed"), model.architecture.fixed, f"The dense network of the {where}")
    model.architecture = dataclasses.replace(model.architecture, kept=kept)
    model.load_state_dict(_weights(current(folder, "model.safetensors"), model), assign=True)
    return model.eval()


def read_architecture(folder: str | os.PathLike) -> dict[str, Any]:
    """The parsed `architecture.json` of a folder, checked; no torch model is built."""
    path = current(folder, "architecture.json")
    data = read_json(path, "architecture")
    _parse(data, f"architecture {path}")
    return data


def _order(kept: Sequence[int], units: int) -> list[int]:
    """The kept units first; of a dim whose kept units are not named, any will do."""
    return [*kept, *(unit for unit in range(units) if unit not in set(kept))]


def _parse(data: Any, source: str) -> tuple[ModelRef, dict[str, int | None], tuple[str, ...]]:
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BadFile(f"The {source} is not an {FORMAT} file{said_format(data)}.")
    try:
        ref = model_from_json(data["model"])
        choices, removed = dict(data["choices"]), tuple(data["removed"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadFile(f"The {source} is damaged: {type(error).__name__} at {error}.") from None
    if any(v is not None and type(v) is not int for v in choices.values()):
        raise BadFile(f"The {source} is damaged: choices must be whole numbers or null.")
    if any(not isinstance(name, str) for name in removed):
        raise BadFile(f"The {source} is damaged: removed must be names of blocks.")
    return ref, choices, removed


def kept_of(
    data: Mapping[str, Any], units: Mapping[str, int], where: str
) -> dict[str, tuple[int, ...]] | None:
    """Which units of the dense network stay, as a file says it; None where it does not.

    Raises:
        BadFile: they are not as many as the file's own choices, or not units of these dims.
    """
    kept = data.get("kept")
    if kept is None:
        return None
    cut = {d: n for d, n in data["choices"].items() if n is not None and n < units.get(d, 0)}
    for dim, width in cut.items():
        named = kept.get(dim) if isinstance(kept, dict) else None
        right = isinstance(named, list) and len(named) == width and all(type(u) is int for u in named)
        if not right or named != sorted(set(named)) or not 0 <= named[0] <= named[-1] < units[dim]:
            raise BadFile(f"The {where} is damaged: kept does not name the {width} units of {dim!r}.")
    return {dim: tuple(kept[dim]) for dim in cut}


def _dense(ref: ModelRef, where: str) -> nn.Module:
    """The dense network, empty: it is made before it is cut."""
    from ..networks.models import create

    if is_own(ref):
        return create(ref, load_weights=False)
    if ref.weights == MEMORY and not _is_named(ref):
        raise BadFile(
            f"The {where} is of a network of your own, {ref.name}, and no code is run for what a file names. "
            "Give the dense network as a module: load(folder, dense=module); its weights are not used. On "
            "the command line, name the function that makes it: --factory FILE.py:function."
        )
    check_memory(f"The dense network of the {where}", _dense_memory(ref), BadFile)
    return create(ref, load_weights=False)


def _is_named(ref: ModelRef) -> bool:
    """Whether a library makes such a network by its name."""
    import timm

    return ref.name in DEMOS or timm.is_model(ref.name.split(".")[0]) or is_torchvision(ref.name)


def _dense_memory(ref: ModelRef) -> float:
    """How many bytes the dense network takes; a file may ask for one of any size."""
    from ..networks.models import create

    with torch.device("meta"):
        return sum(p.numel() for p in create(ref, load_weights=False).parameters()) * BYTES_PER_PARAMETER


def _weights(path: Path, model: nn.Module) -> dict:
    """The tensors of a file if they are exactly those of `model`, in its types, shared as there."""
    expected = model.state_dict()
    tensors = with_tied(read_tensors(path, "file of weights"), expected)
    check_fit(tensors, expected, path, "the network that architecture.json describes", "file of weights")
    parameters = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    made: dict[int, torch.Tensor] = {}

    def own(name: str, tensor: torch.Tensor) -> torch.Tensor:
        if id(tensor) not in made:
            typed = tensor.to(expected[name].dtype)
            trains = name in parameters and typed.is_floating_point()
            made[id(tensor)] = nn.Parameter(typed) if trains else typed
        return made[id(tensor)]

    return {name: own(name, tensor) for name, tensor in tensors.items()}
