"""Options that several operations have: how a model is named, images, a device."""

from dataclasses import dataclass

from ..core.deployment import Deployment
from .option import Options, option

PINS = "what is held fixed, with commas: blocks.3=removed,embedding=96 or blocks.1.mlp=64..256"
DEVICES = {"auto": "the fastest here", "cpu": "CPU", "cuda": "GPU (CUDA)", "mps": "GPU (Apple)"}
FASHION = "fashion-mnist"
MOST_SEED = 2**32 - 1


@dataclass(frozen=True, kw_only=True)
class Made(Options):
    """Which function makes a network of one's own: the only code that is run, and only when it is named."""

    factory: str | None = option(
        None, "the function that makes a network of your own, package.module:function or FILE.py:function; "
        "it is run", metavar="PLACE:FUNCTION",
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Named(Options):
    """A model's name, and whose weights it has."""

    model: str = option(
        "", "a demo network, a timm architecture or torchvision/NAME; with --factory the name to give it, or "
        "nothing", positional=True,
    )  # fmt: skip
    weights: str | None = option(None, "demo, pretrained, none, or the path of a .safetensors checkpoint")


@dataclass(frozen=True, kw_only=True)
class BuiltAs(Made):
    """How a named model is built where it is not as timm builds it; `mdp.cli.model_args` reads the words."""

    input_size: str | None = option(
        None, "size of an image: 224, 224x192 (height x width) or 3x224x192", absent="own", metavar="SIZE",
        label="Image size",
    )  # fmt: skip
    in_chans: str | None = option(
        None, "channels of an image: 1 (grey) or 3", absent="its own", metavar="N", label="Channels"
    )
    classes: str | None = option(
        None, "width of the classifier; other than the weights' it is new, and 0 is none", metavar="N",
        label="Classifier",
    )  # fmt: skip
    arg: tuple[str, ...] = option(
        (), "an argument for timm, as JSON: --arg depth=6 --arg patch_size=7 (again for another)",
        metavar="KEY=VALUE", label="Arguments",
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Model(BuiltAs, Named):
    """A model by its name, and how it is built."""


@dataclass(frozen=True, kw_only=True)
class Apart(Options):
    """Whether a transformer's block is one or two."""

    split_blocks: bool = option(
        False, "let a transformer's attention and MLP be removed apart", formerly=("--halves",)
    )


@dataclass(frozen=True, kw_only=True)
class WidthSteps(Options):
    """How far apart the widths are that are timed."""

    width_step: tuple[str, ...] = option(
        (), "units per step of a kind of dim, or of one dim", metavar="KIND=N", formerly=("--bundle",),
        absent="default", label="Width steps",
    )  # fmt: skip


BESIDE = "limits beside the budget"  # a section of the command's help
AMOUNT = "an amount (12M, 1.2G) or a share of dense (50%)"


@dataclass(frozen=True, kw_only=True)
class Limited(Options):
    """What else a plan may use at most; `mdp.core.resources` reads the words."""

    parameters: str | None = option(None, f"most parameters: {AMOUNT}", metavar="P", section=BESIDE)
    macs: str | None = option(None, f"most multiply-adds of one input: {AMOUNT}", metavar="M", section=BESIDE)
    weight_memory: str | None = option(
        None, "most memory of the weights: 25MB, 24MiB or a share of dense (50%)", metavar="W", section=BESIDE
    )
    activation_memory: str | None = option(
        None, "most memory of activations at once: 12MB, 12MiB or a share of dense (60%)", metavar="A",
        section=BESIDE,
    )  # fmt: skip
    limit: tuple[str, ...] = option(
        (), "the most of another resource that the study or problem file knows (again for another)",
        metavar="NAME=AMOUNT", section=BESIDE,
    )  # fmt: skip
    deployment: tuple[str, ...] = option(
        (), "the latency of another deployment of the study: laptop=30ms is a limit, laptop alone says that "
        "the budget is of it (again for another)",
        metavar="NAME[=AMOUNT]", section=BESIDE,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Images(Options):
    """Which images, and what about those that cannot be read."""

    data: str = option(FASHION, "data set, or folder of class folders of images", label="Images")
    skip_bad: bool = option(
        False, "leave out images that cannot be read, and say which, instead of refusing them",
        label="Bad images", choices={False: "stop and list them", True: "leave them out"},
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Computing(Options):
    """On what to compute where nothing is timed."""

    device: str = option(Deployment.device, "where to compute", choices=DEVICES, closed=False)
