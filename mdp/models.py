"""Dense models: the networks whose weights come with the project, and any timm architecture.

Nothing is downloaded unless "pretrained" is asked for.
"""

import contextlib
import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import MdpError, first_line
from .files import read_json
from .paths import SHIPPED
from .study import ModelRef

if TYPE_CHECKING:
    from torch import nn

# Mean and standard deviation of the 60 000 training images, pixels in 0..1.
FASHION_MEAN, FASHION_STD = (0.2860,), (0.3530,)
# How long the hub of timm's weights may take to answer.
HUB_SECONDS = 3
# Arguments that make timm.create_model open or fetch files: no study or architecture file may give them.
OPENING = ("pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path", "cache_dir")


@dataclass(frozen=True)
class Demo:
    """A network trained by this project: a timm architecture with keyword arguments.

    Attributes:
        base: timm's name of the architecture.
        full_stem: whether the stem keeps the resolution (stride 1, no pooling), as small images need; timm's
            ResNet has no argument for that, so `create` sets it on the built model.
    """

    base: str
    input_size: tuple[int, int, int]
    classes: int
    arguments: Mapping[str, Any]
    full_stem: bool = False
    mean: tuple[float, ...] = FASHION_MEAN
    std: tuple[float, ...] = FASHION_STD


DEMOS = {
    "fmnist_resnet": Demo(
        "resnet18",
        (1, 28, 28),
        10,
        {"stem_type": "deep", "stem_width": 8, "channels": (16, 32, 64, 128)},
        full_stem=True,
    ),
    "fmnist_vit": Demo(
        "vit_tiny_patch16_224",
        (1, 28, 28),
        10,
        {"img_size": 28, "patch_size": 7, "embed_dim": 128, "depth": 6, "num_heads": 8},
    ),
}

# timm architectures whose public ImageNet weights come with the project (data/models, made by mdp/lite0.py).
PUBLIC = ("tf_efficientnet_lite0",)
# All whose weights "demo" exist.
SHIPPED_MODELS = (*DEMOS, *PUBLIC)


@dataclass(frozen=True)
class DataConfig:
    """How a model wants its images: pixels in 0..1, then (x - mean) / std per channel."""

    input_size: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str = "bicubic"
    crop_pct: float = 1.0


def demo_path(name: str, suffix: str = ".safetensors") -> Path:
    """Where a shipped network's checkpoint (or, with ".json", its card) is kept."""
    return SHIPPED / "models" / f"{name}{suffix}"


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
        classes: width of the classifier; by default that of the weights.
        input_size: (channels, height, width); by default the model's own.

    Raises:
        MdpError: the name is unknown (near names are offered) or the weights do not exist for it.
        BadFile: the checkpoint is missing or not safetensors.
    """
    arguments = dict(arguments or {})
    weights = str(weights) if weights is not None else ("demo" if name in SHIPPED_MODELS else "none")
    if name in DEMOS:
        demo = DEMOS[name]
        if weights == "pretrained":
            raise MdpError(f'{name} is trained by this project, not by timm: use its weights "demo".')
        input_size, base_classes = input_size or demo.input_size, demo.classes
    else:
        config = _timm_config(name)
        if weights == "demo" and name not in PUBLIC:
            raise MdpError(
                f"No weights of {name} come with the project; those of {', '.join(SHIPPED_MODELS)} do. Use "
                "the weights pretrained, none, or a safetensors checkpoint."
            )
        base_classes = config.num_classes
        own = tuple(config.input_size)
        if input_size and tuple(input_size)[1:] != own[1:] and config.fixed_input_size:
            arguments.setdefault("img_size", list(input_size[1:]))
        input_size = input_size or own
    if weights not in ("demo", "pretrained", "none"):
        base_classes = _classes_in(Path(weights), name) or base_classes
    return ModelRef(name, weights, tuple(int(n) for n in input_size), int(classes or base_classes), arguments)


def create(ref: ModelRef, *, load_weights: bool = True) -> "nn.Module":
    """Build a model in eval mode, float32, on the CPU. Untrained weights are the same on every call.

    Raises:
        MdpError: timm does not know the name or cannot build it, or its weights are not at hand.
        BadFile: the checkpoint is damaged or of another architecture.
    """
    import timm
    import torch
    from torch import nn

    demo = DEMOS.get(ref.name)
    if demo is None:
        _timm_config(ref.name)  # a name out of a file may be anything, also the address of a hub
    if asked := [name for name in OPENING if name in ref.arguments]:
        raise MdpError(
            f"The argument {asked[0]!r} of {ref.name} would open files on its own. Leave it out and give the "
            "checkpoint as the weights."
        )
    arguments = {**(demo.arguments if demo else {}), **ref.arguments}
    pretrained = load_weights and ref.weights == "pretrained"
    with torch.random.fork_rng(devices=[]), _hub() if pretrained else contextlib.nullcontext():
        torch.manual_seed(0)
        try:
            model = timm.create_model(
                demo.base if demo else ref.name,
                pretrained=pretrained,
                num_classes=ref.classes,
                in_chans=ref.input_size[0],
                **arguments,
            )
        except Exception as error:
            if pretrained:
                raise MdpError(
                    f"The pretrained weights of {ref.name} could not be fetched ({first_line(error)}). "
                    "Connect to the network once, give a safetensors checkpoint, or use the weights none."
                ) from None
            raise MdpError(f"timm cannot build {ref.name} with {arguments}: {first_line(error)}.") from None
    if demo and demo.full_stem:
        model.conv1[0].stride = (1, 1)
        model.maxpool = nn.Identity()
    if load_weights and ref.weights not in ("pretrained", "none"):
        _load(model, demo_path(ref.name) if ref.weights == "demo" else Path(ref.weights), ref.name)
    return model.float().eval()


@contextlib.contextmanager
def _hub():
    """Where timm's hub is out of reach, use what is cached of it: its own retries would take a minute."""
    from huggingface_hub import constants
    from huggingface_hub.utils import get_session

    offline = constants.HF_HUB_OFFLINE
    try:
        if not offline:
            get_session().head(constants.ENDPOINT, timeout=HUB_SECONDS)
    except Exception:  # of whichever client library the hub uses
        constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = offline


def accuracy_of(ref: ModelRef) -> dict[str, Any] | None:
    """{"dense": share of test images right, "dataset", "images"} of a demo network as shipped, else None."""
    if ref.weights != "demo" or ref.name not in DEMOS or not demo_path(ref.name, ".json").is_file():
        return None
    card = read_json(demo_path(ref.name, ".json"), "card")
    return {"dense": card["accuracy"], "dataset": card["dataset"], "images": card["test_images"]}


def data_config(ref: ModelRef) -> DataConfig:
    """How this model wants its images (timm's own settings, or the demo's)."""
    if ref.name in DEMOS:
        demo = DEMOS[ref.name]
        return DataConfig(ref.input_size, demo.mean, demo.std)
    config = _timm_config(ref.name)
    return DataConfig(
        ref.input_size,
        _per_channel(config.mean, ref.input_size[0]),
        _per_channel(config.std, ref.input_size[0]),
        config.interpolation,
        config.crop_pct,
    )


def _timm_config(name: str):
    import timm
    from timm.models import PretrainedCfg

    base = name.split(".")[0]
    if not timm.is_model(base):
        near = difflib.get_close_matches(base, [*DEMOS, *timm.list_models()], n=3)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
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


def _classes_in(path: Path, name: str) -> int | None:
    """Width of the classifier in a checkpoint, where its architecture has a plain one."""
    from .tensors import read_tensors

    state = read_tensors(path)
    head = "fc" if name in DEMOS and "resnet" in name else "head"
    if name not in DEMOS:
        head = _timm_config(name).classifier
    weight = state.get(f"{head}.weight") if isinstance(head, str) else None
    return None if weight is None or weight.ndim != 2 else int(weight.shape[0])


def _load(model: "nn.Module", path: Path, name: str) -> None:
    """Load strictly; nothing is loaded if anything does not fit."""
    from .tensors import check_fit, read_tensors

    state = read_tensors(path)
    check_fit(state, model.state_dict(), path, name)
    model.load_state_dict(state)
