"""Networks: `net.extract`, `mdp.finetune`, `mdp.export_onnx`, their commands; `mdp train`, `mdp convert`."""

from dataclasses import dataclass

from .option import Options, option, required
from .shared import MOST_SEED, Images, Made, Model

PLAN = "a plan file, made with this study"
BUDGET = "solve for this budget first: in ms (12.5) or a share of dense (40%)"
SOURCE = "a folder made by `mdp extract`, or a study with --plan or --budget"
RECIPES = {
    "quick": "quick: minutes",
    "thorough": "thorough: tens of minutes",
    "imagenet-cnn": "ImageNet, convolutions: days on GPUs",
    "imagenet-vit": "ImageNet, transformers: days on GPUs",
}
RECIPES_OWN = "the recipe's"
REPAIR_IMAGES = 512  # laid out for a repair, those held out to judge it among them


@dataclass(frozen=True, kw_only=True)
class ConvertOptions(Options, command="convert"):
    """Make a safetensors file of a checkpoint as PyTorch saves it."""

    file: str = required("a checkpoint (.pth, .pt, .bin, .ckpt, .tar), or safetensors", positional=True)
    out: str | None = option(
        None, "where to save it", metavar="FILE", absent="beside it, ending in .safetensors"
    )
    ema: bool = option(False, "take the moving average of the weights, where it has one")
    json: bool = option(False, "print one JSON object")


@dataclass(frozen=True, kw_only=True)
class RotateOptions(Images, Model, command="rotate"):
    """Sort the units of a dense transformer by how much they carry; it computes the same."""

    images: int = option(1024, "training images to look at, without their labels", least=1)
    seed: int = option(0, "which images", least=0, most=MOST_SEED)
    out: str = required("the safetensors file for the rotated weights")


@dataclass(frozen=True, kw_only=True)
class ExtractOptions(Made, Images, command="extract"):
    """Take the pruned network of a plan out of the dense one."""

    study: str = required("a study file, or the name of a study", positional=True)
    plan: str | None = option(None, PLAN, one_of="plan", needed=True)
    budget: str | None = option(None, BUDGET, one_of="plan", needed=True)
    out: str = required("the folder to write model and architecture into")
    repair: bool = option(False, "fit it to the dense network, on a few images, without training", both=True)
    images: int = option(REPAIR_IMAGES, "training images to repair with", least=1)


@dataclass(frozen=True, kw_only=True)
class RepairOptions(Made, Images, command="repair"):
    """Fit a pruned network to the dense one, on a few images, without training."""

    source: str = required(SOURCE, positional=True)
    plan: str | None = option(None, PLAN, one_of="plan")
    budget: str | None = option(None, BUDGET, one_of="plan")
    images: int = option(REPAIR_IMAGES, "training images to repair with", least=1)
    seed: int = option(0, "which images", least=0, most=MOST_SEED)
    out: str = required("folder for the repaired network")
    json: bool = option(False, "print what was done as one JSON object")


@dataclass(frozen=True, kw_only=True)
class TrainOptions(Images, command="train"):
    """Train a network that comes with the project, from scratch."""

    model: str = required("fmnist_vit or fmnist_resnet or cifar_resnet20 or cifar_vit", positional=True)
    epochs: int | None = option(
        None, "passes over the training images in every stage", least=1, absent="the recipe's"
    )
    seed: int = option(0, "of the weights and the order of images", least=0, most=MOST_SEED)
    threads: int | None = option(None, "CPU threads", absent="all it may use", least=1)
    out: str | None = option(None, "folder for checkpoint and card", absent="the project's own")


@dataclass(frozen=True, kw_only=True)
class FinetuneOptions(Made, Images, command="finetune"):
    """Fine-tune a pruned network."""

    source: str = required(SOURCE, positional=True)
    plan: str | None = option(None, PLAN, one_of="plan")
    budget: str | None = option(None, BUDGET, one_of="plan")
    budgets: str | None = option(
        None, "several at once, with commas (60%,40%,25%): a network for each, and for each of --methods",
        one_of="plan", absent="one plan",
    )  # fmt: skip
    methods: str = option(
        "exact", "with --budgets: the solvers whose plans are fine-tuned, with commas (exact,halp)",
        section="a front",
    )  # fmt: skip
    side_by_side: int = option(
        1, "with --budgets: networks at once, as far as cores and memory allow", least=1, section="a front"
    )
    ray: str | None = option(
        None, "with --budgets: train on this Ray cluster (HOST:PORT, ray://HOST:PORT, auto); its nodes find "
        "the study, the images and the output under the same paths", metavar="ADDRESS",
        section="a front", absent="here",
    )  # fmt: skip
    images: int | None = option(None, "training images to use", least=1, absent="all", label="Train on")
    recipe: str = option(
        "quick", "how to train; or the path of a JSON file that says it", choices=RECIPES, closed=False
    )
    epochs: int | None = option(
        None, "passes over the training images; with 0 nothing is trained", least=0, absent=RECIPES_OWN
    )
    batch: int | None = option(None, "images per step and process", least=1, absent=RECIPES_OWN)
    rate: float | None = option(
        None, "the highest learning rate; it warms up and falls to zero", above=0, most=10,
        label="Learning rate", absent=RECIPES_OWN,
    )  # fmt: skip
    decay: float | None = option(None, "weight decay", least=0, most=10, absent=RECIPES_OWN)
    repair: bool = option(True, "first fit pruned layers to dense ones, on a few training images")
    distill: float | None = option(
        None, "share of the loss that is the teacher's answer", least=0, most=1, metavar="SHARE",
        absent=RECIPES_OWN,
    )  # fmt: skip
    teacher: str | None = option(
        None, "a model of timm with weights, of the same classes and image size", absent="the dense network"
    )
    seed: int = option(0, "of the order of images", least=0, most=MOST_SEED)
    tensorboard: bool = option(False, "write the metrics for TensorBoard, too, beside metrics.jsonl")
    out: str | None = option(
        None,
        "folder for the fine-tuned network; needed where it trains; with --budgets a folder of folders",
        absent="the user's networks, with --budgets",
    )
    json: bool = option(False, "print the outcome as one JSON object")


@dataclass(frozen=True, kw_only=True)
class ExportOptions(Made, command="export"):
    """Write a pruned network as ONNX, or a study's tables as CSV."""

    source: str = required("the folder of a pruned network (--onnx), or a study (--csv)", positional=True)
    onnx: str | None = option(None, "write the network to this file", metavar="FILE")
    csv: str | None = option(None, "write the study's tables into this folder", metavar="FOLDER")
