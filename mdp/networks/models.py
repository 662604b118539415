"""Dense models: the networks whose weights come with the project, and any timm architecture.

Nothing is downloaded unless "pretrained" is asked for.
"""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import MdpError, first_line
from ..core.files import read_json
from ..core.model_ref import MEMORY, ModelRef
from ..core.near import did_you_mean
from .demo_parts import shaped
from .demos import DEMOS, PUBLIC, SHIPPED_MODELS, Demo, demo_path
from .factories import is_own, make
from .heads import classes_in, classifiers, load
from .hub import hub
from .model_input import check_patches, checked_size, side
from .same_numbers import same_numbers
from .size_check import check_size
from .torchvision_models import build, is_torchvision
from .torchvision_models import config as torchvision_config

__all__ = [
    "DEMOS",
    "PUBLIC",
    "SHIPPED_MODELS",
    "DataConfig",
    "Demo",
    "accuracy_of",
    "create",
    "data_config",
    "demo_path",
    "own_size",
    "resolve",
]

if TYPE_CHECKING:
    from torch import nn

# Arguments that make timm.create_model open or fetch files: no study or architecture file may give them.
OPENING = ("pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path", "cache_dir")
# What a ModelRef says in fields of its own.
SAID = {"num_classes": "the classes", "in_chans": "the channels of the input size", "model_name": "the name"}


@dataclass(frozen=True)
class DataConfig:
    """How a model wants its images: pixels in 0..1, then (x - mean) / std per channel."""

    input_size: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str = "bicubic"
    crop_pct: float = 1.0


def resolve(
    name: str,
    weights: str | os.PathLike | None = None,
    *,
    classes: int | None = None,
    input_size: tuple[int, int, int] | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> ModelRef:
    """Say exactly which model is meant; `create` builds it.

    Args:
        name: a name in DEMOS, or a timm architecture, with or without a pretrained tag.
        weights: "demo" (shipped with the project), "pretrained" (timm's, from its hub), "none", or the path
            of a safetensors checkpoint. By default SHIPPED_MODELS come trained and all others untrained.
        classes: width of the classifier; by default that of the weights. Of another width it is a new one,
            untrained; 0 is none.
        input_size: (channels, height, width); by default the model's own.
        arguments: for timm.create_model, beyond these.

    Raises:
        MdpError: the name is unknown (near names are offered), the weights do not exist for it, or no such
            model can be built: timm refuses an argument, or patches do not divide the input size.
        BadFile: the checkpoint is missing or not safetensors.
    """
    arguments = dict(arguments or {})
    _check_arguments(name, arguments)
    weights = str(weights) if weights is not None else ("demo" if name in SHIPPED_MODELS else "none")
    if name in DEMOS:
        demo = DEMOS[name]
        if weights == "demo" and name not in SHIPPED_MODELS:
            raise MdpError(
                f"{name} has no weights here yet: python -m mdp train {name} --data FOLDER makes them. Or "
                "use the weights none, or a safetensors checkpoint."
            )
        if weights == "pretrained":
            raise MdpError(f'{name} is trained by this project, not by timm: use its weights "demo".')
        base_classes, fixed = demo.classes, "img_size" in demo.arguments
        found = _timm_config(demo.base)
    else:
        found = _timm_config(name)
        if weights == "pretrained" and is_torchvision(name):
            raise MdpError(
                f"{name} comes without weights here. Save its state dict as safetensors and give the path."
            )
        if weights == "demo" and name not in PUBLIC:
            raise MdpError(
                f"No weights of {name} come with the project; those of {', '.join(SHIPPED_MODELS)} do. Use "
                "the weights pretrained, none, or a safetensors checkpoint."
            )
        base_classes, fixed = found.num_classes, found.fixed_input_size
    size = checked_size(input_size, name) if input_size else own_size(name, arguments)
    if size[1:] != own_size(name)[1:] and fixed:
        arguments.setdefault("img_size", list(size[1:]))
    if weights not in ("demo", "pretrained", "none"):
        base_classes = classes_in(Path(weights), classifiers(found)) or base_classes
    if classes is not None and (type(classes) is not int or not 0 <= classes < 2**31):
        raise MdpError(f"{classes} classes make no sense; give a whole number, or 0 for no classifier.")
    new_head = weights != "none" and classes not in (None, 0, base_classes)
    classes = base_classes if classes is None else classes
    ref = ModelRef(name, weights, size, int(classes), arguments, new_head)
    if input_size or arguments:
        shapes_of(ref)  # says at once what cannot be built
    return ref


def own_size(name: str, arguments: Mapping[str, Any] | None = None) -> tuple[int, int, int]:
    """(channels, height, width) that a model takes unless asked otherwise. Raises MdpError."""
    own = DEMOS[name].input_size if name in DEMOS else tuple(_timm_config(name).input_size)
    asked = (arguments or {}).get("img_size")
    return own if asked is None else (own[0], *side(asked, name))


def _check_arguments(name: str, arguments: Mapping[str, Any]) -> None:
    """Raise MdpError for arguments of timm's that would open files, or that are said otherwise."""
    if asked := [key for key in OPENING if key in arguments]:
        raise MdpError(
            f"The argument {asked[0]!r} of {name} would open files on its own. Leave it out and give the "
            "checkpoint as the weights."
        )
    if asked := [key for key in SAID if key in arguments]:
        raise MdpError(f"The argument {asked[0]!r} of {name} is said by {SAID[asked[0]]}. Leave it out.")


def create(ref: ModelRef, *, load_weights: bool = True) -> "nn.Module":
    """Build a model in eval mode, float32, on the CPU. Untrained weights are the same on every call.

    Raises:
        MdpError: timm does not know the name or cannot build it, or its weights are not at hand.
        BadFile: the checkpoint is damaged or of another architecture.
    """
    import timm

    if is_own(ref):
        return make(ref, load_weights=load_weights)
    demo = DEMOS.get(ref.name)
    if demo is None:
        _timm_config(ref.name)  # a name out of a file may be anything, also the address of a hub
    _check_arguments(ref.name, ref.arguments)
    if load_weights and ref.weights == MEMORY:
        raise MdpError(
            f"The weights of {ref.name} were held in memory when this was made, and no file has them. Use "
            "mdp.prunable(model) with the model itself, make the study from a safetensors checkpoint, or "
            "name the function that makes it: --factory package.module:function, or FILE.py:function."
        )
    check_size(ref, create)
    arguments = {**(demo.arguments if demo else {}), **ref.arguments}
    pretrained = load_weights and ref.weights == "pretrained"
    with same_numbers(), hub() if pretrained else contextlib.nullcontext():
        try:
            if is_torchvision(ref.name):
                model = build(ref.name, ref.classes, ref.input_size[0], arguments)
            else:
                model = timm.create_model(
                    demo.base if demo else ref.name,
                    pretrained=pretrained,
                    num_classes=ref.classes,
                    in_chans=ref.input_size[0],
                    **arguments,
                )
            if demo:
                shaped(model, demo)
        except MdpError:
            raise
        except Exception as error:
            if pretrained:
                raise MdpError(
                    f"The pretrained weights of {ref.name} could not be fetched ({first_line(error)}). "
                    "Connect to the network once, give a safetensors checkpoint, or use the weights none."
                ) from None
            library = "torchvision" if is_torchvision(ref.name) else "timm"
            raise MdpError(
                f"{library} cannot build {ref.name} with {arguments}: {first_line(error)}."
            ) from None
    settings = {} if "patch_size" in arguments and not demo else getattr(model, "pretrained_cfg", {})
    own = settings.get("input_size") or ()
    check_patches(model, ref.name, ref.input_size, own)
    if load_weights and ref.weights not in ("pretrained", "none"):
        path = demo_path(ref.name) if ref.weights == "demo" else Path(ref.weights)
        load(model, path, ref.name, other_head=ref.new_head or not ref.classes)
    return model.float().eval()


def shapes_of(ref: ModelRef) -> "nn.Module":
    """A model without its memory, on torch's meta device; where it computes with numbers while it is built,
    the model itself, untrained.

    Raises:
        MdpError: as `create`.
    """
    import torch

    if is_own(ref):  # a stranger's code is run as it is meant to be
        return create(ref, load_weights=False)
    try:
        with torch.device("meta"):
            return create(ref, load_weights=False)
    except MdpError:
        return create(ref, load_weights=False)


def accuracy_of(ref: ModelRef) -> dict[str, Any] | None:
    """{"dense": share of test images right, "dataset", "images"} of a demo network as shipped, else None."""
    as_shipped = ref.name in DEMOS and (ref.input_size, ref.classes, dict(ref.arguments)) == (
        DEMOS[ref.name].input_size,
        DEMOS[ref.name].classes,
        {},
    )
    if ref.weights != "demo" or not as_shipped or not demo_path(ref.name, ".json").is_file():
        return None
    card = read_json(demo_path(ref.name, ".json"), "card")
    return {"dense": card["accuracy"], "dataset": card["dataset"], "images": card["test_images"]}


def data_config(ref: ModelRef) -> DataConfig:
    """How this model wants its images (timm's own settings, the demo's, or what a factory's network says)."""
    if ref.name in DEMOS:
        demo = DEMOS[ref.name]
        return DataConfig(ref.input_size, demo.mean, demo.std)
    own = _own_config(ref) if is_own(ref) else _timm_config(ref.name)
    return DataConfig(
        ref.input_size,
        _per_channel(own.mean, ref.input_size[0]),
        _per_channel(own.std, ref.input_size[0]),
        own.interpolation,
        own.crop_pct,
    )


def _own_config(ref: ModelRef):
    """What a network of a factory says in `pretrained_cfg`, as timm's do; else ImageNet's normalisation, and
    nothing cut off: 32-pixel pictures scaled up and cropped, as timm does with photographs, are others."""
    from timm.models import PretrainedCfg

    said = getattr(make(ref, load_weights=False), "pretrained_cfg", None) or {}
    known = ("mean", "std", "interpolation", "crop_pct")
    return PretrainedCfg(**{"crop_pct": 1.0, **{key: said[key] for key in known if key in said}})


_OWN = " On the command line, --factory FILE.py:function names a function that makes a network of your own."


def _timm_config(name: str):
    if is_torchvision(name):
        return torchvision_config(name)
    import timm
    from timm.models import PretrainedCfg

    base = name.split(".")[0]
    if not timm.is_model(base):
        hint = did_you_mean(base, [*DEMOS, *timm.list_models()], 3)
        hint = _OWN if name.endswith(".py") or name.partition(":")[2].isidentifier() else hint
        raise MdpError(
            f"There is no model {name!r}: it is neither a demo network nor a name that timm knows.{hint}"
        )
    try:
        config = timm.get_pretrained_cfg(name, allow_unregistered=True)
    except RuntimeError:
        tag = name[len(base) + 1 :]
        raise MdpError(f"timm knows {base}, but not the weights tag {tag!r}. Leave the tag out.") from None
    return config or PretrainedCfg()  # an architecture that timm has no settings for gets the usual ones


def _per_channel(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    return tuple(values) if len(values) == channels else (sum(values) / len(values),) * channels
